"""When refused records are bad input, and when they are a fault that halts the worker."""

from __future__ import annotations

import pytest

from rupture_watch.stream.flood import FloodGuard
from rupture_watch.stream.ledger import Place
from tests.component.counting import CountingPipeline
from tests.component.memory_log import DEAD_LETTERS, RATINGS, MemoryLog, Read, lane_on, records


def _feed(guard: FloodGuard, pattern: str, *, partition: int = 0) -> bool:
    """Feed one record per character, ``x`` refused; tell whether all were accepted."""
    offsets = range(len(pattern))
    refused = {offset for offset in offsets if pattern[offset] == "x"}
    return guard.accepts(partition, offsets, refused)


def test_fifty_refused_in_a_row_are_borne_and_the_next_one_is_not() -> None:
    assert _feed(FloodGuard(), "x" * 50)
    assert not _feed(FloodGuard(), "x" * 51)


def test_one_good_record_ends_the_row() -> None:
    assert _feed(FloodGuard(), "x" * 50 + "." + "x" * 49)


def test_a_fifth_of_five_hundred_is_borne_and_one_more_is_not() -> None:
    assert _feed(FloodGuard(), "x...." * 100)
    assert not _feed(FloodGuard(), "x...." * 99 + "xx...")


def test_fewer_than_five_hundred_records_say_nothing_about_the_share() -> None:
    assert _feed(FloodGuard(), "x." * 249)


def test_old_refusals_leave_the_window() -> None:
    guard = FloodGuard()
    assert _feed(guard, "x...." * 100)
    assert _feed(guard, "." * 500)
    assert _feed(guard, "x...." * 100)


def test_the_count_goes_on_across_batches() -> None:
    guard = FloodGuard()
    assert all(_feed(guard, "x" * 10) for _ in range(5))
    assert not _feed(guard, "x")


def test_partitions_are_counted_apart() -> None:
    guard = FloodGuard()
    assert _feed(guard, "x" * 40, partition=0)
    assert _feed(guard, "x" * 40, partition=1)


def test_a_partition_that_comes_back_starts_anew() -> None:
    guard = FloodGuard()
    assert _feed(guard, "x" * 50)
    guard.forget(0)
    assert _feed(guard, "x" * 50)


@pytest.mark.parametrize("good", [0, 350])
async def test_a_halted_lane_writes_and_commits_nothing_past_the_halt(good: int) -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline(alert_every=10**9))
    await lane.restored({0: None})
    place = Place(RATINGS, 0)
    flood = records(400, first=good, value=b"bad")
    await lane.advance({0: [*records(good), *flood]})
    assert lane.halted
    await lane.checkpoint()
    reached = lane.ledger.pending().get(place, 0)
    assert reached <= good + 50
    assert [_offset(r.headers) for r in log.of(DEAD_LETTERS)] == list(range(good, reached))
    await lane.advance({0: records(10, first=good + 400)})
    assert lane.ledger.pending().get(place, 0) == reached


async def test_ticks_do_not_hide_a_flood() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None})
    for offset in range(60):
        await lane.advance({0: [Read("t.ticks.v1", 0, offset, None)]})
        await lane.advance({0: records(1, first=offset, value=b"bad")})
    assert lane.halted
    assert len(log.of(DEAD_LETTERS)) == 50


def _offset(headers: object) -> int:
    assert isinstance(headers, list)
    return int(dict(headers)["__connect.errors.offset"])
