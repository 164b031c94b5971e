"""Several topics as one sequence in the order of their timestamps; time is a number here."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.stream.ledger import Place
from rupture_watch.stream.merge import FULL, PATIENCE, Merge
from tests.component.memory_log import ATTENDANCE, RATINGS, TICKS, Read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rupture_watch.effects import Record

RATED, ATTENDED, TICKED = Place(RATINGS, 0), Place(ATTENDANCE, 0), Place(TICKS, 0)
ALL = 10**6


class Bench:
    """A merge of partition 0, and which of its topics have more to fetch."""

    def __init__(self, *places: Place) -> None:
        self.merge = Merge(TICKS)
        self.behind: set[Place] = set()
        self.now = 0.0
        self.merge.start(dict.fromkeys(places or (RATED, ATTENDED, TICKED), 0))

    def put(self, place: Place, *timestamps: int, first: int = 0) -> None:
        self.merge.put(place, _records(place, timestamps, first))

    def take(self, limit: int = ALL) -> list[tuple[str, int]]:
        taken = self.merge.take(limit, behind=self.behind.__contains__, now=self.now)
        return [(record.topic, record.timestamp) for record in taken.get(0, [])]


def _records(place: Place, timestamps: Iterable[int], first: int = 0) -> list[Read]:
    return [
        Read(place.topic, place.partition, offset, b"a", timestamp=timestamp)
        for offset, timestamp in enumerate(timestamps, first)
    ]


def test_the_earliest_record_of_all_topics_comes_next() -> None:
    bench = Bench()
    bench.put(RATED, 1, 4, 5)
    bench.put(ATTENDED, 2, 3, 6)
    assert [timestamp for _, timestamp in bench.take()] == [1, 2, 3, 4, 5, 6]


def test_a_topic_keeps_its_own_order_whatever_its_timestamps() -> None:
    bench = Bench()
    bench.put(RATED, 9, 1, 5)
    bench.put(ATTENDED, 7)
    assert bench.take() == [(ATTENDANCE, 7), (RATINGS, 9), (RATINGS, 1), (RATINGS, 5)]


def test_a_topic_with_more_to_fetch_is_waited_for() -> None:
    bench = Bench()
    bench.behind = {ATTENDED}
    bench.put(RATED, 1, 4)
    assert bench.take() == []
    bench.put(ATTENDED, 2, 3)
    assert bench.take() == [(RATINGS, 1), (ATTENDANCE, 2), (ATTENDANCE, 3)]
    assert bench.take() == []
    bench.behind.clear()
    assert bench.take() == [(RATINGS, 4)]


def test_a_topic_read_to_its_end_holds_nobody_back() -> None:
    bench = Bench()
    bench.put(RATED, 1, 2)
    assert bench.take() == [(RATINGS, 1), (RATINGS, 2)]


def test_waiting_is_bounded_and_starts_anew_with_every_fetch() -> None:
    bench = Bench()
    bench.behind = {ATTENDED}
    bench.put(RATED, 1)
    assert bench.take() == []
    bench.now += PATIENCE - 0.01
    assert bench.take() == []
    bench.now += 0.01
    assert bench.take() == [(RATINGS, 1)]
    bench.put(RATED, 2, first=1)
    assert bench.take() == [(RATINGS, 2)]
    bench.put(ATTENDED, 0)
    assert bench.take() == [(ATTENDANCE, 0)]
    bench.put(RATED, 3, first=2)
    assert bench.take() == []


def test_a_topic_that_came_to_its_end_is_waited_for_anew_when_it_falls_behind_again() -> None:
    bench = Bench()
    bench.behind = {ATTENDED}
    bench.put(RATED, 1)
    assert bench.take() == []
    bench.behind.clear()
    bench.now += PATIENCE
    assert bench.take() == [(RATINGS, 1)]
    bench.behind = {ATTENDED}
    bench.put(RATED, 2, first=1)
    assert bench.take() == []


def test_patience_with_one_topic_does_not_end_for_another() -> None:
    bench = Bench()
    frame = Place("t.frame.v1", 0)
    bench.merge.start({frame: 0})
    bench.put(RATED, 1, 3)
    bench.put(ATTENDED, 2)
    bench.behind = {frame}
    assert bench.take() == []
    bench.now += PATIENCE
    bench.behind = {frame, ATTENDED}
    assert bench.take() == [(RATINGS, 1), (ATTENDANCE, 2)]
    bench.now += PATIENCE
    assert bench.take() == [(RATINGS, 3)]


def test_a_tick_comes_at_its_moment_and_after_events_of_the_same() -> None:
    bench = Bench()
    bench.put(TICKED, 2, 5)
    bench.put(RATED, 1, 2, 3)
    taken = bench.take()
    assert taken == [(RATINGS, 1), (RATINGS, 2), (TICKS, 2), (RATINGS, 3), (TICKS, 5)]


def test_a_tick_waits_for_topics_that_are_behind_however_long_and_holds_nobody_back() -> None:
    bench = Bench()
    bench.put(TICKED, 1)
    bench.put(RATED, 5)
    bench.behind = {ATTENDED}
    assert bench.take() == []
    bench.now += 100 * PATIENCE
    assert bench.take() == [(RATINGS, 5)]
    bench.put(ATTENDED, 0)
    assert bench.take() == [(ATTENDANCE, 0)]
    bench.behind.clear()
    assert bench.take() == [(TICKS, 1)]


def test_nobody_waits_for_ticks() -> None:
    bench = Bench()
    bench.behind = {TICKED}
    bench.put(RATED, 1)
    assert bench.take() == [(RATINGS, 1)]


def test_partition_numbers_neither_mix_nor_wait_for_each_other() -> None:
    bench = Bench()
    other, idle = Place(RATINGS, 1), Place(ATTENDANCE, 1)
    bench.merge.start({other: 0, idle: 0})
    bench.put(RATED, 5)
    bench.merge.put(other, _records(other, [1]))
    bench.behind = {idle}
    taken = bench.merge.take(ALL, behind=bench.behind.__contains__, now=0.0)
    assert {number: len(records) for number, records in taken.items()} == {0: 1}
    bench.behind.clear()
    taken = bench.merge.take(ALL, behind=bench.behind.__contains__, now=0.0)
    assert {number: len(records) for number, records in taken.items()} == {1: 1}


def test_no_more_is_taken_than_asked_for_and_the_rest_keeps_its_order() -> None:
    bench = Bench()
    bench.put(RATED, 1, 3, 5)
    bench.put(ATTENDED, 2, 4)
    assert [t for _, t in bench.take(2)] == [1, 2]
    assert [t for _, t in bench.take(2)] == [3, 4]
    assert [t for _, t in bench.take(2)] == [5]


def test_a_full_queue_wants_no_more_until_it_has_been_worked_off() -> None:
    bench = Bench()
    assert bench.merge.wants(RATED)
    bench.put(RATED, *range(FULL))
    assert not bench.merge.wants(RATED)
    assert bench.merge.wants(ATTENDED)
    bench.take(1)
    assert bench.merge.wants(RATED)


def test_the_record_at_the_position_is_the_next_and_those_before_it_are_known() -> None:
    bench = Bench()
    bench.merge.start({RATED: 5})
    bench.put(RATED, 3, 4, 5, 6, first=3)
    bench.put(RATED, 5, 6, 7, first=5)
    assert [t for _, t in bench.take()] == [5, 6, 7]


def test_after_a_new_start_nothing_queued_before_is_left() -> None:
    bench = Bench()
    bench.put(RATED, 1, 2)
    bench.merge.start({RATED: 1})
    assert bench.take() == []
    bench.put(RATED, 2, first=1)
    assert bench.take() == [(RATINGS, 2)]
    bench.put(RATED, 3, first=2)
    bench.merge.clear()
    assert bench.take() == []


topics_of_timestamps = st.lists(
    st.lists(st.integers(0, 50), max_size=30).map(sorted), min_size=1, max_size=4
)


@given(topics=topics_of_timestamps, seed=st.integers(0, 2**32))
def test_however_fetches_fall_the_sequence_is_the_sorted_one_without_loss_or_repetition(
    topics: list[list[int]], seed: int
) -> None:
    rng = random.Random(seed)
    logs = {Place(f"t.{n}", 0): _records(Place(f"t.{n}", 0), ts) for n, ts in enumerate(topics)}
    fetched = dict.fromkeys(logs, 0)
    merge = Merge(TICKS)
    merge.start(fetched)
    taken: list[Record] = []

    def behind(place: Place) -> bool:
        return fetched[place] < len(logs[place])

    while any(map(behind, logs)):
        place = rng.choice([place for place in logs if behind(place)])
        until = rng.randint(fetched[place] + 1, len(logs[place]))
        merge.put(place, logs[place][fetched[place] : until])
        fetched[place] = until
        taken += _taken(merge.take(rng.randint(1, 40), behind=behind, now=0.0))
    taken += _taken(merge.take(ALL, behind=behind, now=0.0))
    expected = [
        (record.timestamp, record.topic, record.offset) for log in logs.values() for record in log
    ]
    assert [(r.timestamp, r.topic, r.offset) for r in taken] == sorted(expected)


def _taken(batches: dict[int, list[Record]]) -> Sequence[Record]:
    return batches.get(0, [])
