"""A partition's cases, from records to effects, without a broker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch import overlay as overlay_module
from rupture_watch import shard as shard_module
from rupture_watch.alliance import history
from rupture_watch.alliance.rules.frame import Privacy
from rupture_watch.codec.case_state import NewerState, due_of, has_outbox
from rupture_watch.contracts.reading import MAX_BYTES
from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import Channel
from rupture_watch.pipeline import Pipeline
from rupture_watch.shard import Shard
from tests.builders import (
    CASE,
    a_closure,
    a_form,
    a_frame_fact,
    a_no_show,
    amended,
    event_of,
    on,
    the_rules,
    voided,
    weeks,
)
from tests.records import (
    PREFIX,
    ARecord,
    a_tick,
    in_binary_mode,
    record_of,
    record_of_event,
    records_of,
    topic_of,
)

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Fact, FrameFact
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.effects import Effects

KEY = CASE.encode()


def a_shard(durable: dict[bytes, bytes] | None = None) -> Shard:
    shard = Pipeline(the_rules(), prefix=PREFIX).shard(0, {} if durable is None else durable)
    assert shard.restored() == [] or durable
    return shard


def incident(day: float = 1) -> FrameFact:
    return a_frame_fact("privacy_incident", day)


def letters(effects: Effects) -> list[Reason]:
    return [letter.reason for letter in effects.dead_letters]


def settle(shard: Shard, durable: dict[bytes, bytes]) -> None:
    """Publish everything and make everything durable, as a checkpoint does."""
    for key in shard.cases():
        shard.outbox_published(key)
    shard.standings(1000)
    for key, state in shard.take_dirty(1000):
        if state is None:
            durable.pop(key, None)
        else:
            durable[key] = state


# what a batch calls for


def test_an_alert_makes_its_case_urgent_until_it_is_published() -> None:
    shard = a_shard()

    effects = shard.process(records_of([incident()]))

    assert effects.urgent == [KEY]
    [(_, state)] = shard.encode([KEY])
    assert state is not None
    assert has_outbox(state)
    [message] = shard.outbox(KEY)
    assert (message.channel, message.key) == (Channel.ALERTS, KEY)
    assert dict(message.headers)["ce_type"] == b"org.rupturewatch.alert.raised.v1"
    shard.outbox_published(KEY)
    assert shard.outbox(KEY) == []
    [(_, state)] = shard.encode([KEY])
    assert state is not None
    assert not has_outbox(state)


def test_both_modes_say_the_same() -> None:
    facts = [*weeks(36.0, 36.0), incident(9), a_closure(20, "unplanned")]
    structured, binary = a_shard(), a_shard()

    structured.process(records_of(facts))
    effects = binary.process([in_binary_mode(event_of(fact)) for fact in facts])

    assert letters(effects) == []
    assert binary.outbox(KEY) == structured.outbox(KEY)
    assert binary.encode([KEY]) == structured.encode([KEY])


def test_an_unremarkable_event_makes_its_case_dirty_and_not_urgent() -> None:
    shard = a_shard()

    effects = shard.process(records_of(weeks(36.0)))

    assert effects.urgent == []
    assert shard.dirty == 1


def test_outcomes_are_counted_by_type() -> None:
    form = a_form("s1", 0)
    newer = amended(form, total=None)
    shard = a_shard()

    effects = shard.process(
        [*records_of([newer, newer, form]), a_tick(on(3)), ARecord("x", b"", b"")]
    )

    rated = "org.rupturewatch.session.rated.v1"
    assert effects.outcomes == {
        (rated, "accepted"): 1,
        (rated, "repeated"): 1,
        (rated, "superseded"): 1,
        ("tick", "accepted"): 1,
        ("unknown", "rejected"): 1,
    }


def test_the_traceparent_of_the_cause_goes_with_the_alert() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    shard = a_shard()

    shard.process([record_of_event({**event_of(incident()), "traceparent": parent})])

    assert dict(shard.outbox(KEY)[0].headers)["ce_traceparent"] == parent.encode()


def test_a_marked_risk_item_is_passed_on_once_and_without_its_value() -> None:
    items = tuple((str(number), 0.0) for number in range(1, 9))
    form = a_form("s1", 0, instrument="PHQ-9", items=(*items, ("9", 2.0)))
    shard = a_shard()

    [message] = shard.process(records_of([form, form, voided(form)])).safety

    assert message.channel is Channel.SAFETY
    assert message.value is not None
    assert b'"item":9' in message.value
    assert b"2.0" not in message.value
    assert shard.outbox(KEY) == []


# bad input


def broken(change: dict[str, Any], data: dict[str, Any] | None = None, **said: Any) -> ARecord:
    event = event_of(a_form("s1", 0))
    event = {**event, **change, "data": {**event["data"], **(data or {})}}
    return record_of_event(event, **said)


def late(days: float) -> ARecord:
    return record_of(a_form("s1", 0, recorded_after=days))


BAD: dict[Reason, ARecord] = {
    Reason.NOT_CLOUDEVENT: broken({}, headers=[]),
    Reason.BAD_JSON: broken({}, value=b'{"specversion":'),
    Reason.TOO_LARGE: broken({}, value=b" " * 70_000),
    Reason.UNKNOWN_TYPE: broken({"type": "com.example.other"}),
    Reason.UNKNOWN_VERSION: broken({"type": "org.rupturewatch.session.rated.v9"}),
    Reason.INVALID: broken({}, {"respondent": "dog"}),
    Reason.KEY_MISMATCH: broken({}, key=b"someone-else"),
    Reason.UNKNOWN_INSTRUMENT: broken({}, {"instrument": "NOPE"}),
    Reason.OUT_OF_RANGE: broken({}, {"total": 41}),
    Reason.FROM_THE_FUTURE: late(-1),
    Reason.TOO_LATE: late(14.01),
}


@pytest.mark.parametrize("reason", BAD, ids=str)
def test_bad_input_is_refused_once_with_its_reason(reason: Reason) -> None:
    shard = a_shard()
    record = BAD[reason]

    effects = shard.process([*records_of([a_form("s0", -7)]), record, *records_of([incident()])])

    assert letters(effects) == [reason]
    assert effects.dead_letters[0].record is record
    assert effects.urgent == [KEY]
    assert shard.case(KEY).standing()["counts"]["facts"] == 2


def test_what_was_recorded_after_the_broker_received_it_is_refused() -> None:
    shard = a_shard()
    form = a_form("s1", 0)
    received = form.recorded // 1_000

    assert letters(shard.process([record_of(form, timestamp=received - 5 * 60_000)])) == []
    effects = shard.process([record_of(form, timestamp=received - 5 * 60_000 - 1)])
    assert letters(effects) == [Reason.FROM_THE_FUTURE]


def test_an_event_on_the_wrong_topic_is_refused() -> None:
    record = record_of(incident(), topic=topic_of(Channel.RATINGS))

    assert letters(a_shard().process([record])) == [Reason.UNKNOWN_TYPE]


@pytest.mark.parametrize(
    "value", [None, b"", b"{}", b"[1]", b'{"time":"soon"}', b'{"time":1}', b"\xff"], ids=str
)
def test_a_broken_tick_is_refused(value: bytes | None) -> None:
    record = ARecord(topic_of(Channel.TICKS), None, value)

    assert len(a_shard().process([record]).dead_letters) == 1


def test_a_state_that_would_outgrow_a_message_refuses_further_facts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shard = a_shard()
    known = weeks(36.0, 36.0)
    shard.process(records_of(known))
    monkeypatch.setattr(shard_module, "LARGEST_STATE", MAX_BYTES)

    effects = shard.process(records_of([a_form("s9", 60)]))

    assert letters(effects) == [Reason.STATE_TOO_LARGE]
    again = shard.process(records_of(known))
    assert letters(again) == []
    assert letters(shard.process(records_of([a_closure(70, "erased")]))) == []
    assert shard.case(KEY).erased is not None


# a defect of a rule


class Defect:
    """A rule that fails on one version of a fact until it is mended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fact: Fact) -> None:
        self.mended = False
        judge = Privacy.judge

        def fail(rule: Privacy, course: Course) -> Finding | None:
            if course.fact == fact and not self.mended:
                raise ZeroDivisionError
            return judge(rule, course)

        monkeypatch.setattr(Privacy, "judge", fail)


