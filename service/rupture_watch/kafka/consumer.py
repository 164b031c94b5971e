"""Records off topics, for whoever only looks: ``tail``, summaries, tests. No group, no commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from rupture_watch.failures import Misconfigured
from rupture_watch.kafka.admin import Admin, Unreachable
from rupture_watch.kafka.connection import connection_arguments

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from types import TracebackType

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


class MissingTopic(Misconfigured):
    """A topic to read does not exist; the line names it and the remedy. Exit code 78."""


class EventConsumer:
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
        self._kafka = kafka
        self._topics = topics
        self._client = AIOKafkaConsumer(
            *topics,  # without a group: every partition of them
            **connection_arguments(kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest" if from_beginning else "latest",
            isolation_level="read_committed" if committed else "read_uncommitted",
        )

    async def __aenter__(self) -> Self:
        try:
            await self._check_topics()
            await self._client.start()
            for partition in self._client.assignment():  # settled before anybody writes more
                await self._client.position(partition)
        except BaseException as error:
            await self._client.stop()
            if isinstance(error, KafkaError | OSError):
                raise Unreachable(f"no answer from Kafka at {self._kafka.bootstrap}") from error
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.stop()

    async def _check_topics(self) -> None:
        """Look first: the client waits for an unknown topic until its time is up."""
        async with Admin(self._kafka) as admin:
            existing = await admin.topics()
        for topic in self._topics:
            if topic not in existing:
                raise MissingTopic(f"{topic} is missing: run `rupture-watch topics create`")

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

    async def _fetch(self) -> list[Seen]:
        try:
            fetched = await self._client.getmany(timeout_ms=WAIT)
        except KafkaError as error:
            raise Unreachable(
                f"Kafka at {self._kafka.bootstrap}: {type(error).__name__}"
            ) from error
        return [
            Seen(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers))
            for records in fetched.values()
            for r in records
        ]
