"""Our part of Faust's consumer, on a stub of the thread that talks to the broker."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
import pytest_asyncio
from aiokafka import ConsumerRecord
from faust.types import TP

from rupture_watch.metrics import Metrics
from rupture_watch.settings import Settings
from rupture_watch.stream.app import build
from rupture_watch.stream.backlog import Backlog
from rupture_watch.stream.engine import Engine, Topics
from rupture_watch.stream.failpoints import Failpoint
from rupture_watch.stream.health import Health
from rupture_watch.stream.intake import TURN
from rupture_watch.stream.lane import FIRST_SLICE
from rupture_watch.stream.lease import Lease
from rupture_watch.stream.ledger import Place
from rupture_watch.stream.merge import FULL
from rupture_watch.stream.pacer import Pacer
from rupture_watch.stream.ports import PutOut
from rupture_watch.stream.turns import Turns
from tests.component.counting import CountingPipeline
from tests.component.memory_log import CHANGELOG, RATINGS, TICKS, MemoryLog, Read, lane_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from rupture_watch.stream.consumer import LaneConsumer

FIRST_TURN = TURN * FIRST_SLICE
INPUT, TICK, STATE = TP(RATINGS, 0), TP(TICKS, 0), TP(CHANGELOG, 0)


class Thread:
    """Answers as the consumer's thread would; ``polls`` are handed out one after another."""

    def __init__(self) -> None:
        self.sought: list[dict[TP, int]] = []
        self.committed: list[dict[TP, int]] = []
        self.asked: list[set[TP]] = []
        self.polls: list[Any] = []
        self.accepts = True
        self.member = True
        self.positions: dict[TP, int | None] = {}
        self.ends: dict[TP, int] = defaultdict(int)
        self.unread: dict[TP, int | None] = {}
        self.following: dict[TP, int | None] = {}

    async def getmany(self, active: set[TP], timeout: float) -> Mapping[TP, list[Read]]:  # noqa: ASYNC109, ARG002 - as stock
        self.asked.append(active)
        await asyncio.sleep(0)
        return self.polls.pop(0)() if self.polls else {}

    async def seek_wait(self, positions: Mapping[TP, int]) -> None:
        self.sought.append(dict(positions))

    async def seek_to_committed(self) -> Mapping[TP, int | None]:
        return self.positions

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        self.committed.append(dict(offsets))
        return self.accepts

    def assignment(self) -> set[TP]:
        return {INPUT, TICK, STATE}

    def highwater(self, tp: TP) -> int:
        return self.ends[tp]

    def left(self, tp: TP) -> int | None:
        return self.unread.get(tp, 0)

    def next_offset(self, tp: TP) -> int | None:
        return self.following.get(tp)


