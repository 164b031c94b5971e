"""Offsets, pace, lag and lease: the small parts of the lane."""

from __future__ import annotations

import asyncio
import time

import pytest

from rupture_watch.metrics import Metrics
from rupture_watch.stream import backlog as backlogs
from rupture_watch.stream.backlog import Backlog
from rupture_watch.stream.failpoints import KILLED, Failpoint
from rupture_watch.stream.lease import Lease, now
from rupture_watch.stream.ledger import Ledger, OffsetWentBack, Place
from rupture_watch.stream.pacer import Pacer
from rupture_watch.stream.ports import PutOut
from rupture_watch.stream.turns import Turns
from tests.component.counting import CountingPipeline
from tests.component.memory_log import RATINGS, TICKS, MemoryLog, lane_on, records

PLACE, TICK_PLACE = Place(RATINGS, 0), Place(TICKS, 0)


def test_nothing_is_pending_before_it_is_durable_and_nothing_twice() -> None:
    ledger = Ledger()
    ledger.advance(PLACE, 7)
    assert ledger.pending() == {}
    ledger.settle({PLACE: 7})
    assert ledger.pending() == {PLACE: 7}
    ledger.commit({PLACE: 7})
    assert ledger.pending() == {}


def test_a_gap_in_the_offsets_is_no_obstacle() -> None:
    ledger = Ledger()
    ledger.advance(PLACE, 3)
    ledger.advance(PLACE, 100)
    ledger.settle({PLACE: 100})
    assert ledger.pending() == {PLACE: 100}


def test_the_bookkeeping_refuses_to_go_back_or_ahead() -> None:
    ledger = Ledger()
    ledger.advance(PLACE, 7)
    with pytest.raises(OffsetWentBack):
        ledger.advance(PLACE, 6)
    with pytest.raises(OffsetWentBack):
        ledger.settle({PLACE: 8})
    with pytest.raises(OffsetWentBack):
        ledger.commit({PLACE: 7})


def test_a_partition_given_up_has_nothing_left_to_commit() -> None:
    ledger = Ledger()
    ledger.advance(PLACE, 7)
    ledger.settle({PLACE: 7})
    ledger.forget([PLACE])
    assert ledger.pending() == {}
    assert not ledger.behind


def test_an_unknown_lag_counts_as_large_until_it_is_known() -> None:
    backlog = Backlog(TICKS)
    backlog.expect([PLACE, TICK_PLACE])
    assert _large(backlog) is True
    backlog.note(PLACE, 3)
    assert _large(backlog) is False
    assert backlog.by_topic() == {RATINGS: 3}


def test_ticks_alone_never_make_a_large_backlog() -> None:
    backlog = Backlog(TICKS)
    backlog.note(TICK_PLACE, 10**6)
    assert _large(backlog) is False
    backlog.note(PLACE, backlogs.LARGE + 1)
    assert _large(backlog) is True
    backlog.forget([PLACE])
    assert _large(backlog) is False


async def test_a_checkpoint_is_due_after_the_interval_and_only_with_something_to_write() -> None:
    lane = lane_on(MemoryLog(), CountingPipeline())
    await lane.restored({0: None})
    backlog = Backlog(TICKS)
    eager = Pacer(lane, backlog, Metrics(), interval=0.0)
    patient = Pacer(lane, backlog, Metrics(), interval=3600.0)
    assert not eager.due()
    await lane.advance({0: records(1)})
    assert eager.due()
    assert not patient.due()
    await lane.checkpoint()
    lane.ledger.commit(lane.ledger.pending())
    assert not eager.due()


async def test_under_backlog_checkpoints_are_fewer_but_bounded_by_dirty_cases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lane = lane_on(MemoryLog(), CountingPipeline())
    await lane.restored({0: None})
    await lane.advance({0: records(3, key=lambda n: b"%d" % n)})
    backlog = Backlog(TICKS)
    pacer = Pacer(lane, backlog, Metrics(), interval=0.2)
    with pacer.measured():
        started = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: started + 0.5)
    assert pacer.due()
    backlog.note(PLACE, backlogs.LARGE + 1)
    assert not pacer.due()
    monkeypatch.setattr("rupture_watch.stream.pacer.MOST_DIRTY", 3)
    assert pacer.due()


async def test_a_write_waits_for_the_lease_and_fails_when_it_is_lost() -> None:
    lease = Lease(session=3600.0)
    assert not lease.valid
    waiting = asyncio.create_task(lease.held())
    await asyncio.sleep(0)
    assert not waiting.done()
    lease.renew(now())
    await asyncio.wait_for(waiting, timeout=5)
    lease.lose()
    with pytest.raises(PutOut):
        await lease.held()


def test_a_lease_runs_out_a_session_after_the_last_answered_heartbeat() -> None:
    lease = Lease(session=10.0)
    lease.renew(now() - 9.0)
    assert lease.valid
    lease.renew(now() - 10.0)
    assert not lease.valid


async def test_a_turn_outlives_the_caller_that_is_cancelled() -> None:
    release, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await release.wait()
        done.set()

    turns = Turns(die=_raise)
    caller = asyncio.create_task(turns.take(work()))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    release.set()
    await turns.idle()
    assert done.is_set()


async def test_an_exception_in_a_turn_ends_the_process_and_is_never_raised() -> None:
    deaths: list[BaseException] = []

    async def work() -> None:
        raise ZeroDivisionError

    await Turns(die=deaths.append).take(work())
    assert [type(death) for death in deaths] == [ZeroDivisionError]


async def test_a_turn_of_a_worker_that_was_put_out_just_ends() -> None:
    async def work() -> None:
        raise PutOut

    await Turns(die=_raise).take(work())


def test_a_failpoint_kills_at_its_own_point_and_count(monkeypatch: pytest.MonkeyPatch) -> None:
    exits: list[int] = []
    monkeypatch.setattr("os._exit", exits.append)
    failpoint = Failpoint("after_state_durable:2")
    failpoint.passing("after_state_durable")
    failpoint.passing("after_decided")
    assert exits == []
    failpoint.passing("after_state_durable")
    assert exits == [KILLED]


def test_an_unknown_failpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="after_decided"):
        Failpoint("after_lunch")


def _large(backlog: Backlog) -> bool:
    return backlog.large


def _raise(error: BaseException) -> None:
    raise error
