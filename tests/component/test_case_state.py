"""A case's state as bytes: nothing is lost, and the header can be read without the rest."""

from __future__ import annotations

import pytest

from rupture_watch.alliance.assessment import Case
from rupture_watch.codec.case_state import (
    STATE_VERSION,
    NewerState,
    OutboxEntry,
    PackedFacts,
    check_version,
    decode,
    due_of,
    encode,
    has_outbox,
)
from tests.builders import (
    CASE,
    a_closure,
    a_form,
    a_frame_fact,
    a_no_show,
    a_note,
    a_review,
    a_session,
    amended,
    judge,
    on,
    the_rules,
    weeks,
)

ENTRY = OutboxEntry(b'{"a":1}', [("ce_id", b"1"), ("ce_type", b"x")])


def state_of(case: Case, *outbox: OutboxEntry) -> bytes:
    return encode(case, outbox, PackedFacts(case.history.facts.values()))


def every_kind() -> Case:
    """Return a case with facts of every kind, all fields in use somewhere, and an alert."""
    case, events = judge(
        [
            *a_session(1, 36.0, numbered=True, mode="app", duration_ms=40_000, version="2"),
            a_form("s1", 0, 58.0, instrument="WAI-SR", items=(("1", 5.0), ("hope", 4.0))),
            a_no_show(2, notice_hours=1.5, reason_code="illness", shared_cause=True),
            a_frame_fact("consent_given", 1, scope=("privacy", "roles"), handover=True),
            a_frame_fact("privacy_incident", 9, source="/other", backfill=True, by="provider"),
            a_note("s1", 0, interventions=("empathy",), homework_assigned=2, goal_linked=False),
            a_review("0" * 32, 10, "dismissed"),
            a_closure(20, "planned", goals_met=True),
        ],
        until=15,
    )
    assert events
    return case


def test_a_case_comes_back_as_it_was() -> None:
    case = every_kind()

    again, outbox = decode(CASE, state_of(case, ENTRY), the_rules())

    assert outbox == [ENTRY]
    assert list(again.history.facts.items()) == list(case.history.facts.items())
    assert (again.clock, again.told, again.erased) == (case.clock, case.told, None)
    assert again.standing() == case.standing()
    assert state_of(again, ENTRY) == state_of(case, ENTRY)


def test_an_erased_case_stays_erased() -> None:
    case, _ = judge([*weeks(36.0), a_closure(3, "erased")])

    again, _ = decode(CASE, state_of(case), the_rules())

    assert again.erased == on(3)
    assert again.take(a_form("s2", 7))[1] == []
    assert again.history.facts == {}


def test_a_bounded_history_stays_bounded() -> None:
    case = every_kind()
    case.history.cut = on(-10)

    again, _ = decode(CASE, state_of(case), the_rules())

    assert again.history.cut == on(-10)


def test_the_header_tells_what_is_due_and_waiting() -> None:
    case, _ = judge([a_frame_fact("privacy_incident", 0)])

    assert due_of(state_of(case)) == case.next_due
    assert not has_outbox(state_of(case))
    assert has_outbox(state_of(case, ENTRY))
    assert due_of(state_of(Case(CASE, the_rules()))) is None


def test_the_header_is_ten_bytes_and_the_state_small() -> None:
    case, _ = judge(weeks(*[36.0] * 12), until=90)
    state = state_of(case)

    assert state[:2] == bytes((STATE_VERSION, 0))
    assert len(state) / 12 < 400


def test_a_newer_state_is_refused_and_an_equal_one_is_not() -> None:
    state = state_of(every_kind())
    newer = bytes((STATE_VERSION + 1,)) + state[1:]

    check_version(state)
    with pytest.raises(NewerState, match="newer"):
        check_version(newer)
    with pytest.raises(NewerState):
        decode(CASE, newer, the_rules())


def test_facts_packed_one_by_one_are_facts_packed_at_once() -> None:
    facts = [*weeks(36.0, 35.0), a_frame_fact("complaint", 3), a_note("s1", 1)]
    newer = amended(facts[1], void=True)
    packed = PackedFacts()
    for fact in [*facts, newer]:
        packed.put(fact)
    at_once = PackedFacts([facts[0], newer, *facts[2:]])

    assert packed.array() == at_once.array()
    assert packed.size == at_once.size
    assert PackedFacts().size == 0