class Bench:
    """A consumer that is assigned partition 0 of everything, and what it works with."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.pipeline = CountingPipeline()
        self.lane = lane_on(self.log, self.pipeline)
        self.deaths: list[BaseException] = []
        metrics, backlog = Metrics(), Backlog(TICKS)
        self.engine = Engine(
            topics=Topics("t.", frozenset({RATINGS, TICKS}), TICKS, CHANGELOG),
            lane=self.lane,
            turns=Turns(self.deaths.append),
            backlog=backlog,
            pacer=Pacer(self.lane, backlog, metrics, interval=0.0),
            health=Health(metrics),
            lease=Lease(10.0),
            metrics=metrics,
            failpoint=Failpoint(""),
            limit=5.0,
        )
        self.app = cast("Any", build(Settings(), self.engine))
        self.consumer: LaneConsumer = self.app.consumer
        self.consumer._thread.thread_loop.close()
        self.thread = cast("Any", Thread())
        self.consumer._thread = self.thread
        self.fetcher: Any = SimpleNamespace(should_stop=False)
        self.app.tables.recovery.active_tps.add(STATE)
        self.app.consumer_generation_id = 1
        self.consumer.resume_partitions({INPUT, TICK, STATE})
        self.consumer.resume_flow()

    async def drain(self, *polls: Any) -> None:
        """Run the fetching loop over these polls and stop it."""

        def stop() -> Mapping[TP, list[Read]]:
            self.fetcher.should_stop = True
            return {}

        self.thread.polls = [*polls, stop]
        async with asyncio.timeout(5):
            await self.consumer._drain_messages(self.fetcher)
        await self.engine.turns.idle()

    def rebalanced_meanwhile(self, fetched: Mapping[TP, list[Read]]) -> Any:
        """Return a poll during which a new generation begins."""

        def poll() -> Mapping[TP, list[Read]]:
            self.app.consumer_generation_id += 1
            return fetched

        return poll


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    await bench.lane.restored({0: None})
    yield bench
    assert bench.deaths == []


def _read(tp: TP, *offsets: int) -> list[Read]:
    key = None if tp == TICK else b"a"
    return [Read(tp.topic, tp.partition, offset, key) for offset in offsets]


def _stop_after(fetched: Mapping[TP, list[Read]], bench: Bench) -> Mapping[TP, list[Read]]:
    bench.fetcher.should_stop = True
    return fetched


async def test_inputs_are_polled_only_after_their_committed_offsets_were_sought(
    bench: Bench,
) -> None:
    assert _pollable(bench) == {STATE}
    await bench.consumer.perform_seek()
    bench.engine.backlog.note(Place(*INPUT), 0)
    assert _pollable(bench) == {INPUT, TICK, STATE}
    bench.app.consumer_generation_id += 1
    assert _pollable(bench) == {STATE}


async def test_a_worker_that_was_put_out_reads_no_inputs_until_it_is_in_again(
    bench: Bench,
) -> None:
    await bench.consumer.perform_seek()
    bench.engine.lease.lose()
    assert _pollable(bench) == {STATE}


async def test_the_polled_set_is_a_copy_for_an_empty_one_would_mean_every_partition(
    bench: Bench,
) -> None:
    await bench.drain(dict)
    asked = bench.thread.asked[0]
    bench.consumer.pause_partitions({INPUT, TICK, STATE})
    assert asked == {STATE}


async def test_a_tick_is_processed_after_the_events_that_its_topics_are_behind_with(
    bench: Bench,
) -> None:
    await bench.consumer.perform_seek()
    bench.thread.unread[INPUT] = 2

    def events() -> Mapping[TP, list[Read]]:
        bench.thread.unread[INPUT] = 0
        return {INPUT: _read(INPUT, 0, 1)}

    await bench.drain(lambda: {TICK: _read(TICK, 0)}, dict, events)
    assert bench.pipeline.shards[0].taken == [RATINGS, RATINGS, TICKS]


async def test_before_the_first_fetch_a_topic_counts_as_behind(bench: Bench) -> None:
    await bench.consumer.perform_seek()
    bench.thread.unread[INPUT] = None
    await bench.drain(lambda: {TICK: _read(TICK, 0)})
    assert bench.pipeline.shards[0].taken == []


async def test_a_partition_with_a_full_queue_is_not_polled(bench: Bench) -> None:
    await bench.consumer.perform_seek()
    fetched = _read(INPUT, *range(FULL + FIRST_TURN + 1))
    await bench.drain(lambda: {INPUT: fetched}, dict, dict)
    assert [INPUT in asked for asked in bench.thread.asked] == [True, False, True, True]
    assert all(TICK in asked for asked in bench.thread.asked)


async def test_what_is_queued_is_neither_committed_nor_kept_when_partitions_are_given_up(
    bench: Bench,
) -> None:
    await bench.consumer.perform_seek()
    fetched = _read(INPUT, *range(FIRST_TURN + 100))
    await bench.drain(lambda: _stop_after({INPUT: fetched}, bench))
    await bench.consumer.on_partitions_revoked({INPUT, TICK, STATE})
    assert bench.thread.committed == [{INPUT: FIRST_TURN}]
    bench.thread.positions = {INPUT: FIRST_TURN}
    bench.consumer.resume_partitions({INPUT, TICK, STATE})
    bench.consumer.resume_flow()
    await bench.consumer.perform_seek()
    bench.fetcher.should_stop = False
    await bench.drain(lambda: {INPUT: fetched[FIRST_TURN:]})
    assert bench.lane.ledger.processed() == {Place(*INPUT): FIRST_TURN + 100}
    assert len(bench.pipeline.shards[0].taken) == FIRST_TURN + 100


async def test_after_a_halt_only_the_state_is_read(bench: Bench) -> None:
    await bench.consumer.perform_seek()
    bench.lane.halted = True
    assert _pollable(bench) == {STATE}


async def test_the_record_at_the_read_offset_is_the_next_to_read(bench: Bench) -> None:
    bench.thread.positions = {INPUT: 5}
    await bench.consumer.perform_seek()
    await bench.drain(lambda: {INPUT: _read(INPUT, 3, 4, 5, 6)})
    assert b'"n": 2' in bench.lane._shards[0].encode([b"a"])[0][1]  # type: ignore[operator]
    assert bench.consumer._read_offset[INPUT] == 7


async def test_a_poll_that_a_rebalance_overtook_is_read_again_not_processed_nor_dropped(
    bench: Bench,
) -> None:
    bench.thread.positions = {INPUT: 5}
    await bench.consumer.perform_seek()
    bench.thread.sought.clear()
    await bench.drain(bench.rebalanced_meanwhile({INPUT: _read(INPUT, 5, 6)}))
    assert bench.lane.ledger.processed() == {}
    assert bench.thread.sought == [{INPUT: 5}]


async def test_a_restore_that_a_rebalance_overtook_leaves_no_hole(bench: Bench) -> None:
    recovery = bench.app.tables.recovery
    recovery.active_offsets[STATE] = 7
    recovery.active_highwaters[STATE] = 100
    await bench.drain(bench.rebalanced_meanwhile({STATE: _read(STATE, 8, 9)}))
    assert bench.lane.partitions.cases(0) == {}
    assert bench.thread.sought == [{STATE: 7}]


async def test_a_partition_without_a_commit_is_rewound_to_its_beginning(bench: Bench) -> None:
    bench.thread.positions = {INPUT: None, TICK: 4}
    await bench.consumer.perform_seek()
    assert bench.thread.sought == [{INPUT: 0}]


async def test_a_restore_is_applied_in_bulk_up_to_the_last_record_that_faust_must_see(
    bench: Bench,
) -> None:
    recovery = bench.app.tables.recovery
    recovery.tp_to_table[STATE] = next(iter(bench.app.tables.values()))
    recovery.active_offsets[STATE] = 1
    recovery.active_highwaters[STATE] = 4
    seen: list[int] = []

    async def callback(message: Any) -> None:
        await asyncio.sleep(0)
        seen.append(message.offset)

    bench.consumer.callback = callback
    fetched = [
        ConsumerRecord(CHANGELOG, 0, offset, 0, 0, b"a", b"x", None, 1, 1, ())
        for offset in (1, 2, 3, 4)
    ]
    await bench.drain(lambda: {STATE: fetched})
    assert bench.lane.partitions.cases(0) == {b"a": b"x"}
    assert recovery.active_offsets[STATE] == 3
    assert seen == [4]


async def test_records_of_a_changelog_that_is_not_restored_are_dropped(bench: Bench) -> None:
    foreign = TP(CHANGELOG, 3)
    bench.consumer.resume_partitions({foreign})
    await bench.drain(lambda: {foreign: _read(foreign, 0, 1)})
    assert set(bench.lane.partitions.owned()) == {0}


async def test_a_revoked_partition_is_settled_and_committed_before_it_is_given_up(
    bench: Bench,
) -> None:
    await bench.consumer.perform_seek()
    await bench.drain(lambda: {INPUT: _read(INPUT, 0, 1)})
    await bench.consumer.on_partitions_revoked({INPUT, TICK, STATE})
    assert bench.thread.committed == [{INPUT: 2}]
    assert len(bench.log.changelog[0]) == 1
    assert bench.lane.ledger.processed() == {}


async def test_a_worker_that_was_put_out_writes_nothing_any_more(bench: Bench) -> None:
    await bench.consumer.perform_seek()
    await bench.drain(lambda: {INPUT: _read(INPUT, 0, 1)})
    bench.thread.member = False
    await bench.consumer.on_partitions_revoked({INPUT, TICK, STATE})
    assert bench.thread.committed == []
    assert bench.log.changelog[0] == []
    assert set(bench.lane.partitions.owned()) == set()


async def test_a_worker_that_finds_itself_put_out_while_it_settles_drops_everything(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.consumer.perform_seek()
    await bench.drain(lambda: {INPUT: _read(INPUT, 0, 1)})

    async def refused(*_: object) -> list[int]:
        raise PutOut

    monkeypatch.setattr(bench.log, "append", refused)
    await bench.consumer.on_partitions_revoked({INPUT, TICK, STATE})
    await bench.consumer.wait_empty()
    assert bench.thread.committed == []
    assert set(bench.lane.partitions.owned()) == set()
    assert bench.lane.dirty == 0


async def test_a_refused_commit_is_no_failure_and_is_tried_again(bench: Bench) -> None:
    await bench.consumer.perform_seek()
    await bench.drain(lambda: {INPUT: _read(INPUT, 0)})
    bench.thread.accepts = False
    await bench.consumer.wait_empty()
    bench.thread.accepts = True
    await bench.consumer.wait_empty()
    assert bench.thread.committed == [{INPUT: 1}] * 2
    assert bench.lane.ledger.pending() == {}


async def test_faust_itself_never_commits(bench: Bench) -> None:
    await bench.consumer.perform_seek()
    await bench.drain(lambda: {INPUT: _read(INPUT, 0)})
    assert not await bench.consumer.commit()
    assert bench.thread.committed == []


async def test_a_stop_in_the_middle_of_a_batch_lets_it_finish(bench: Bench) -> None:
    await bench.consumer.perform_seek()
    bench.log.acknowledging.clear()
    drain = asyncio.create_task(bench.drain(lambda: {INPUT: _read(INPUT, *range(20))}))
    async with asyncio.timeout(5):
        while not bench.log.journal:  # noqa: ASYNC110 - the state of the code under test
            await asyncio.sleep(0)
    drain.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drain
    bench.log.acknowledging.set()
    await bench.consumer.wait_empty()
    assert bench.thread.committed == [{INPUT: 20}]


def _pollable(bench: Bench) -> set[TP]:
    return {TP(*place) for place in bench.consumer.intake.pollable()}
