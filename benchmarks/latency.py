"""From producing an event to reading its alert, beside a plain produce-and-consume round trip.

A simulated clinic's events run at a steady rate. One in twenty is a probe: the privacy incident
of a case of its own, which raises an alert at once. Two plain consumers stamp each probe: one as
it reads the probe itself (the round trip), one as it reads the alert. Both see the same records,
in the same run, on the same machine.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import cycle
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.load import clinic_lines
from benchmarks.processes import running
from benchmarks.throughput import service
from benchmarks.worker import ready
from rupture_watch.contracts.topics import Channel, EventType, channel_of_type, topic_name
from rupture_watch.kafka.binary_mode import BinaryEvent, to_binary
from rupture_watch.operations.topics import create

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from rupture_watch.settings import Settings

RATES: Final = (200, 2_000)
SECONDS: Final = 20
WARM_UP: Final = 3
"""Seconds whose probes do not count: connections, caches and the compiler of nobody."""
PROBE_EVERY: Final = 20
CLINIC: Final = 40_000
PATIENCE: Final = 10.0
"""Seconds after the last event for which alerts are waited for. One that has not come by then is
infinitely late: the service cannot keep up with the rate."""


class Latency(NamedTuple):
    """Milliseconds at one rate: of the alert and of the plain round trip."""

    rate: int
    probes: int
    alert: tuple[float, float]
    trip: tuple[float, float]

    @property
    def ratios(self) -> tuple[float, float]:
        """Alert over round trip, at the median and at the 99th percentile."""
        return self.alert[0] / self.trip[0], self.alert[1] / self.trip[1]


async def measure(settings: Settings, folder: Path) -> AsyncIterator[Latency]:
    """Run one worker and send at each rate in turn."""
    await create(settings)
    clinic = cycle([to_binary(line) for line in clinic_lines(CLINIC)])
    async with running(service(settings), folder / "latency.log") as process:
        await ready(settings, process)
        for rate in RATES:
            yield await _at(rate, settings, clinic)


async def _at(rate: int, settings: Settings, clinic: Iterator[BinaryEvent]) -> Latency:
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    alerted: dict[str, float] = {}
    async with AsyncExitStack() as stack:
        for channel, stamps in ((Channel.FRAME, seen), (Channel.ALERTS, alerted)):
            consumer = await stack.enter_async_context(_consumer(settings, channel))
            await _at_the_end(consumer)
            task = asyncio.create_task(_stamp(consumer, stamps))
            stack.callback(task.cancel)
        producer = await stack.enter_async_context(
            AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap, acks="all", linger_ms=0)
        )
        await _send(producer, settings, rate, clinic, sent)
        clock = asyncio.get_running_loop().time
        deadline = clock() + PATIENCE
        while sent.keys() - alerted.keys() and clock() < deadline:  # noqa: ASYNC110 - polls a dict
            await asyncio.sleep(0.05)
    counted = list(sent)[rate * WARM_UP // PROBE_EVERY :]
    return Latency(
        rate,
        len(counted),
        _percentiles([alerted.get(case, inf) - sent[case] for case in counted]),
        _percentiles([seen[case] - sent[case] for case in counted]),
    )


async def _send(
    producer: AIOKafkaProducer,
    settings: Settings,
    rate: int,
    clinic: Iterator[BinaryEvent],
    sent: dict[str, float],
) -> None:
    """Send at the rate, each event at its own moment; an event that is late is sent at once."""
    clock = asyncio.get_running_loop().time
    start = clock()
    written = []
    for number in range(rate * SECONDS):
        await asyncio.sleep(max(0.0, start + number / rate - clock()))
        if number % PROBE_EVERY:
            event = next(clinic)
        else:
            case = f"probe-{rate}-{number}"
            event = _probe(case)
            sent[case] = clock()
        channel = channel_of_type(event.type) or Channel.FRAME
        topic = topic_name(settings.topic_prefix, channel)
        written.append(
            await producer.send(topic, event.value, key=event.key, headers=event.headers)
        )
    await asyncio.gather(*written)


def _probe(case: str) -> BinaryEvent:
    event = {
        "specversion": "1.0",
        "id": f"{case}-incident",
        "source": "/benchmark",
        "type": EventType.FRAME_CHANGED.value,
        "subject": case,
        "time": datetime.now(UTC).isoformat(),
        "data": {"kind": "privacy_incident", "by": "provider"},
    }
    return to_binary(msgspec.json.encode(event))


def _consumer(settings: Settings, channel: Channel) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        topic_name(settings.topic_prefix, channel),
        bootstrap_servers=settings.kafka.bootstrap,
        auto_offset_reset="latest",
    )


async def _at_the_end(consumer: AIOKafkaConsumer) -> None:
    """Fix the consumer's position at the end now, so that no probe can come before it."""
    await consumer.seek_to_end()
    for partition in consumer.assignment():
        await consumer.position(partition)


async def _stamp(consumer: AIOKafkaConsumer, stamps: dict[str, float]) -> None:
    """Note when the first record of each case is read."""
    clock: Callable[[], float] = asyncio.get_running_loop().time
    async for record in consumer:
        stamps.setdefault(record.key.decode(), clock())


def _percentiles(seconds: list[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile, in milliseconds."""
    ordered = sorted(seconds)
    return ordered[len(ordered) // 2] * 1e3, ordered[len(ordered) * 99 // 100] * 1e3
