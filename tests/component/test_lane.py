"""The order of effects, on a log in memory with a pipeline that counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from rupture_watch.stream.ledger import Place
from rupture_watch.stream.ports import LogFailed
from tests.component.counting import CountingPipeline, CountingShard
from tests.component.memory_log import (
    ATTENDANCE,
    DEAD_LETTERS,
    RATINGS,
    TICKS,
    MemoryLog,
    Read,
    lane_on,
    records,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.effects import Effects, Record

PLACE = Place(RATINGS, 0)
ALERTS, CASES, SAFETY = "t.alerts.v1", "t.cases.v1", "t.safety.v1"


async def test_the_state_is_durable_before_the_alert_is_published() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None})
    log.acknowledging.clear()
    batch = asyncio.create_task(lane.advance({0: records(20)}))
    await _until(lambda: log.journal == ["changelog sent"])
    assert log.published == []
    assert lane.partitions.cases(0) == {}
    log.acknowledging.set()
    await batch
    assert log.journal == ["changelog sent", "changelog 1", f"{ALERTS} sent", f"{ALERTS} 1"]


async def test_the_outbox_is_durable_with_its_alert_and_cleared_only_after_publishing() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None})
    await lane.advance({0: records(20)})
    assert b'"out": [20]' in log.folded(0)[b"a"]
    await lane.checkpoint()
    assert b'"out": []' in log.folded(0)[b"a"]


async def test_offsets_count_as_durable_only_when_the_state_is() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None})
    await lane.advance({0: records(5)})
    assert lane.ledger.pending() == {}
    log.acknowledging.clear()
    checkpoint = asyncio.create_task(lane.checkpoint())
    await _until(lambda: f"{CASES} sent" in log.journal)
    assert lane.ledger.pending() == {}
    log.acknowledging.set()
    await checkpoint
    assert lane.ledger.pending() == {PLACE: 5}


async def test_standings_are_published_before_the_state_that_would_hide_a_replay() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None})
    await lane.advance({0: records(5)})
    await lane.checkpoint()
    assert log.journal.index(f"{CASES} 1") < log.journal.index("changelog sent")


async def test_safety_items_are_published_before_the_state_that_would_hide_a_replay() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline(alert_every=1))
    await lane.restored({0: None})
    await lane.advance({0: records(1, value=b"risk")})
    assert log.journal[:3] == [f"{SAFETY} sent", f"{SAFETY} 1", "changelog sent"]


async def test_a_dead_letter_is_acknowledged_before_its_offset_counts_as_processed() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None})
    log.acknowledging.clear()
    batch = asyncio.create_task(lane.advance({0: records(1, value=b"bad")}))
    await _until(lambda: log.journal == [f"{DEAD_LETTERS} sent"])
    assert lane.ledger.processed() == {}
    log.acknowledging.set()
    await batch
    assert lane.ledger.processed() == {PLACE: 1}


async def test_records_that_come_during_a_checkpoint_wait_for_the_next_one() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline(alert_every=10**9))
    await lane.restored({0: None})
    await lane.advance({0: records(5)})
    log.acknowledging.clear()
    checkpoint = asyncio.create_task(lane.checkpoint())
    await _until(lambda: f"{CASES} sent" in log.journal)
    late = asyncio.create_task(lane.advance({0: records(7, first=5)}))
    log.acknowledging.set()
    await asyncio.gather(checkpoint, late)
    assert lane.ledger.processed() == {PLACE: 12}
    assert lane.ledger.pending() == {PLACE: 5}
    await lane.checkpoint()
    assert lane.ledger.pending() == {PLACE: 12}


async def test_a_checkpoint_of_many_cases_writes_each_of_them_once() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline(alert_every=10**9))
    await lane.restored({0: None})
    await lane.advance({0: records(3000, key=lambda n: b"c%d" % (n % 1000))})
    await lane.checkpoint()
    assert len(log.changelog[0]) == len(log.folded(0)) == 1000
    assert lane.dirty == 0


async def test_an_outbox_found_after_a_restore_is_published_again_byte_for_byte() -> None:
    log = MemoryLog()
    first = lane_on(log, CountingPipeline())
    await first.restored({0: None})
    await first.advance({0: records(20)})
    before = log.of(ALERTS)
    second = lane_on(log, CountingPipeline())
    second.partitions.replay(
        0, [Read("changelog", 0, n, k, v) for n, (k, v) in enumerate(log.changelog[0])]
    )
    await second.restored({0: 0})
    assert log.of(ALERTS) == before * 2
    await second.checkpoint()
    assert b'"out": []' in log.folded(0)[b"a"]


async def test_a_replay_of_durable_events_changes_nothing_and_repeats_no_alert() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None})
    await lane.advance({0: records(25)})
    await lane.checkpoint()
    state, alerts = log.folded(0), log.of(ALERTS)
    lane.ledger.forget([PLACE])
    await lane.advance({0: records(20)})
    await lane.checkpoint()
    assert (log.folded(0), log.of(ALERTS)) == (state, alerts)


async def test_memory_changes_only_after_the_acknowledgement() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None})
    await lane.advance({0: records(5)})
    log.broken = True
    with pytest.raises(LogFailed):
        await lane.checkpoint()
    assert lane.partitions.cases(0) == {}
    assert lane.ledger.pending() == {}


async def test_where_one_partition_fails_the_others_stop_with_it() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None, 1: None})
    log.acknowledging.clear()
    other = [Read(RATINGS, 1, n, b"b") for n in range(20)]
    batch = asyncio.create_task(lane.advance({0: records(20), 1: other}))
    await _until(lambda: log.journal == ["changelog sent"] * 2)
    log.broken = True
    log.acknowledging.set()
    with pytest.raises(LogFailed):
        await batch
    assert log.published == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_somebody_else_wrote_to_the_changelog_is_never_the_last_word() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None})
    await lane.advance({0: records(600, key=lambda n: b"c%d" % n)})
    await lane.checkpoint()
    ours = log.folded(0)
    log.changelog[0].append((b"c7", b"stale"))
    await lane.advance({0: records(1, first=600, key=lambda _: b"c0")})
    await lane.checkpoint()
    await lane.checkpoint()
    assert log.folded(0) == ours | {b"c0": lane.partitions.cases(0)[b"c0"]}
    assert lane.partitions.applied(0) == len(log.changelog[0]) - 1
    written = len(log.changelog[0])
    await lane.checkpoint()
    assert len(log.changelog[0]) == written


async def test_topics_are_taken_as_merged_and_each_has_its_own_offset() -> None:
    pipeline = CountingPipeline()
    lane = lane_on(MemoryLog(), pipeline)
    await lane.restored({0: None})
    merged = [
        *records(2, first=7),
        *records(3, topic=ATTENDANCE),
        Read(TICKS, 0, 4, None),
        *records(1, first=9),
    ]
    await lane.advance({0: merged})
    assert pipeline.shards[0].taken == [record.topic for record in merged]
    assert lane.ledger.processed() == {PLACE: 10, Place(ATTENDANCE, 0): 3, Place(TICKS, 0): 5}


async def test_a_slow_slice_makes_the_next_ones_small_enough_for_the_loop_to_breathe() -> None:
    pipeline = CountingPipeline(cost=0.002)
    lane = lane_on(MemoryLog(), pipeline)
    await lane.restored({0: None})
    await lane.advance({0: records(200)})
    sizes = pipeline.shards[0].sizes
    assert sizes[0] > 25
    assert max(sizes[1:]) * 0.002 <= 0.05


async def test_partitions_share_the_loop_one_slice_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns, seen = 0, []
    process = CountingShard.process

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def watched(shard: CountingShard, piece: Sequence[Record]) -> Effects:
        seen.append(turns)
        return process(shard, piece)

    monkeypatch.setattr(CountingShard, "process", watched)
    lane = lane_on(MemoryLog(), CountingPipeline())
    await lane.restored({0: None, 1: None})
    turning = asyncio.create_task(turn())
    other = [Read(RATINGS, 1, n, b"b") for n in range(300)]
    await lane.advance({0: records(300), 1: other})
    turning.cancel()
    assert len(seen) == len(set(seen)) > 2


async def test_a_lost_partition_leaves_memory_and_a_kept_one_keeps_its_shard() -> None:
    pipeline = CountingPipeline()
    lane = lane_on(MemoryLog(), pipeline)
    await lane.restored({0: None, 1: None})
    kept, lost = pipeline.shards[0], pipeline.shards[1]
    await lane.advance({0: records(1)})
    await lane.checkpoint()
    lane.retain([0])
    assert set(lane.partitions.owned()) == {0}
    assert lane.partitions.restore_from(1) == -1
    await lane.restored({0: 0, 1: None})
    assert pipeline.shards[0] is kept
    assert pipeline.shards[1] is not lost


async def test_a_restore_that_began_before_its_partition_was_dropped_brings_nothing_back() -> None:
    pipeline = CountingPipeline()
    lane = lane_on(MemoryLog(), pipeline)
    await lane.restored({0: None})
    await lane.advance({0: records(1)})
    await lane.checkpoint()
    lane.retain([])
    lane.partitions.replay(0, [Read("changelog", 0, 7, b"b", b"{}")])
    await lane.restored({0: 7})
    assert set(lane.partitions.owned()) == set()
    assert lane.partitions.restore_from(0) == -1


async def test_partitions_progress_while_another_awaits_its_acknowledgement() -> None:
    log = MemoryLog()
    lane = lane_on(log, CountingPipeline())
    await lane.restored({0: None, 1: None})
    log.acknowledging.clear()
    other = [Read(RATINGS, 1, n, b"b") for n in range(5)]
    batch = asyncio.create_task(lane.advance({0: records(20), 1: other}))
    await _until(lambda: lane.ledger.processed() == {Place(RATINGS, 1): 5})
    log.acknowledging.set()
    await batch
    assert lane.ledger.processed() == {PLACE: 20, Place(RATINGS, 1): 5}


async def _until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the state of the code under test
            await asyncio.sleep(0)
