"""Many events onto topics, in whole batches: a third of the work per event."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from rupture_watch.kafka.producer import EventProducer, Unwritten

if TYPE_CHECKING:
    import asyncio

    from rupture_watch.kafka.admin import Place
    from rupture_watch.kafka.binary_mode import BinaryEvent
    from rupture_watch.settings import KafkaSettings

REMEMBERED_KEYS = 65_536

ABREAST = 500
"""Events after which all batches are sent, full or not. The broker dates a batch as a whole, and
workers merge the topics by these dates: a topic held back for longer would come to them late."""


class BulkProducer(EventProducer):
    """Fills one batch per partition and sends them all together, or one when it is full.

    Events of one key keep their order, and those of different topics nearly so. What is held back
    waits for :meth:`settle`; a broker that falls behind holds up :meth:`add`, so memory stays
    bounded by two batches a partition.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        super().__init__(kafka)
        self._counts: dict[str, int] = {}
        self._filling: dict[Place, Any] = {}
        self._flying: deque[tuple[asyncio.Future[object], int]] = deque()
        self._acknowledged = 0
        self._since_sent = 0

    async def add(self, topic: str, event: BinaryEvent) -> None:
        """Put one event into the batch of its partition; raise :class:`Unwritten` on a failure."""
        count = self._counts.get(topic) or await self._count_partitions(topic)
        place = topic, partition_hash(event.key) % count
        while not self._append(place, event):
            await self._send(place)
        self._since_sent += 1
        if self._since_sent >= ABREAST:
            await self._send_all()

    async def acknowledged(self) -> int:
        """Return how many events have been written so far; a failed one raises."""
        while self._flying and self._flying[0][0].done():
            await self._land()
        return self._acknowledged

    async def settle(self) -> int:
        """Send what is held back and wait until everything is written; return how many."""
        await self._send_all()
        while self._flying:
            await self._land()
        return self._acknowledged

    def _append(self, place: Place, event: BinaryEvent) -> bool:
        batch = self._filling.get(place)
        if batch is None:
            batch = self._filling[place] = self._client.create_batch()
        return fits(batch, event)

    async def _send_all(self) -> None:
        self._since_sent = 0
        for place in list(self._filling):
            await self._send(place)

    async def _send(self, place: Place) -> None:
        batch = self._filling.pop(place)
        self._flying.append((await self._send_batch(place, batch), batch.record_count()))

    async def _send_batch(self, place: Place, batch: Any) -> asyncio.Future[object]:
        topic, partition = place
        try:
            written: asyncio.Future[object] = await self._client.send_batch(
                batch, topic, partition=partition
            )
        except KafkaError as error:
            raise Unwritten(f"{topic}: {type(error).__name__}") from error
        return written

    async def _land(self) -> None:
        future, count = self._flying.popleft()
        try:
            await future
        except KafkaError as error:
            raise Unwritten(f"not acknowledged: {type(error).__name__}") from error
        self._acknowledged += count

    async def _count_partitions(self, topic: str) -> int:
        try:
            self._counts[topic] = len(await self._client.partitions_for(topic))
        except KafkaError as error:
            raise Unwritten(f"{topic}: {type(error).__name__}") from error
        return self._counts[topic]


def fits(batch: Any, event: BinaryEvent) -> bool:
    """Append an event to one of the client's batches; return False where there is no room."""
    taken = batch.append(timestamp=None, key=event.key, value=event.value, headers=event.headers)
    return taken is not None


@lru_cache(REMEMBERED_KEYS)
def partition_hash(key: bytes) -> int:
    """Return the non-negative murmur2 hash by which Java's producer picks the partition."""
    hashed: int = murmur2(key)
    return hashed & 0x7FFF_FFFF
