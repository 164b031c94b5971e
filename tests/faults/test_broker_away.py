"""A broker that stops answering: a short absence is borne, a long one ends the worker."""

from __future__ import annotations

import asyncio
import signal
import uuid
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from rupture_watch.operations import topics
from rupture_watch.operations.broker import LocalBroker
from rupture_watch.settings import Settings
from tests.faults.counting_load import CHANNELS, compare, named, send
from tests.faults.topic_reader import drained
from tests.faults.worker import COUNTING, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [
    pytest.mark.faults,
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(150),
]

EVENTS = 10_000


@pytest_asyncio.fixture(loop_scope="session")
async def lonely(broker: LocalBroker, tmp_path: Path) -> AsyncIterator[LocalBroker]:
    """A broker of one's own, to be stopped and continued; ``broker`` says whether there is any."""
    assert broker.bootstrap
    async with LocalBroker(tmp_path) as running:
        yield running
        running.signal_node(1, signal.SIGCONT)


def _settings(broker: LocalBroker, *, retry_limit: float) -> Settings:
    name = f"t{uuid.uuid4().hex[:10]}"
    return Settings(
        kafka=broker.kafka,
        topic_prefix=f"{name}.",
        app_id=name,
        http_port=0,
        commit_interval=0.2,
        session_timeout=6.0,
        retry_limit=retry_limit,
        tick_interval=0.0,
    )


async def test_a_short_absence_of_the_broker_is_borne(lonely: LocalBroker) -> None:
    settings = _settings(lonely, retry_limit=60.0)
    await topics.create(settings)
    async with Worker(settings, module=COUNTING) as worker:
        await worker.ready()
        sending = asyncio.create_task(send(settings, 1, events=EVENTS, cases=200))
        await asyncio.sleep(1)  # the absence begins in the middle of the traffic
        lonely.signal_node(1, signal.SIGSTOP)
        await asyncio.sleep(8)  # longer than a session
        lonely.signal_node(1, signal.SIGCONT)
        await sending
        await drained(settings, [named(settings, channel) for channel in CHANNELS], limit=90)
        assert await worker.stop() == 0
        assert [line for line in worker.lines if line["level"] == "critical"] == []
    await compare(settings, events=EVENTS)


async def test_a_long_absence_ends_the_worker_with_70_and_its_successor_carries_on(
    lonely: LocalBroker,
) -> None:
    settings = _settings(lonely, retry_limit=3.0)
    await topics.create(settings)
    async with Worker(settings, module=COUNTING) as worker:
        await worker.ready()
        sending = asyncio.create_task(send(settings, 1, events=EVENTS, cases=200))
        await asyncio.sleep(1)  # the absence begins in the middle of the traffic
        lonely.signal_node(1, signal.SIGSTOP)
        assert await worker.ended() == 70
        assert [line["event"] for line in worker.lines if line["level"] == "critical"] == [
            "Kafka has failed us"
        ]
        lonely.signal_node(1, signal.SIGCONT)
        await sending
    async with Worker(settings, module=COUNTING) as successor:
        await successor.ready()
        await drained(settings, [named(settings, channel) for channel in CHANNELS], limit=90)
        assert await successor.stop() == 0
    await compare(settings, events=EVENTS)
