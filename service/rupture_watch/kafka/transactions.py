"""Records written all or none, together with how far their source was read: Kafka transactions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from rupture_watch.failures import Unavailable
from rupture_watch.kafka.bulk import partition_hash
from rupture_watch.kafka.connection import connection_arguments
from rupture_watch.kafka.producer import BATCH, LARGEST, Unwritten
from rupture_watch.kafka.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rupture_watch.kafka.admin import Place
    from rupture_watch.settings import KafkaSettings

LIMIT: Final = 20.0
"""Seconds for one transaction. The broker gives up one that its process left open after as long,
and until then hides from readers what was written behind it."""


class Write(NamedTuple):
    """A record to write; without a partition the key decides, as in every Kafka client.

    ``timestamp`` in milliseconds; None is now. A partition beyond the topic's last is taken modulo
    their number.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    partition: int | None = None
    timestamp: int | None = None


class Overtaken(Unavailable):
    """Another process took over this transactional id; what it left undone is its business."""


class AtomicProducer(Session):
    """Writes sets of records, each set wholly or not at all, and each once.

    Entering the context ends whatever an earlier process of the same id left open, and shuts that
    process out: from then on nobody else can complete anything under this id.
    """

    def __init__(self, kafka: KafkaSettings, transactional_id: str) -> None:
        client = AIOKafkaProducer(
            **connection_arguments(kafka),
            transactional_id=transactional_id,
            transaction_timeout_ms=int(LIMIT * 1000),
            acks="all",
            linger_ms=0,
            max_batch_size=BATCH,
            max_request_size=LARGEST,
        )
        super().__init__(kafka, client)
        self._counts: dict[str, int] = {}

    async def _open(self) -> None:
        await super()._open()
        async with asyncio.timeout(LIMIT):
            await self._client.begin_transaction()
            await self._client.abort_transaction()

    async def write(
        self,
        records: Iterable[Write],
        *,
        group: str = "",
        positions: Mapping[Place, int] | None = None,
    ) -> None:
        """Write these records and commit these positions for the group, as one.

        Raises:
            Unwritten: they were not written, none of them.
            Overtaken: another process has entered under the same id.
        """
        try:
            async with asyncio.timeout(LIMIT), self._client.transaction():
                for written in await self._send(records):
                    await written
                if positions:
                    offsets = {TopicPartition(*place): at for place, at in positions.items()}
                    await self._client.send_offsets_to_transaction(offsets, group)
        except ProducerFenced as error:
            raise Overtaken("another process has taken over; this one has stopped") from error
        except (KafkaError, TimeoutError) as error:
            raise Unwritten(f"not acknowledged: {type(error).__name__}") from error

    async def _send(self, records: Iterable[Write]) -> list[asyncio.Future[object]]:
        """Hand over whole batches: they take a record without key and value, single sends do not.

        The first record of a batch always fits, however large.
        """
        by_place: dict[Place, list[Write]] = {}
        for record in records:
            place = record.topic, await self._partition(record)
            by_place.setdefault(place, []).append(record)
        sent = []
        for (topic, partition), rows in by_place.items():
            batch = self._client.create_batch()
            for row in rows:
                if not _append(batch, row):
                    sent.append(await self._client.send_batch(batch, topic, partition=partition))
                    batch = self._client.create_batch()
                    _append(batch, row)
            sent.append(await self._client.send_batch(batch, topic, partition=partition))
        return sent

    async def _partition(self, record: Write) -> int:
        if record.topic not in self._counts:
            self._counts[record.topic] = len(await self._client.partitions_for(record.topic))
        count = self._counts[record.topic]
        if record.partition is not None:
            return record.partition % count
        return partition_of(record.key, count)


def partition_of(key: bytes | None, partitions: int) -> int:
    """Return the partition that every Kafka client picks for this key; 0 where there is none."""
    return 0 if key is None else partition_hash(key) % partitions


def _append(batch: Any, row: Write) -> bool:
    taken = batch.append(
        key=row.key, value=row.value, timestamp=row.timestamp, headers=list(row.headers)
    )
    return taken is not None
