"""Another number of partitions: every case stands where it stood, no event is lost or doubled."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.contracts.wire import microseconds
from rupture_watch.kafka.admin import Admin
from rupture_watch.kafka.topics import changelog_name
from rupture_watch.kafka.transactions import partition_of
from rupture_watch.operations import topics
from rupture_watch.operations.publish import publish
from rupture_watch.operations.repartition import NotNow, renamed, repartition
from rupture_watch.operations.simulate import simulate
from rupture_watch.rulesets import load_catalogue
from rupture_watch.settings import InvalidSettings, as_environment
from tests.faults import oracle
from tests.faults.topic_reader import (
    caught_up,
    committed_records,
    drained,
    folded,
    producing,
    read_all,
)
from tests.faults.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.settings import Settings

pytestmark = [
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]

AFTERWARDS = "2026-03-01T00:00:00Z"


class Crash(Exception):
    """The process ends here."""


def _crash_at(number: int) -> Any:
    """Return a progress that ends the migration at its ``number``-th report."""
    left = iter(range(number - 1))

    def tell(_: str, __: int) -> None:
        if next(left, None) is None:
            raise Crash

    return tell


def _silent(_: str, __: int) -> None:
    """Take progress and show none."""


@pytest.mark.parametrize("partitions", [7, 2])
async def test_after_a_migration_with_crashes_and_late_senders_all_stands_as_its_facts_put_it(
    settings: Settings, partitions: int
) -> None:
    await topics.create(settings)
    new = _renamed(settings, partitions)
    events = [json.dumps(event).encode() for event in simulate(40, 12, 3)]
    parts = [events[start::3] for start in range(3)]
    async with Worker(settings) as worker:
        await worker.ready()
        await publish(settings, parts[0], _quiet)
        await drained(settings, oracle.inputs(settings))
        with pytest.raises(NotNow, match=r"1 workers of .* are running: stop them first"):
            await repartition(settings, new, go=False, progress=_silent)
        assert await worker.stop() == 0
    unread = (await publish(settings, parts[1], _quiet)).acknowledged
    before = await folded(settings.kafka, changelog_name(settings.app_id))

    for crash in (1, 3, 7):
        with pytest.raises(Crash):
            await repartition(settings, new, go=True, progress=_crash_at(crash))
    done = await repartition(settings, new, go=True, progress=_silent)
    assert done.cases == len(before)
    assert await folded(settings.kafka, changelog_name(new.app_id)) == before
    async with Worker(new) as worker:
        await worker.ready()
        belated = (await publish(settings, parts[2], _quiet)).acknowledged  # by an untold sender
        late = await repartition(settings, new, go=True, progress=_silent)
        assert late.cases is None
        assert sum(late.carried.values()) == belated
        await _let_time_pass(new)
        assert await worker.stop() == 0

    await _compare(settings, new, unread=unread + belated)


async def test_without_go_it_says_what_there_is_and_makes_nothing(settings: Settings) -> None:
    await topics.create(settings)
    events = [json.dumps(event).encode() for event in simulate(10, 8, 3, bad_share=0.0)]
    await publish(settings, events, _quiet)
    new = _renamed(settings, 5)
    told = _command(settings, "--partitions", "5", "--prefix", new.topic_prefix)
    assert json.loads(told) == {
        "dry_run": True,
        "waiting": {**Counter(_channels(events))},
        "carried": {},
        "cases_compared": None,
    }
    async with Admin(settings.kafka) as admin:
        assert not [name for name in await admin.topics() if name.startswith(new.topic_prefix)]


async def test_old_workers_that_ran_again_are_not_written_over_the_new_ones(
    settings: Settings,
) -> None:
    await topics.create(settings)
    events = [json.dumps(event).encode() for event in simulate(10, 8, 3, bad_share=0.0)]
    new = _renamed(settings, 3)
    await repartition(settings, new, go=True, progress=_silent)
    await publish(new, events[:50], _quiet)
    await publish(settings, events[50:], _quiet)
    for one in (new, settings):
        async with Worker(one) as worker:
            await worker.ready()
            await drained(one, oracle.inputs(one))
            assert await worker.stop() == 0
    with pytest.raises(NotNow, match="start over with a new --app-id"):
        await repartition(settings, new, go=True, progress=_silent)


async def test_the_new_installation_has_names_of_its_own(settings: Settings) -> None:
    for names in (
        {"prefix": settings.topic_prefix, "app_id": "new"},
        {"prefix": "new.", "app_id": settings.app_id},
        {"prefix": "a b", "app_id": "new"},
    ):
        with pytest.raises(InvalidSettings, match="--prefix"):
            renamed(settings, partitions=3, **names)


def _renamed(settings: Settings, partitions: int) -> Settings:
    prefix = f"{settings.app_id}n."
    return renamed(settings, partitions=partitions, prefix=prefix, app_id=f"{settings.app_id}n")


def _quiet(*, read: int, acknowledged: int) -> None:
    """Take progress and show none."""


def _channels(events: Iterable[bytes]) -> Iterable[str]:
    for event in map(json.loads, events):
        yield (
            next(c for c in ("ratings", "attendance", "frame", "reviews") if _is(event, c)) + ".v1"
        )


def _is(event: dict[str, Any], channel: str) -> bool:
    names = {"ratings": "session.rated", "attendance": "attendance.", "reviews": "alert.reviewed"}
    return channel == "frame" or names[channel] in event["type"]


async def _compare(old: Settings, new: Settings, *, unread: int) -> None:
    until, catalogue = microseconds(AFTERWARDS), load_catalogue()
    carried = [r for name in oracle.inputs(new) for r in await committed_records(new.kafka, name)]
    assert len(carried) == unread
    assert all(r.partition == partition_of(r.key, new.partitions) for r in carried if r.key)
    received = [r for name in oracle.inputs(old) for r in await read_all(old.kafka, name)]
    foretold = oracle.foretell(catalogue, old, received, until=until)
    states = await folded(new.kafka, changelog_name(new.app_id))
    assert oracle.remembered(catalogue, states, until=until) == foretold.standings
    published = await committed_records(new.kafka, topic_name(new.topic_prefix, Channel.ALERTS))
    alerts = oracle.told(published)
    assert alerts
    assert oracle.phantoms_and_gaps(alerts, foretold.standings) == ([], [])
    assert await _cases(new) == oracle.summaries(catalogue, states, until=until)


async def _cases(settings: Settings) -> dict[bytes, bytes]:
    name = topic_name(settings.topic_prefix, Channel.CASES)
    last = {r.key: r.value for r in await committed_records(settings.kafka, name)}
    return {key: value for key, value in last.items() if value is not None}


async def _let_time_pass(settings: Settings) -> None:
    await caught_up(settings, oracle.inputs(settings))
    topic = topic_name(settings.topic_prefix, Channel.TICKS)
    async with producing(settings.kafka) as producer:
        for partition in range(settings.partitions):
            value = json.dumps({"time": AFTERWARDS}).encode()
            await producer.send_and_wait(topic, value, partition=partition)
    await drained(settings, [topic])


def _command(settings: Settings, *arguments: str) -> str:
    return subprocess.run(
        [
            *(sys.executable, "-m", "rupture_watch", "repartition", "--json"),
            *("--app-id", f"{settings.app_id}n", *arguments),
        ],
        env=as_environment(settings),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
