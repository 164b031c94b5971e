"""How fast a worker restores its state, and what a case costs in bytes.

The states are those that the service itself wrote in the throughput run, folded to the last of
each case and copied under new keys until there are enough of them.
"""

from __future__ import annotations

import statistics
from itertools import cycle, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.processes import EngineFailed, running
from benchmarks.throughput import service
from benchmarks.worker import metrics, ready
from rupture_watch.kafka.producer import EventProducer, acknowledged
from rupture_watch.kafka.topics import changelog_name
from rupture_watch.operations.topics import create

if TYPE_CHECKING:
    from pathlib import Path

    from rupture_watch.settings import Settings

RUNS: Final = 3
IN_FLIGHT: Final = 5_000
POLL_MS: Final = 500


class Start(NamedTuple):
    """One start of a worker: records restored, seconds until restored, bytes resident."""

    records: float
    seconds: float
    resident: float

    @classmethod
    def typical(cls, starts: list[Start]) -> Start:
        """Return the median of each figure."""
        return cls(*map(statistics.median, zip(*starts, strict=True)))


class Recovery(NamedTuple):
    """Restoring ``records`` states, over what an empty start takes; sizes in bytes per case.

    Later starts restore a few records more: states whose outbox the first one emptied.
    """

    records: float
    seconds: float
    encoded: float
    resident: float

    @property
    def per_second(self) -> float:
        """Records restored in a second."""
        return self.records / self.seconds


async def measure(
    settings: Settings, full: Settings, empty: Settings, records: int, folder: Path
) -> Recovery:
    """Copy the states of ``settings``' changelog to ``full``'s, and time starts of both.

    Of several starts the median counts. What an empty start takes (joining the group) is not
    part of the restore and is taken off.
    """
    states = await fold(settings)
    for each in (full, empty):
        await create(each)
    await _fill(full, states, records)
    with_states = [await _start(full, folder) for _ in range(RUNS)]
    without = [await _start(empty, folder) for _ in range(RUNS)]
    if any(start.records < records for start in with_states):
        raise EngineFailed(f"restored {[s.records for s in with_states]} of {records} records")
    loaded, bare = Start.typical(with_states), Start.typical(without)
    return Recovery(
        loaded.records,
        loaded.seconds - bare.seconds,
        statistics.fmean(map(len, states)),
        (loaded.resident - bare.resident) / records,
    )


async def fold(settings: Settings) -> list[bytes]:
    """Return the last state of every case in the changelog."""
    topic = changelog_name(settings.app_id)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap, enable_auto_commit=False
    )
    last: dict[bytes, bytes | None] = {}
    async with consumer:
        partitions = [TopicPartition(topic, number) for number in range(settings.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                last.update((record.key, record.value) for record in records)
    return [state for state in last.values() if state is not None]


async def _fill(settings: Settings, states: list[bytes], records: int) -> None:
    topic = changelog_name(settings.app_id)
    async with EventProducer(settings.kafka) as producer:
        written = []
        for number, state in enumerate(islice(cycle(states), records)):
            written.append(
                await producer.send(topic, key=f"case-{number:07}".encode(), value=state)
            )
            if len(written) == IN_FLIGHT:
                await acknowledged(written)
                written.clear()
        await acknowledged(written)


async def _start(settings: Settings, folder: Path) -> Start:
    async with running(service(settings), folder / f"{settings.app_id}.log") as process:
        await ready(settings, process)
        told = await metrics(settings)
        return Start(
            told["rupture_watch_recovered_records_total"],
            told["rupture_watch_recovery_seconds_sum"],
            process.memory_info().rss,
        )
