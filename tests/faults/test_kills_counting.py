"""Kills, joins and restarts under load, with a pipeline whose every effect can be foretold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from rupture_watch.operations import topics
from tests.faults.counting_load import CHANNELS, compare, named, send
from tests.faults.nemesis import Nemesis, report, schedule, written
from tests.faults.topic_reader import drained
from tests.faults.worker import COUNTING, Worker

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

pytestmark = [
    pytest.mark.faults,
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]

EVENTS = 100_000


async def test_after_kills_and_joins_every_count_alert_and_dead_letter_is_right(
    settings: Settings, seed: int
) -> None:
    steps = schedule(seed, kills=5, joins=3)
    report(f"seed {seed}: {written(steps)}")
    await topics.create(settings)
    async with Nemesis(lambda: Worker(settings, module=COUNTING)) as nemesis:
        sending = asyncio.create_task(send(settings, seed, events=EVENTS))
        await nemesis.strike(steps)
        await sending
        await drained(settings, [named(settings, channel) for channel in CHANNELS], limit=90)
        await nemesis.retire()
        assert nemesis.complaints() == []
    await compare(settings, events=EVENTS)


async def test_a_rolling_restart_repeats_nothing(settings: Settings) -> None:
    await topics.create(settings)
    async with Nemesis(lambda: Worker(settings, module=COUNTING)) as nemesis:
        sending = asyncio.create_task(send(settings, 1, events=EVENTS // 4, cases=500))
        for _ in range(2 * len(nemesis.fleet)):
            await nemesis.replace(nemesis.fleet[0])
        await sending
        await drained(settings, [named(settings, channel) for channel in CHANNELS], limit=90)
        await nemesis.retire()
        assert nemesis.complaints() == []
    repeated = await compare(settings, events=EVENTS // 4)
    assert repeated == {"alerts": 0, "dead letters": 0, "safety items": 0}
