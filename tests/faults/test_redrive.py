"""Fix, redrive, redrive again: the service stands as if nothing had ever been refused."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.contracts.wire import microseconds
from rupture_watch.kafka.topics import changelog_name
from rupture_watch.operations import topics
from rupture_watch.operations.publish import publish
from rupture_watch.operations.simulate import simulate
from rupture_watch.rulesets import load_catalogue
from rupture_watch.settings import as_environment
from tests.faults import oracle
from tests.faults.nemesis import report
from tests.faults.topic_reader import caught_up, committed_records, drained, folded, producing
from tests.faults.worker import COUNTING, Worker

if TYPE_CHECKING:
    from pathlib import Path

    from rupture_watch.settings import Settings

pytestmark = [
    pytest.mark.faults,
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]

EVERY = 8
"""One form in so many names an instrument that the clinic has not registered."""
AFTERWARDS = "2026-03-01T00:00:00Z"
LOCAL = """
name = "local"
version = "1.0.0"
extends = "default"
[instruments.SRS-CHILD]
like = "SRS"
"""


@pytest.fixture
def mended(settings: Settings, tmp_path: Path) -> Settings:
    """The same installation after the fix: its rule set registers the instrument."""
    file = tmp_path / "local.toml"
    file.write_text(LOCAL)
    return settings.model_copy(update={"ruleset": str(file)})


async def test_after_a_fix_and_two_redrives_the_state_is_as_if_nothing_had_failed(
    settings: Settings, mended: Settings
) -> None:
    await topics.create(settings)
    events, unknown = _clinic()
    await publish(settings, events, lambda **_: None)
    async with Worker(settings) as worker:
        await worker.ready()
        await drained(settings, oracle.inputs(settings))
        assert await worker.metric("halted") == 0
        assert await worker.stop() == 0
    original = await _inputs(settings)
    assert (await _redrive(settings, "--go"))["fates"] == {"still_refused": unknown}

    first = await _redrive(mended, "--go", "--reason", "unknown_instrument")
    second = await _redrive(mended, "--go")

    assert (first["redriven"], first["fates"]) == (unknown, {"ready": unknown})
    assert (second["redriven"], second["fates"]) == (0, {"redriven_before": unknown})
    async with Worker(mended) as worker:
        await worker.ready()
        await _let_time_pass(mended)
        assert await worker.metric('dead_letters_total{reason="unknown_instrument"}') == 0
        assert await worker.stop() == 0
    until, catalogue = microseconds(AFTERWARDS), load_catalogue(mended.ruleset)
    foretold = oracle.foretell(catalogue, mended, original, until=until)
    assert foretold.dead_letters == {}
    states = await folded(mended.kafka, changelog_name(mended.app_id))
    assert oracle.remembered(catalogue, states, until=until) == foretold.standings
    published = await committed_records(mended.kafka, _name(mended, Channel.ALERTS))
    alerts = {name: _whatever_rules(alert) for name, alert in oracle.told(published).items()}
    standings = {
        case: json.dumps(
            {"alerts": list(map(_whatever_rules, json.loads(line)["alerts"]))}
        ).encode()
        for case, line in foretold.standings.items()
    }
    assert oracle.phantoms_and_gaps(alerts, standings) == ([], [])
    report(f"{len(original)} events, {unknown} redriven, {len(alerts)} alerts: as foretold")


async def test_a_redrive_killed_in_the_middle_is_completed_by_the_next_one(
    settings: Settings, mended: Settings
) -> None:
    await topics.create(settings)
    events, unknown = _clinic()
    await publish(settings, events, lambda **_: None)
    async with Worker(settings) as worker:
        await worker.ready()
        await drained(settings, oracle.inputs(settings))
        assert await worker.stop() == 0
    letters = _name(settings, Channel.DEAD_LETTERS)
    killed = await _start(mended, "--go", "--rate", "25")
    async with asyncio.timeout(30):
        while len(await committed_records(settings.kafka, letters)) < unknown + 10:
            assert killed.returncode is None
    killed.kill()
    await killed.wait()
    before = len(await committed_records(settings.kafka, letters)) - unknown
    assert before < unknown

    done = await _redrive(mended, "--go")

    assert done["redriven"] == unknown - before
    assert done["fates"] == {"ready": unknown - before, "redriven_before": before}
    origins = Counter(
        dict(record.headers).get("x-rupture-watch-redriven") for record in await _inputs(settings)
    )
    assert origins.pop(None) == len(events)
    assert len(origins) == unknown
    assert set(origins.values()) == {1}
    report(f"{before} before the kill, {unknown - before} after it, each once")


async def test_what_fails_again_is_tried_three_times_and_not_a_fourth(settings: Settings) -> None:
    await topics.create(settings)
    ratings = _name(settings, Channel.RATINGS)
    async with producing(settings.kafka) as producer:
        await producer.send_and_wait(ratings, key=b"c", value=b"bad")
    counts = []
    async with Worker(settings, module=COUNTING) as worker:
        await worker.ready()
        for _ in range(4):
            await caught_up(settings, [ratings])
            counts.append((await _redrive(settings, "--go", "--even-refused"))["fates"])
        assert await worker.stop() == 0
    assert counts == [
        {"ready": 1},
        {"ready": 1, "redriven_before": 1},
        {"redriven_before": 2, "tried_thrice": 1},
        {"redriven_before": 2, "tried_thrice": 1},
    ]
    attempts = [
        dict(letter.headers)["x-rupture-watch-attempt"]
        for letter in await committed_records(settings.kafka, _name(settings, Channel.DEAD_LETTERS))
        if letter.value is not None
    ]
    assert sorted(attempts) == [b"1", b"2", b"3"]


def _name(settings: Settings, channel: Channel) -> str:
    return topic_name(settings.topic_prefix, channel)


def _clinic() -> tuple[list[bytes], int]:
    """Return a clinic's events, and how many of them name the instrument."""
    events = []
    forms = unknown = 0
    for event in simulate(cases=40, weeks=16, seed=5, bad_share=0.0):
        if event["data"].get("instrument") == "SRS":
            forms += 1
            if forms % EVERY == 0:
                event["data"]["instrument"] = "SRS-CHILD"
                unknown += 1
        events.append(json.dumps(event).encode())
    return events, unknown


def _whatever_rules(alert: dict[str, Any]) -> dict[str, Any]:
    """Leave out the rule set's digest: an alert told before the fix names the one of its time."""
    return {name: value for name, value in alert.items() if name != "ruleset"}


async def _inputs(settings: Settings) -> list[Any]:
    return [
        record
        for name in oracle.inputs(settings)
        for record in await committed_records(settings.kafka, name)
    ]


async def _start(settings: Settings, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rupture_watch", "redrive", "--json", *arguments),
        env={**os.environ, **as_environment(settings)},
        stdout=PIPE,
        stderr=PIPE,
    )


async def _redrive(settings: Settings, *arguments: str) -> dict[str, Any]:
    process = await _start(settings, *arguments)
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    told: dict[str, Any] = json.loads(out)
    return told


async def _let_time_pass(settings: Settings) -> None:
    await caught_up(settings, oracle.inputs(settings))
    topic = _name(settings, Channel.TICKS)
    async with producing(settings.kafka) as producer:
        for partition in range(settings.partitions):
            value = json.dumps({"time": AFTERWARDS}).encode()
            await producer.send_and_wait(topic, value, partition=partition)
    await drained(settings, [topic])
