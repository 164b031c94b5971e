"""Topics read to their end by an independent consumer."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from rupture_watch.kafka.admin import Admin
from rupture_watch.kafka.connection import connection_arguments
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from rupture_watch.settings import KafkaSettings, Settings


async def read_all(kafka: KafkaSettings, topic: str, *, committed: bool = False) -> list[Any]:
    """Return every record of a topic, partition by partition, up to its present end."""
    consumer = AIOKafkaConsumer(
        topic,
        **connection_arguments(kafka),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed" if committed else "read_uncommitted",
    )
    await consumer.start()
    try:
        places = consumer.assignment()
        ends = await consumer.end_offsets(places)
        for place, first in (await consumer.beginning_offsets(places)).items():
            consumer.seek(place, first)
        records: list[Any] = []
        while [place for place in places if await consumer.position(place) < ends[place]]:
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records += batch
        return sorted(records, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()


async def committed_records(kafka: KafkaSettings, topic: str) -> list[Any]:
    """Return every record of a topic that no transaction has left open or taken back."""
    return await read_all(kafka, topic, committed=True)


async def folded(kafka: KafkaSettings, topic: str) -> dict[bytes, bytes]:
    """Return the last value of every key of a compacted topic."""
    last = {record.key: record.value for record in await read_all(kafka, topic)}
    return {key: value for key, value in last.items() if value is not None}


async def drained(settings: Settings, topics: Iterable[str], *, limit: float = 60.0) -> None:
    """Wait until the group has committed the present end of these topics."""
    consumer = AIOKafkaConsumer(*topics, **connection_arguments(settings.kafka))
    await consumer.start()
    try:
        places = consumer.assignment()
        ends = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
    await _committed_up_to(settings, ends, limit)


async def caught_up(settings: Settings, topics: Iterable[str], *, limit: float = 60.0) -> None:
    """Wait until the group has committed past the last record of each partition.

    Unlike :func:`drained` also where a transaction's marker is the last thing in a partition.
    """
    ends: dict[tuple[str, int], int] = {}
    for topic in topics:
        for record in await committed_records(settings.kafka, topic):
            ends[record.topic, record.partition] = record.offset + 1
    await _committed_up_to(settings, ends, limit)


async def _committed_up_to(
    settings: Settings, ends: Mapping[tuple[str, int], int], limit: float
) -> None:
    async with Admin(settings.kafka) as admin:

        async def committed() -> bool:
            found = await admin.committed(settings.app_id, ends)
            return all(found.get(place, 0) >= end for place, end in ends.items())

        await until(committed, limit=limit)


@asynccontextmanager
async def producing(kafka: KafkaSettings, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    """Yield a producer that sends whatever it is given."""
    producer = AIOKafkaProducer(**connection_arguments(kafka), linger_ms=2, acks="all", **options)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