def test_a_failing_rule_costs_one_fact_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = incident(8)
    defect = Defect(monkeypatch, bad)
    facts = [*weeks(36.0, 36.0), bad, *weeks(36.0, first=3), incident(20)]
    shard, spared = a_shard(), a_shard()

    effects = shard.process([*records_of(facts), *records_of([incident()], "other")])
    spared.process([*records_of([f for f in facts if f is not bad])])

    assert letters(effects) == [Reason.RULE_ERROR]
    assert effects.dead_letters[0].kind == "ZeroDivisionError"
    assert set(effects.urgent) == {KEY, b"other"}
    assert shard.encode([KEY]) == spared.encode([KEY])

    defect.mended = True
    assert letters(shard.process(records_of([bad]))) == []
    assert shard.case(KEY).standing()["counts"]["facts"] == len(facts)


def test_a_rule_that_fails_at_a_correction_leaves_the_version_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = incident(8)
    bad = amended(good, shared_cause=True)
    shard = a_shard()
    shard.process(records_of([good, *weeks(36.0)]))
    before = shard.encode([KEY])
    Defect(monkeypatch, bad)

    effects = shard.process(records_of([bad]))

    assert letters(effects) == [Reason.RULE_ERROR]
    assert shard.encode([KEY]) == before


def test_a_rule_that_fails_just_when_the_bound_forgets_has_forgotten_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known, bad = [*weeks(36.0, 36.0), incident(40)], incident(50)
    shard = a_shard()
    shard.process(records_of(known))
    before = shard.encode([KEY])
    monkeypatch.setattr(history, "MOST_FACTS", len(known))
    Defect(monkeypatch, bad)

    effects = shard.process(records_of([bad]))

    assert letters(effects) == [Reason.RULE_ERROR]
    assert shard.encode([KEY]) == before
    assert shard.case(KEY).standing()["counts"]["facts"] == len(known)


