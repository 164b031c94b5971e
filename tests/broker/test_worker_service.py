"""The service itself on a real broker: a clinic's events in, alerts and dead letters out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.contracts.wire import microseconds
from rupture_watch.kafka.topics import changelog_name
from rupture_watch.operations import topics
from rupture_watch.operations.publish import publish
from rupture_watch.operations.simulate import simulate
from rupture_watch.rulesets import load_catalogue
from tests.contract.poison import POISON, data, headers
from tests.faults import oracle
from tests.faults.counting_load import origin
from tests.faults.topic_reader import drained, folded, producing, read_all
from tests.faults.worker import Worker

if TYPE_CHECKING:
    from rupture_watch.settings import Settings
    from tests.contract.poison import Poison

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="session")]

GOOD_PER_BAD = 5
AFTERWARDS = "2026-03-01T00:00:00Z"


def _name(settings: Settings, channel: Channel) -> str:
    return topic_name(settings.topic_prefix, channel)


async def test_every_kind_of_garbage_is_one_dead_letter_with_its_reason(settings: Settings) -> None:
    await topics.create(settings)
    sent = await _send_poison(settings)
    async with Worker(settings) as worker:
        await worker.ready()
        await drained(settings, oracle.inputs(settings))
        assert await worker.metric("halted") == 0
        assert await worker.stop() == 0
    letters = await read_all(settings.kafka, _name(settings, Channel.DEAD_LETTERS))
    found = {origin(letter): letter for letter in letters}
    assert len(found) == len(letters) == len(POISON) + 1
    for place, poison in sent.items():
        letter = found[place]
        assert (letter.key, letter.value) == (poison.key, poison.value), poison.name
        assert dict(letter.headers)["x-rupture-watch-reason"] == poison.reason.encode(), poison.name
        original = list(letter.headers[: len(poison.headers)])
        assert original == poison.headers, poison.name
    states = await folded(settings.kafka, changelog_name(settings.app_id))
    standing = oracle.remembered(load_catalogue(), states, until=microseconds(AFTERWARDS))
    counted = [json.loads(line)["counts"]["facts"] for line in standing.values()]
    assert sum(counted) == GOOD_PER_BAD * len(POISON)


async def test_a_clinic_s_alerts_and_standings_are_those_that_its_facts_support(
    settings: Settings,
) -> None:
    await topics.create(settings)
    events = [json.dumps(event).encode() for event in simulate(60, 16, 3)]
    async with Worker(settings) as worker:
        await worker.ready()
        await publish(settings, events, lambda **_: None)
        await drained(settings, oracle.inputs(settings))
        await _tick(settings)
        assert await worker.metric("cases") > 0
        assert await worker.stop() == 0
    until, catalogue = microseconds(AFTERWARDS), load_catalogue()
    received = [r for name in oracle.inputs(settings) for r in await read_all(settings.kafka, name)]
    foretold = oracle.foretell(catalogue, settings, received, until=until)
    states = await folded(settings.kafka, changelog_name(settings.app_id))
    assert oracle.remembered(catalogue, states, until=until) == foretold.standings
    alerts = oracle.told(await read_all(settings.kafka, _name(settings, Channel.ALERTS)))
    assert alerts
    assert oracle.phantoms_and_gaps(alerts, foretold.standings) == ([], [])
    letters = await read_all(settings.kafka, _name(settings, Channel.DEAD_LETTERS))
    reasons = {origin(e): dict(e.headers)["x-rupture-watch-reason"].decode() for e in letters}
    assert reasons == foretold.dead_letters
    assert len(letters) == len(reasons)
    summaries = await folded(settings.kafka, _name(settings, Channel.CASES))
    assert summaries == oracle.summaries(catalogue, states, until=until)


async def _send_poison(settings: Settings) -> dict[tuple[str, int, int], Poison]:
    """Send all poison among good forms; return where each went. One is empty to the last byte."""
    sent: dict[tuple[str, int, int], Poison] = {}
    number = 0
    async with producing(settings.kafka) as producer:
        for poison in POISON:
            for _ in range(GOOD_PER_BAD):
                number += 1
                case = b"good-%d" % (number % 50)
                await producer.send(
                    _name(settings, Channel.RATINGS),
                    key=case,
                    value=data(session_id=f"s-{number}"),
                    headers=headers(ce_id=b"%d" % number, ce_subject=case),
                    partition=0,
                )
            topic = _name(settings, poison.channel)
            batch = producer.create_batch()
            batch.append(key=poison.key, value=poison.value, timestamp=None, headers=poison.headers)
            written = await (await producer.send_batch(batch, topic, partition=0))
            sent[topic, 0, written.offset] = poison
        batch = producer.create_batch()
        batch.append(key=None, value=None, timestamp=None, headers=[])
        await (await producer.send_batch(batch, _name(settings, Channel.FRAME), partition=0))
    return sent


async def _tick(settings: Settings) -> None:
    """Let time pass in every partition, and wait until it has."""
    topic = _name(settings, Channel.TICKS)
    async with producing(settings.kafka) as producer:
        for partition in range(settings.partitions):
            value = json.dumps({"time": AFTERWARDS}).encode()
            await producer.send_and_wait(topic, value, partition=partition)
    await drained(settings, [topic])
