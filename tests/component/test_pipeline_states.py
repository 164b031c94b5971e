"""States of cases: in time, over restarts, beyond the overlay, to their end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rupture_watch import overlay as overlay_module
from rupture_watch.codec.case_state import NewerState, due_of
from rupture_watch.contracts.topics import Channel
from rupture_watch.pipeline import Pipeline
from tests.builders import (
    CASE,
    a_closure,
    a_form,
    a_frame_fact,
    a_no_show,
    on,
    the_rules,
    weeks,
)
from tests.component.shards import KEY, a_shard, incident, settle
from tests.records import (
    PREFIX,
    a_tick,
    records_of,
)

if TYPE_CHECKING:
    from rupture_watch.shard import Shard


def silent_no_show(shard: Shard, case: str = CASE) -> None:
    """Let a client stay away on day 7; outreach is due on day 10."""
    facts = [a_frame_fact("goals_set", 0), *weeks(36.0), a_no_show(2)]
    shard.process(records_of(facts, case))


def test_silence_is_judged_at_its_due_time_and_once() -> None:
    shard = a_shard()
    silent_no_show(shard)

    assert shard.process([a_tick(on(9.99))]).urgent == []
    assert shard.process([a_tick(on(12))]).urgent == [KEY]
    [message] = shard.outbox(KEY)
    assert dict(message.headers)["ce_time"] == b"2025-01-16T10:00:00Z"
    shard.outbox_published(KEY)
    assert shard.process([a_tick(on(12)), a_tick(on(13))]).urgent == []


def test_a_tick_that_goes_back_changes_nothing() -> None:
    shard = a_shard()
    silent_no_show(shard)
    shard.process([a_tick(on(12))])
    state = shard.encode([KEY])

    assert shard.process([a_tick(on(3))]).dead_letters == []
    assert shard.encode([KEY]) == state


def test_what_comes_in_time_leaves_nothing_due() -> None:
    shard = a_shard()
    silent_no_show(shard)
    shard.process(records_of([a_frame_fact("outreach_made", 8)]))

    assert shard.process([a_tick(on(12))]).urgent == []


def test_a_fact_that_is_already_overdue_is_judged_at_the_next_tick() -> None:
    shard = a_shard()
    shard.process([a_tick(on(30))])
    silent_no_show(shard)

    assert shard.process([a_tick(on(30))]).urgent == [KEY]


def test_the_next_due_of_the_shard_is_the_earliest_of_its_cases() -> None:
    shard = a_shard()
    assert shard.next_due() is None
    shard.process(records_of([incident(5)], "later"))
    shard.process(records_of([incident(1)], "sooner"))

    assert shard.next_due() == shard.case(b"sooner").next_due
    assert shard.next_due() != shard.case(b"later").next_due
    shard.process([a_tick(on(30))])
    assert shard.next_due() == shard.case(b"later").next_due == on(5 + 28)


def test_after_a_restart_what_is_due_and_waiting_is_found_without_decoding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = a_shard()
    silent_no_show(first, "silent")
    first.process(records_of([incident(5)], "alarmed"))
    first.process(records_of(weeks(36.0), "calm"))
    first.process([a_tick(on(4))])
    durable = {key: state for key, state in first.encode(first.cases()) if state is not None}
    shard = Pipeline(the_rules(), prefix=PREFIX).shard(0, durable)

    with monkeypatch.context() as patch:
        patch.setattr(overlay_module, "decode", None)
        assert shard.restored() == [b"alarmed"]
        assert shard.next_due() == first.next_due()

    assert shard.outbox(b"alarmed") == first.outbox(b"alarmed")
    assert shard.process([a_tick(on(11))]).urgent == [b"silent"]


def test_after_a_restart_the_standing_of_a_case_with_a_waiting_alert_is_told() -> None:
    first = a_shard()
    first.process(records_of([incident()]))
    durable = {key: state for key, state in first.encode([KEY]) if state is not None}
    shard = Pipeline(the_rules(), prefix=PREFIX).shard(0, durable)
    shard.restored()

    assert shard.standings(10) == first.standings(10)


def test_a_waiting_alert_is_told_after_a_restart_though_a_rule_now_fails_on_its_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = a_shard()
    first.process(records_of([incident()]))
    durable = {key: state for key, state in first.encode([KEY]) if state is not None}
    shard = Pipeline(the_rules(), prefix=PREFIX).shard(0, durable)
    monkeypatch.setattr(overlay_module, "decode", None)

    assert shard.restored() == [KEY]
    assert shard.outbox(KEY) == first.outbox(KEY) != []
    shard.outbox_published(KEY)
    assert shard.standings(10) == []
    assert shard.take_dirty(10) == []


def test_a_newer_state_is_refused() -> None:
    first = a_shard()
    first.process(records_of([incident()]))
    [(key, state)] = first.encode([KEY])
    assert state is not None
    shard = Pipeline(the_rules(), prefix=PREFIX).shard(0, {key: bytes([state[0] + 1]) + state[1:]})

    with pytest.raises(NewerState):
        shard.restored()


def test_dirty_cases_are_taken_oldest_first_and_count_as_clean() -> None:
    shard = a_shard()
    for case in ("c", "a", "b", "a"):
        shard.process(records_of([a_form(f"s-{shard.dirty}", 0)], case))

    taken = shard.take_dirty(2)

    assert [key for key, _ in taken] == [b"c", b"a"]
    assert [key for key, _ in shard.take_dirty(5)] == [b"b"]
    assert (shard.dirty, shard.take_dirty(5)) == (0, [])


def test_the_due_time_in_a_state_is_that_of_its_case() -> None:
    shard = a_shard()
    for fact in [*weeks(36.0, None, 20.0), a_no_show(4), incident(30)]:
        shard.process(records_of([fact]))
        [(_, state)] = shard.encode([KEY])
        assert state is not None
        assert due_of(state) == shard.case(KEY).next_due


def test_clean_cases_beyond_the_limit_are_dropped_and_decoded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overlay_module, "LIVE_CASES", 2)
    durable: dict[bytes, bytes] = {}
    shard, roomy = a_shard(durable), a_shard()
    for week in range(8):
        for case in ("a", "b", "c", "d"):
            records = records_of(weeks(8.0 if week == 6 else 36.0, first=week + 1), case)
            urgent = shard.process(records).urgent
            monkeypatch.setattr(overlay_module, "LIVE_CASES", 1000)
            assert urgent == roomy.process(records).urgent
            assert shard.outbox(case.encode()) == roomy.outbox(case.encode())
            monkeypatch.setattr(overlay_module, "LIVE_CASES", 2)
        assert len(shard._overlay._live) == 4  # all dirty
        settle(shard, durable)
        settle(roomy, {})
    shard.process([])

    assert len(shard._overlay._live) == 2
    assert shard.encode(shard.cases()) == roomy.encode(roomy.cases())


def test_standings_are_told_once_per_change() -> None:
    shard = a_shard()
    shard.process(records_of([incident()], "a"))
    shard.process(records_of([a_form("s1", 0)], "b"))

    [first] = shard.standings(1)
    [second] = shard.standings(5)

    assert [first.key, second.key] == [b"a", b"b"]
    assert first.channel is Channel.CASES
    assert first.value is not None
    assert json.loads(first.value)["counts"] == shard.case(b"a").standing()["counts"]
    assert shard.standings(5) == []


def test_an_erased_case_is_removed_from_the_cases_and_at_last_from_the_state() -> None:
    shard = a_shard()
    shard.process(records_of([a_form("s1", 0), a_closure(1, "erased")]))

    [message] = shard.standings(5)
    assert (message.key, message.value) == (KEY, None)
    assert shard.encode([KEY])[0][1] is not None
    shard.process(records_of([a_form("s2", 7)]))
    assert shard.case(KEY).standing()["counts"]["facts"] == 0
    shard.process([a_tick(on(36))])
    assert shard.encode([KEY]) == [(KEY, None)]
    assert shard.process([a_tick(on(37))]).dead_letters == []


def test_once_an_erased_case_is_forgotten_its_name_may_be_used_again() -> None:
    durable: dict[bytes, bytes] = {}
    shard = a_shard(durable)
    shard.process([*records_of([a_form("s1", 0), a_closure(1, "erased")]), a_tick(on(36))])
    settle(shard, durable)
    assert durable == {}

    for one in (shard, a_shard(durable)):
        one.process(records_of([a_form("s9", 60)]))
        assert one.case(KEY).standing()["counts"]["facts"] == 1
