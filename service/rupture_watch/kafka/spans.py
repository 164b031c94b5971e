"""Partitions read from one offset to another, for whoever carries records elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from rupture_watch.kafka.connection import connection_arguments
from rupture_watch.kafka.consumer import WAIT, Seen
from rupture_watch.kafka.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from rupture_watch.kafka.admin import Place
    from rupture_watch.settings import KafkaSettings


SWITCH: Final = 20
"""Milliseconds for which the broker waits for more: the next partition's fetch queues behind it."""


class Span(NamedTuple):
    """A stretch of a partition: from ``first`` up to, not including, ``end``."""

    first: int
    end: int

    @property
    def offsets(self) -> int:
        """Return how many offsets it has; some may be empty."""
        return max(0, self.end - self.first)


class SpanReader(Session):
    """Reads stretches of partitions, without group or commits; only what is committed.

    Raises (every method):
        Unreachable: the cluster does not answer.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        client = AIOKafkaConsumer(
            **connection_arguments(kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=SWITCH,
            isolation_level="read_committed",
        )
        super().__init__(kafka, client)

    async def spans(self, places: Iterable[Place]) -> dict[Place, Span]:
        """Return what these partitions hold now."""
        partitions = [TopicPartition(*place) for place in places]
        try:
            firsts = await self._client.beginning_offsets(partitions)
            ends = await self._client.end_offsets(partitions)
        except KafkaError as error:
            raise self._gone(error) from error
        return {(tp.topic, tp.partition): Span(firsts[tp], ends[tp]) for tp in partitions}

    async def read(self, place: Place, span: Span) -> AsyncGenerator[tuple[list[Seen], int], None]:
        """Yield the records of a stretch, fetch by fetch, each with the offset to go on from."""
        if not span.offsets:
            return
        partition = TopicPartition(*place)
        self._client.assign([partition])
        self._client.seek(partition, span.first)
        position = span.first
        while position < span.end:
            try:
                fetched = await self._client.getmany(partition, timeout_ms=WAIT)
                position = await self._client.position(partition)
            except KafkaError as error:
                raise self._gone(error) from error
            records = [Seen.of(r) for r in fetched.get(partition, ()) if r.offset < span.end]
            yield records, min(position, span.end)
