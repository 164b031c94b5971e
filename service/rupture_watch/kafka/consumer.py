"""Records off topics, for whoever only looks: ``tail``, summaries, tests. No group, no commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from rupture_watch.failures import Misconfigured
from rupture_watch.kafka.admin import Admin
from rupture_watch.kafka.connection import connection_arguments
from rupture_watch.kafka.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from rupture_watch.settings import KafkaSettings

WAIT = 200
"""Milliseconds for which an empty fetch waits; bounds how late an end is noticed."""


class Seen(NamedTuple):
    """One record; ``timestamp`` in milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, record: Any) -> Self:
        """Return what matters of the client's own record."""
        return cls(
            record.topic,
            record.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            tuple(record.headers),
        )


class MissingTopic(Misconfigured):
    """A topic to read does not exist; the line names it and the remedy. Exit code 78."""


class EventConsumer(Session):
    """Reads every partition of some topics, each from its beginning or its end.

    The order is that of each partition; between partitions there is none.

    Args:
        kafka: how to connect.
        topics: names; all must exist.
        from_beginning: else only what is written from now on.
        committed: only what no transaction has left open or taken back.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: Sequence[str],
        *,
        from_beginning: bool,
        committed: bool = False,
    ) -> None:
        client = AIOKafkaConsumer(
            *topics,  # without a group: every partition of them
            **connection_arguments(kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest" if from_beginning else "latest",
            isolation_level="read_committed" if committed else "read_uncommitted",
        )
        super().__init__(kafka, client)
        self._topics = topics

    async def _open(self) -> None:
        await check_topics(self._kafka, self._topics)
        await super()._open()
        for partition in self._client.assignment():  # settled before anybody writes more
            await self._client.position(partition)

    async def follow(self) -> AsyncGenerator[Seen, None]:
        """Yield records as they come, without end."""
        while True:
            for record in await self._fetch():
                yield record

    async def up_to_now(self) -> AsyncGenerator[Seen, None]:
        """Yield what had been written when this was asked for, then stop."""
        ends = await self.end_offsets()
        while await self._behind(ends):
            for record in await self._fetch():
                if record.offset < ends[record.topic, record.partition]:
                    yield record

    async def end_offsets(self) -> dict[tuple[str, int], int]:
        """Return the offset that the next record of each partition will have."""
        ends = await self._client.end_offsets(list(self._client.assignment()))
        return {(tp.topic, tp.partition): offset for tp, offset in ends.items()}

    async def _behind(self, ends: dict[tuple[str, int], int]) -> bool:
        for (topic, number), end in ends.items():
            if await self._client.position(TopicPartition(topic, number)) < end:
                return True
        return False

    async def _fetch(self, most: int | None = None) -> list[Seen]:
        try:
            fetched = await self._client.getmany(timeout_ms=WAIT, max_records=most)
        except KafkaError as error:
            raise self._gone(error) from error
        return [Seen.of(record) for records in fetched.values() for record in records]


async def check_topics(
    kafka: KafkaSettings, topics: Iterable[str], *, group: str = "", limit: float = 30.0
) -> None:
    """Look first: a client waits for a topic that is not there, or a group that it may not join.

    ``limit``: seconds, as :class:`Admin`'s ``timeout``.

    Raises:
        MissingTopic: one does not exist.
        NotAdmitted: the group may not be joined.
        Unreachable: the cluster does not answer.
    """
    async with Admin(kafka, timeout=limit) as admin:
        existing = await admin.topics()
        if group:
            await admin.members(group)
    for topic in topics:
        if topic not in existing:
            raise MissingTopic(f"{topic} is missing: run `rupture-watch topics create`")
