"""State in memory: what it contains, and how far it follows the changelog."""

from __future__ import annotations

from rupture_watch.stream.store import Partitions
from tests.component.memory_log import CHANGELOG, Read


def _log(*pairs: tuple[bytes, bytes | None], first: int = 0) -> list[Read]:
    return [Read(CHANGELOG, 0, first + n, key, value) for n, (key, value) in enumerate(pairs)]


def test_a_replay_folds_to_the_last_value_and_tombstones_remove() -> None:
    store = Partitions()
    store.replay(0, _log((b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"b", None)))
    assert store.cases(0) == {b"a": b"3"}
    assert store.applied(0) == 3


def test_an_unrestored_partition_has_no_applied_offset_and_an_empty_one_has_minus_one() -> None:
    store = Partitions()
    assert store.applied(0) is None
    assert store.restored(0, None) == 0
    assert store.applied(0) == -1


def test_own_writes_that_continue_the_changelog_move_the_applied_offset() -> None:
    store = Partitions()
    store.replay(0, _log((b"a", b"1")))
    store.restored(0, 0)
    assert store.wrote(0, [(b"b", b"2"), (b"a", None)], [1, 2])
    assert store.applied(0) == 2
    assert store.cases(0) == {b"b": b"2"}


def test_a_hole_is_noticed_and_memory_is_not_read_back_over_it() -> None:
    store = Partitions()
    store.restored(0, None)
    assert not store.wrote(0, [(b"a", b"1")], [5])
    assert store.applied(0) == 5
    assert store.cases(0) == {b"a": b"1"}


def test_a_write_whose_offset_the_broker_no_longer_knows_is_a_hole() -> None:
    store = Partitions()
    store.restored(0, None)
    assert not store.wrote(0, [(b"a", b"1")], [-1])


def test_a_restore_reports_what_it_replayed_once() -> None:
    store = Partitions()
    store.replay(0, _log((b"a", b"1"), (b"b", b"2")))
    assert store.restored(0, 1) == 2
    assert store.restored(0, 1) == 0


def test_lost_partitions_are_dropped_whole_and_kept_ones_stay_the_same_object() -> None:
    store = Partitions()
    kept = store.cases(0)
    store.replay(1, _log((b"b", b"2")))
    assert store.retain([0]) == {1}
    assert store.cases(0) is kept
    assert store.applied(1) is None
    assert len(store) == 0
