"""The log that the lane writes to: an idempotent producer, sent to in whole batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.protocol.produce import ProduceRequest

from rupture_watch.kafka.connection import connection_arguments
from rupture_watch.stream.patience import patience
from rupture_watch.stream.ports import LogFailed, Outgoing, PutOut

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Collection, Iterable, Sequence

    from rupture_watch.settings import KafkaSettings
    from rupture_watch.stream.lease import Lease
    from rupture_watch.stream.ports import Change

BATCH_BYTES: Final = 512 * 1024
"""Room below the broker's default limit of one megabyte for a batch."""
REQUEST_BYTES: Final = 16 * 1024 * 1024
REQUEST_TIMEOUT_MS: Final = 30_000
NO_HEADERS: Final[list[tuple[str, bytes | None]]] = []


class Producer(Protocol):
    """What is asked of the client: aiokafka's producer, or one of a simulated cluster."""

    async def start(self) -> None:
        """Connect."""
        ...

    async def stop(self) -> None:
        """Send what is left and disconnect."""
        ...

    async def partitions_for(self, topic: str) -> Collection[int]:
        """Return the partitions of a topic."""
        ...

    def create_batch(self) -> Any:
        """Return an empty batch, to append to and to close."""
        ...

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> asyncio.Future[Any]:
        """Queue a closed batch; the future holds its first offset once it is acknowledged."""
        ...


class NotOurs(KafkaError):  # type: ignore[misc] # untyped in its library
    """A batch that may not be sent any more; aiokafka does not try again."""


class LeasedProducer(AIOKafkaProducer):  # type: ignore[misc] # as above
    """Sends nothing without a lease, however long it was queued or has been retried.

    An idempotent producer tries for ever. A worker that is cut off for longer than its session
    would, once it is back, first deliver what is left over: states older than their new owner's.
    """

    def __init__(self, lease: Lease, **options: Any) -> None:
        super().__init__(**options)
        send = self.client.send

        async def leased(node: int, request: Any, **more: Any) -> Any:
            if isinstance(request, ProduceRequest):
                try:
                    await lease.held()
                except PutOut as error:
                    raise NotOurs from error
            return await send(node, request, **more)

        self.client.send = leased


def producer(kafka: KafkaSettings, lease: Lease) -> LeasedProducer:
    """Return the idempotent producer that every acknowledgement is awaited of."""
    return LeasedProducer(
        lease,
        **connection_arguments(kafka),
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=0,
        max_batch_size=BATCH_BYTES,
        max_request_size=REQUEST_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )


class KafkaLog:
    """Appends with all replicas' acknowledgement, in order, without duplicates.

    Faust's producer buffer only logs a failed send and gives up a flush after 100 ms; here every
    append is awaited. A batch is one future instead of one per record: about a tenth of the cost.

    The idempotent producer itself retries what can be retried, for ever; the limit is ours. What
    cannot be retried breaks the producer's sequence, so both end in :class:`LogFailed`; as does
    being put out of the group while something is under way, for it could arrive in a later lease.
    """

    def __init__(self, producer: Producer, *, limit: float, lease: Lease) -> None:
        self._limit = limit
        self._lease = lease
        self._partitioner = DefaultPartitioner()
        self._under_way: set[asyncio.Future[Any]] = set()
        self._producer = producer

    async def start(self) -> None:
        """Connect; raise :class:`LogFailed` where that takes longer than the limit."""
        await self._bounded(self._producer.start())

    async def stop(self) -> None:
        """Send what is left and disconnect."""
        await self._bounded(self._producer.stop())

    async def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has."""
        return len(await self._bounded(self._producer.partitions_for(topic)))

    async def append(self, topic: str, partition: int, changes: Sequence[Change]) -> list[int]:
        """Append in order; return the offset of each change once all are acknowledged."""
        offsets: list[int] = []
        rows = ((key, value, NO_HEADERS) for key, value in changes)
        for future, count in await self._bounded(self._send(topic, partition, rows)):
            first = (await self._bounded(future)).offset
            offsets.extend(range(first, first + count))
        return offsets

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Append these records; return once all are acknowledged."""
        by_partition: dict[tuple[str, int], list[Outgoing]] = {}
        for record in records:
            place = record.topic, await self._partition(record)
            by_partition.setdefault(place, []).append(record)
        sent = [
            await self._bounded(
                self._send(topic, partition, ((r.key, r.value, list(r.headers)) for r in rows))
            )
            for (topic, partition), rows in by_partition.items()
        ]
        for batches in sent:
            for future, _ in batches:
                await self._bounded(future)

    async def _partition(self, record: Outgoing) -> int:
        """Choose the partition as every Kafka client does, by the murmur2 hash of the key."""
        if record.partition is not None:
            return record.partition
        known = list(range(await self.partitions(record.topic)))
        partition: int = self._partitioner(record.key, known, known)
        return partition

    async def _send(
        self, topic: str, partition: int, rows: Iterable[tuple[Any, Any, Any]]
    ) -> list[tuple[asyncio.Future[Any], int]]:
        """Hand over as many batches as it takes; each is closed, so that none lingers."""
        batches: list[tuple[asyncio.Future[Any], int]] = []
        builder = self._producer.create_batch()
        for key, value, headers in rows:
            if builder.append(key=key, value=value, timestamp=None, headers=headers) is None:
                batches.append(await self._hand_over(builder, topic, partition))
                builder = self._producer.create_batch()
                builder.append(key=key, value=value, timestamp=None, headers=headers)
        if builder.record_count():
            batches.append(await self._hand_over(builder, topic, partition))
        return batches

    async def _hand_over(
        self, builder: Any, topic: str, partition: int
    ) -> tuple[asyncio.Future[Any], int]:
        try:
            await self._lease.held()
        except PutOut:
            if self._under_way:
                raise LogFailed("put out of the group with writes under way") from None
            raise
        count = builder.record_count()
        builder.close()
        written = await self._producer.send_batch(builder, topic, partition=partition)
        self._under_way.add(written)
        written.add_done_callback(self._under_way.discard)
        return written, count

    async def _bounded(self, work: Awaitable[Any]) -> Any:
        try:
            async with patience(self._limit):
                return await work
        except TimeoutError as error:
            raise LogFailed(f"no acknowledgement within {self._limit:g} s") from error
        except KafkaError as error:
            raise LogFailed(type(error).__name__) from error
