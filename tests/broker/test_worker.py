"""A counting worker on a real broker: what it reads, writes, commits and says."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.kafka.admin import Admin, TopicPlan
from rupture_watch.kafka.topics import changelog_name, declared
from rupture_watch.operations import topics
from tests.faults.topic_reader import drained, folded, producing, read_all
from tests.faults.worker import COUNTING, Worker
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rupture_watch.settings import Settings

pytestmark = [
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
]


def _name(settings: Settings, channel: Channel) -> str:
    return topic_name(settings.topic_prefix, channel)


async def _send(
    settings: Settings, pairs: Iterable[tuple[bytes, bytes]], channel: Channel = Channel.RATINGS
) -> None:
    async with producing(settings.kafka) as producer:
        for key, value in pairs:
            await producer.send(_name(settings, channel), key=key, value=value)


def _counts(states: dict[bytes, bytes]) -> dict[bytes, int]:
    return {key: json.loads(state)["n"] for key, state in states.items()}


async def test_every_event_is_counted_once_and_every_alert_published_once(
    settings: Settings,
) -> None:
    await topics.create(settings)
    await _send(settings, [(b"c%d" % (n % 50), b"x") for n in range(3000)])
    await _send(settings, [(b"c%d" % (n % 50), b"x") for n in range(1000)], Channel.ATTENDANCE)
    async with Worker(settings, module=COUNTING) as worker:
        await worker.ready()
        inputs = [_name(settings, Channel.RATINGS), _name(settings, Channel.ATTENDANCE)]
        await drained(settings, inputs)
        assert await worker.stop() == 0
    states = await folded(settings.kafka, changelog_name(settings.app_id))
    assert _counts(states) == {b"c%d" % n: 80 for n in range(50)}
    assert all(json.loads(state)["out"] == [] for state in states.values())
    alerts = await read_all(settings.kafka, _name(settings, Channel.ALERTS))
    expected = [(b"c%d" % c, m) for c in range(50) for m in (20, 40, 60, 80)]
    assert sorted((a.key, json.loads(a.value)["n"]) for a in alerts) == sorted(expected)
    standings = await folded(settings.kafka, _name(settings, Channel.CASES))
    assert standings == {b"c%d" % n: b"80" for n in range(50)}


async def test_a_second_worker_carries_on_where_the_first_one_stopped(settings: Settings) -> None:
    await topics.create(settings)
    for _ in range(2):
        await _send(settings, [(b"c%d" % (n % 7), b"x") for n in range(700)])
        async with Worker(settings, module=COUNTING) as worker:
            await worker.ready()
            await drained(settings, [_name(settings, Channel.RATINGS)])
            assert await worker.stop() == 0
    states = await folded(settings.kafka, changelog_name(settings.app_id))
    assert _counts(states) == {b"c%d" % n: 200 for n in range(7)}
    assert len(await read_all(settings.kafka, _name(settings, Channel.ALERTS))) == 70


async def test_a_worker_leaves_nothing_in_its_folder(settings: Settings, tmp_path: Path) -> None:
    await topics.create(settings)
    async with Worker(settings, module=COUNTING, folder=tmp_path) as worker:
        await worker.ready()
        assert await worker.stop() == 0
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - one look, nothing else runs


async def test_sigterm_settles_and_commits_what_is_in_memory(settings: Settings) -> None:
    slow = settings.model_copy(update={"commit_interval": 3600.0})
    await topics.create(slow)
    async with Worker(slow, module=COUNTING) as worker:
        await worker.ready()
        await _send(slow, [(b"c", b"x")] * 30 + [(b"c", b"bad")])
        await _metric_reaches(worker, 'dead_letters_total{reason="bad_json"}', 1)
        assert await worker.stop() == 0
    await drained(slow, [_name(slow, Channel.RATINGS)], limit=5)
    assert _counts(await folded(slow.kafka, changelog_name(slow.app_id))) == {b"c": 30}


async def test_a_dead_letter_has_its_own_bytes_and_the_stream_goes_on(settings: Settings) -> None:
    await topics.create(settings)
    async with Worker(settings, module=COUNTING) as worker:
        await worker.ready()
        await _send(settings, [(b"c", b"x"), (b"c", b"bad"), (b"c", b"x")])
        await drained(settings, [_name(settings, Channel.RATINGS)])
        assert await worker.stop() == 0
    [letter] = await read_all(settings.kafka, _name(settings, Channel.DEAD_LETTERS))
    assert (letter.key, letter.value) == (b"c", b"bad")
    headers = dict(letter.headers)
    assert headers["x-rupture-watch-reason"] == b"bad_json"
    assert headers["__connect.errors.topic"] == _name(settings, Channel.RATINGS).encode()
    assert _counts(await folded(settings.kafka, changelog_name(settings.app_id))) == {b"c": 2}


async def test_a_flood_halts_the_worker_which_stays_up_and_says_so(settings: Settings) -> None:
    await topics.create(settings)
    async with Worker(settings, module=COUNTING) as worker:
        await worker.ready()
        await _send(settings, [(b"c", b"x")] * 10)
        await drained(settings, [_name(settings, Channel.RATINGS)])
        await _send(settings, [(b"c", b"bad")] * 2000)
        line = await worker.logged("halted: too many records of one partition are refused")
        assert "restart" in line["remedy"]
        assert (await worker.probe("/readyz"))[0] == 503
        assert (await worker.probe("/livez"))[0] == 200
        assert await worker.metric("halted") == 1
        assert await worker.stop() == 0
    letters = await read_all(settings.kafka, _name(settings, Channel.DEAD_LETTERS))
    async with Admin(settings.kafka) as admin:
        committed = sum((await admin.committed(settings.app_id)).values())
    assert len(letters) <= 50
    assert committed <= 10 + len(letters)


async def test_probes_and_metrics_answer_on_the_service_s_own_port(settings: Settings) -> None:
    await topics.create(settings)
    async with Worker(settings, module=COUNTING) as worker:
        await worker.ready()
        statuses = [(await worker.probe(path))[0] for path in ("/startupz", "/livez", "/readyz")]
        assert statuses == [200, 200, 200]
        await _send(settings, [(b"c", b"x")] * 40)
        await _metric_reaches(worker, 'alerts_total{change="raised",severity="3"}', 2)
        assert await worker.metric("ready") == 1
        assert await worker.metric("partitions") == settings.partitions
        assert await worker.metric("event_to_alert_seconds_count") >= 1


async def test_each_owned_partition_gets_a_tick_per_interval(settings: Settings) -> None:
    ticking = settings.model_copy(update={"tick_interval": 0.2})
    await topics.create(ticking)
    async with Worker(ticking, module=COUNTING) as worker:
        await worker.ready()
        ticks: list[Any] = []
        while len(ticks) < 3 * ticking.partitions:
            assert worker.running, worker.lines
            ticks = await read_all(ticking.kafka, _name(ticking, Channel.TICKS))
        assert await worker.stop() == 0
    assert {tick.partition for tick in ticks} == set(range(ticking.partitions))
    assert all(set(json.loads(tick.value)) == {"time"} and tick.key is None for tick in ticks)


async def test_a_worker_that_stood_still_past_its_session_writes_nothing_and_ends(
    settings: Settings,
) -> None:
    await topics.create(settings)
    async with Worker(settings, module=COUNTING) as frozen:
        await frozen.ready()
        await _send(settings, [(b"c%d" % (n % 50), b"x") for n in range(500)])
        frozen.signal(signal.SIGSTOP)
        async with Worker(settings, module=COUNTING) as successor:
            await successor.ready()
            await _send(settings, [(b"c%d" % (n % 50), b"x") for n in range(500)])
            await drained(settings, [_name(settings, Channel.RATINGS)])
            frozen.signal(signal.SIGCONT)
            await _settled(frozen, successor)
            await _send(settings, [(b"c%d" % (n % 50), b"x") for n in range(500)])
            await drained(settings, [_name(settings, Channel.RATINGS)])
    states = await folded(settings.kafka, changelog_name(settings.app_id))
    assert _counts(states) == {b"c%d" % n: 30 for n in range(50)}


async def test_a_lone_worker_that_stood_still_past_its_session_has_forgotten_nothing(
    settings: Settings,
) -> None:
    await topics.create(settings)
    events = [(b"c%d" % (n % 50), b"x") for n in range(500)]
    async with Worker(settings, module=COUNTING) as lone:
        await lone.ready()
        await _send(settings, events)
        await drained(settings, [_name(settings, Channel.RATINGS)])
        assert await lone.stop() == 0
    async with Worker(settings, module=COUNTING) as lone:
        await lone.ready()
        lone.signal(signal.SIGSTOP)
        async with Admin(settings.kafka) as admin:

            async def put_out() -> bool:
                return not await admin.members(settings.app_id)

            await until(put_out)
        lone.signal(signal.SIGCONT)
        await _send(settings, events)
        await drained(settings, [_name(settings, Channel.RATINGS)])
        assert await lone.stop() == 0
    states = await folded(settings.kafka, changelog_name(settings.app_id))
    assert _counts(states) == {b"c%d" % n: 20 for n in range(50)}


@pytest.mark.parametrize("fault", ["missing topic", "wrong partitions", "wrong policy"])
async def test_a_wrong_set_up_ends_with_78_and_one_line(settings: Settings, fault: str) -> None:
    plans = {plan.name: plan for plan in declared(settings, brokers=1)}
    spoilt = _name(settings, Channel.RATINGS)
    if fault == "missing topic":
        del plans[spoilt]
    elif fault == "wrong partitions":
        plans[spoilt] = plans[spoilt]._replace(partitions=settings.partitions + 1)
    else:
        changelog = plans[changelog_name(settings.app_id)]
        plans[changelog.name] = _with(changelog, "cleanup.policy", "delete")
        spoilt = changelog.name
    async with Admin(settings.kafka) as admin:
        await admin.create(list(plans.values()))
    async with Worker(settings, module=COUNTING) as worker:
        assert await worker.ended() == 78
    [line] = [line for line in worker.lines if line["level"] == "critical"]
    assert spoilt in line["detail"]


async def test_a_broker_that_is_not_there_ends_with_70_and_one_line(settings: Settings) -> None:
    nowhere = settings.kafka.model_copy(update={"bootstrap": "127.0.0.1:1"})
    lost = settings.model_copy(update={"kafka": nowhere, "retry_limit": 2.0})
    async with Worker(lost, module=COUNTING) as worker:
        assert await worker.ended() == 70
    assert [line["level"] for line in worker.lines].count("critical") == 1


def _with(plan: TopicPlan, name: str, value: str) -> TopicPlan:
    return plan._replace(configs={**plan.configs, name: value})


async def _metric_reaches(worker: Worker, series: str, value: float) -> None:
    while await worker.metric(series) < value:
        assert worker.running, worker.lines


async def _settled(frozen: Worker, successor: Worker) -> None:
    """Wait until the thawed worker has either ended by itself or joined as a new member."""
    while frozen.running:
        with contextlib.suppress(aiohttp.ClientError):
            owned = [await worker.metric("partitions") for worker in (frozen, successor)]
            ready = [await worker.metric("ready") for worker in (frozen, successor)]
            if sum(owned) == 4 and 0 not in owned and ready == [1, 1]:
                return
