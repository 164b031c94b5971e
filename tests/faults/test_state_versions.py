"""Two releases at once: the newer reads both states, the older refuses and writes nothing."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.contracts.wire import microseconds
from rupture_watch.kafka.admin import Admin
from rupture_watch.kafka.topics import changelog_name, declared
from rupture_watch.operations import topics
from rupture_watch.operations.publish import publish
from rupture_watch.operations.simulate import simulate
from rupture_watch.rulesets import load_catalogue
from tests.faults import oracle
from tests.faults.newer_worker import newer, present
from tests.faults.topic_reader import drained, folded, producing, read_all
from tests.faults.worker import Worker

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

pytestmark = [
    pytest.mark.faults,
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]

NEWER = "tests.faults.newer_worker"
AFTERWARDS = "2026-03-01T00:00:00Z"
REFUSAL = "the state is a newer service's: run that version"


async def test_an_older_worker_refuses_newer_state_with_78_and_one_line_and_writes_nothing(
    settings: Settings,
) -> None:
    await topics.create(settings)
    await publish(settings, _clinic(), lambda **_: None)
    async with Worker(settings) as worker:
        await worker.ready()
        await drained(settings, oracle.inputs(settings))
        assert await worker.stop() == 0
    states = await folded(settings.kafka, changelog_name(settings.app_id))
    await _write_one(settings, min(states), newer(states[min(states)]))
    await publish(settings, _clinic(seed=2), lambda **_: None)
    before = await _everything(settings)

    async with Worker(settings) as older:
        assert await older.ended() == 78

    assert [line["event"] for line in older.lines if line["level"] == "critical"] == [REFUSAL]
    assert await _everything(settings) == before


async def test_a_rolling_upgrade_loses_nothing_and_ends_with_the_older_release_refusing(
    settings: Settings,
) -> None:
    await topics.create(settings)
    events = _clinic(cases=60)
    third = len(events) // 3
    async with Worker(settings) as older:
        await older.ready()
        await publish(settings, events[:third], lambda **_: None)
        await drained(settings, oracle.inputs(settings))
        async with Worker(settings, module=NEWER) as upgraded:
            await upgraded.ready()
            await publish(settings, events[third : 2 * third], lambda **_: None)
            await drained(settings, oracle.inputs(settings))
            both = Counter(state[0] for state in (await _states(settings)).values())
            assert set(both) == {1, 2}
            assert await upgraded.stop() == 0
            assert await older.ended() == 78  # what the newer one had written comes back to it
    async with Worker(settings, module=NEWER) as upgraded:
        await upgraded.ready()
        await publish(settings, events[2 * third :], lambda **_: None)
        await drained(settings, oracle.inputs(settings))
        await _let_time_pass(settings)
        assert await upgraded.stop() == 0
    until, catalogue = microseconds(AFTERWARDS), load_catalogue()
    received = [r for name in oracle.inputs(settings) for r in await read_all(settings.kafka, name)]
    foretold = oracle.foretell(catalogue, settings, received, until=until)
    states = {key: present(state) for key, state in (await _states(settings)).items()}
    assert oracle.remembered(catalogue, states, until=until) == foretold.standings
    told = oracle.told(await read_all(settings.kafka, _name(settings, Channel.ALERTS)))
    assert oracle.phantoms_and_gaps(told, foretold.standings) == ([], [])


def _name(settings: Settings, channel: Channel) -> str:
    return topic_name(settings.topic_prefix, channel)


def _clinic(*, cases: int = 20, seed: int = 1) -> list[bytes]:
    return [json.dumps(event).encode() for event in simulate(cases, 16, seed, bad_share=0.0)]


async def _states(settings: Settings) -> dict[bytes, bytes]:
    return await folded(settings.kafka, changelog_name(settings.app_id))


async def _write_one(settings: Settings, key: bytes, state: bytes) -> None:
    async with producing(settings.kafka) as producer:
        await producer.send_and_wait(changelog_name(settings.app_id), state, key=key)


async def _everything(settings: Settings) -> tuple[dict[str, list[Any]], dict[Any, int]]:
    """Return every record of every topic, and what the group has committed."""
    names = [plan.name for plan in declared(settings, brokers=1)]
    records = {
        name: [
            (r.partition, r.offset, r.key, r.value) for r in await read_all(settings.kafka, name)
        ]
        for name in names
    }
    async with Admin(settings.kafka) as admin:
        return records, await admin.committed(settings.app_id)


async def _let_time_pass(settings: Settings) -> None:
    topic = _name(settings, Channel.TICKS)
    async with producing(settings.kafka) as producer:
        for partition in range(settings.partitions):
            value = json.dumps({"time": AFTERWARDS}).encode()
            await producer.send_and_wait(topic, value, partition=partition)
    await drained(settings, [topic])
