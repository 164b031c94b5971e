"""The simulated cluster keeps what Kafka promises, and no more than that."""

from __future__ import annotations

import random
from typing import Any

from rupture_watch.stream.ledger import Place
from tests.simulation.cluster import Group, Partition
from tests.simulation.network import NOWHERE, Network
from tests.simulation.virtual_loop import Process, VirtualLoop

PLACE = Place("t", 0)
ROW = (b"a", b"1", ())


def _loop() -> VirtualLoop:
    return VirtualLoop(random.Random(0))  # type: ignore[abstract] # only what is asked of it


def test_a_batch_that_comes_again_is_appended_once_and_answered_alike() -> None:
    log = Partition(PLACE)
    assert [log.produce(1, 0, [ROW, ROW], 0), log.produce(1, 0, [ROW, ROW], 0)] == [0, 0]
    assert log.produce(1, 1, [ROW], 0) == 2
    assert [record.offset for record in log.records] == [0, 1, 2]


def test_reading_goes_past_gaps_and_compaction_keeps_the_last_value_of_a_key() -> None:
    log = Partition(PLACE)
    for value in (b"1", b"2", b"3"):
        log.append([(b"a", value, ()), (b"b", value, ())], 0)
    log.gap(2)
    before = log.folded()
    log.compact(random.Random(1), tail=True)
    assert log.folded() == before == {b"a": b"3", b"b": b"3"}
    records, following = log.read(0, 100)
    assert len(records) < 6
    assert following == log.end == 8


def test_only_commits_of_the_present_generation_are_taken() -> None:
    loop, joined = _loop(), list[Any]()
    group = Group(loop, random.Random(0), partitions=2, session=1.0, rebalance=2.0)
    loop.run(lambda: True, 0)
    loop.call_soon(group.join, "a", joined.append, context=NOWHERE)
    loop.run(lambda: bool(joined), 5)
    assert joined == [(1, {0, 1})]
    assert group.commit("a", 1, {PLACE: 3})
    loop.call_soon(group.join, "b", joined.append, context=NOWHERE)
    loop.run(lambda: loop.now > 1, 1.5)
    assert group.heartbeat("a", 1) == "rebalance"
    group.join("a", joined.append)
    group.sweep()
    assert [generation for generation, _ in joined] == [1, 2, 2]
    assert not group.commit("a", 1, {PLACE: 4})
    assert group.committed == {PLACE: 3}


def test_a_member_that_is_silent_past_its_session_is_out() -> None:
    loop, joined = _loop(), list[Any]()
    group = Group(loop, random.Random(0), partitions=1, session=1.0, rebalance=2.0)
    loop.call_soon(group.join, "a", joined.append, context=NOWHERE)
    loop.run(lambda: bool(joined), 5)
    loop.call_later(1.5, group.sweep, context=NOWHERE)
    loop.run(lambda: loop.now > 1.5, 3)
    assert group.heartbeat("a", 1) == "unknown"


def test_nothing_of_a_dead_process_runs_any_more_and_a_frozen_one_goes_on_later() -> None:
    loop, ran = _loop(), []
    dead, frozen = Process("dead"), Process("frozen")

    async def work(name: str) -> None:
        ran.append(name)

    for process in (dead, frozen):
        loop.spawn(process, work(process.name))
    loop.kill(dead, 137)
    loop.freeze(frozen)
    loop.run(lambda: False, 1)
    assert ran == []
    loop.thaw(frozen, slept=False)
    loop.run(lambda: False, 2)
    assert ran == ["frozen"]
    loop.close()


def test_a_request_is_repeated_until_it_is_answered_though_its_effect_came_about() -> None:
    loop, effects, answers = _loop(), [], []
    network = Network(loop, random.Random(3))
    network.lossy = 0.8
    process = Process("p")

    def effect(reply: Any) -> None:
        effects.append(loop.now)
        reply(len(effects))

    async def ask() -> None:
        answers.append(await network.call(process, effect))

    loop.spawn(process, ask())
    loop.run(lambda: bool(answers), 1000)
    assert answers == [len(effects)]
    assert len(effects) > 1
    loop.close()
