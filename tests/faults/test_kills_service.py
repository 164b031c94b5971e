"""Kill -9 and joins while the service itself works through a clinic's events."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.contracts.wire import microseconds
from rupture_watch.kafka.topics import changelog_name
from rupture_watch.operations import topics
from rupture_watch.operations.publish import publish
from rupture_watch.operations.simulate import simulate
from rupture_watch.rulesets import load_catalogue
from tests.faults import oracle
from tests.faults.counting_load import origin
from tests.faults.nemesis import Nemesis, report, schedule, written
from tests.faults.topic_reader import drained, folded, producing, read_all
from tests.faults.worker import Worker

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

pytestmark = [
    pytest.mark.faults,
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
]

CASES = int(os.environ.get("CHAOS_CASES", "300"))
"""Clients of the simulated clinic, at some 60 events each; 1,650 make 100,000 events."""
WEEKS = 30
AFTERWARDS = "2026-03-01T00:00:00Z"


async def test_after_kills_and_joins_the_service_stands_where_its_facts_put_it(
    settings: Settings, seed: int
) -> None:
    steps = schedule(seed, kills=5, joins=3)
    report(f"seed {seed}: {written(steps)}")
    await topics.create(settings)
    events = [json.dumps(event).encode() for event in simulate(CASES, WEEKS, seed)]
    async with Nemesis(lambda: Worker(settings)) as nemesis:
        sending = asyncio.create_task(publish(settings, events, lambda **_: None))
        await nemesis.strike(steps)
        await sending
        await drained(settings, oracle.inputs(settings), limit=300)
        await _let_time_pass(settings)
        await nemesis.retire()
        assert nemesis.complaints() == []
    await _compare(settings, len(events))


async def _let_time_pass(settings: Settings) -> None:
    topic = topic_name(settings.topic_prefix, Channel.TICKS)
    tick = json.dumps({"time": AFTERWARDS}).encode()
    async with producing(settings.kafka) as producer:
        for partition in range(settings.partitions):
            await producer.send_and_wait(topic, tick, partition=partition)
    await drained(settings, [topic])


async def _compare(settings: Settings, sent: int) -> None:
    until, catalogue, kafka = microseconds(AFTERWARDS), load_catalogue(), settings.kafka
    received = [r for name in oracle.inputs(settings) for r in await read_all(kafka, name)]
    foretold = oracle.foretell(catalogue, settings, received, until=until)
    states = await folded(kafka, changelog_name(settings.app_id))
    assert oracle.remembered(catalogue, states, until=until) == foretold.standings
    published = await read_all(kafka, topic_name(settings.topic_prefix, Channel.ALERTS))
    alerts = oracle.told(published)
    assert oracle.phantoms_and_gaps(alerts, foretold.standings) == ([], [])
    letters = await read_all(kafka, topic_name(settings.topic_prefix, Channel.DEAD_LETTERS))
    assert {origin(e): _reason(e) for e in letters} == foretold.dead_letters
    safety = await read_all(kafka, topic_name(settings.topic_prefix, Channel.SAFETY))
    assert {(record.key, record.value) for record in safety} == foretold.safety
    summaries = await folded(kafka, topic_name(settings.topic_prefix, Channel.CASES))
    assert summaries == oracle.summaries(catalogue, states, until=until)
    report(
        f"{len(received)} records ({sent} sent), {len(states)} cases, {len(published)} alert "
        f"events of {len(alerts)} alerts, {len(letters)} dead letters of "
        f"{len(foretold.dead_letters)}: as foretold"
    )


def _reason(letter: Any) -> str:
    reason: bytes = dict(letter.headers)["x-rupture-watch-reason"]
    return reason.decode()