def test_a_release_that_cannot_judge_a_stored_case_leaves_its_state_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = incident(8)
    durable: dict[bytes, bytes] = {}
    first = a_shard(durable)
    first.process(records_of([good]))
    settle(first, durable)
    kept = dict(durable)
    defect = Defect(monkeypatch, good)
    shard = a_shard(durable)

    effects = shard.process(
        [*records_of(weeks(36.0)), a_tick(on(60)), *records_of([good], "other")]
    )

    assert letters(effects) == [Reason.RULE_ERROR] * 4
    assert shard.take_dirty(9) == []
    assert durable == kept
    defect.mended = True
    assert letters(a_shard(durable).process(records_of(weeks(36.0)))) == []


def test_a_rule_that_fails_when_time_passes_loses_no_fact_and_stops_no_other_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = [a_frame_fact("goals_set", 0), *weeks(36.0), a_no_show(2)]
    shard = a_shard()
    shard.process([*records_of(facts, "sick"), *records_of(facts, "sound")])
    from rupture_watch.alliance.rules.corrective_experience import Persist  # noqa: PLC0415

    judge = Persist.judge

    def fail(rule: Persist, course: Course) -> Finding | None:
        if course.due is not None and course.case == "sick":
            raise ZeroDivisionError
        return judge(rule, course)

    with monkeypatch.context() as patch:
        patch.setattr(Persist, "judge", fail)
        effects = shard.process([a_tick(on(20))])

        assert letters(effects) == [Reason.RULE_ERROR]
        assert effects.urgent == [b"sound"]
        assert shard.case(b"sick").standing()["counts"]["facts"] == len(facts)

    durable: dict[bytes, bytes] = {}
    settle(shard, durable)
    mended = a_shard(durable)
    assert mended.process([a_tick(on(21))]).urgent == [b"sick"]


# time


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


# states, restarts, eviction


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
