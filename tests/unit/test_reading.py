"""From events to facts: names, defaults, order of values, clocks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rupture_watch.alliance.facts import (
    DAY,
    HOUR,
    Appointment,
    Closure,
    Fact,
    Form,
    FrameFact,
    Note,
    Review,
)
from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts.reading import (
    Incoming,
    Reader,
    Rejected,
    read,
    read_line,
)
from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.ticks import read_tick
from rupture_watch.contracts.topics import INPUT_TYPES, Channel, EventType
from rupture_watch.contracts.wire import microseconds, timestamp

TIME = microseconds("2025-09-01T14:50:00Z")
FORM: dict[str, Any] = {"session_id": "s-1", "instrument": "SRS", "respondent": "client"}
VISIT: dict[str, Any] = {
    "appointment_id": "a-1",
    "scheduled_start": "2025-09-01T14:00:00Z",
    "status": "booked",
}


def event(event_type: EventType, data: dict[str, Any], **attributes: Any) -> bytes:
    """Return a structured event as a line."""
    content = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/app",
        "type": event_type.value,
        "subject": "case-1",
        "time": timestamp(TIME),
        **attributes,
        "data": data,
    }
    return json.dumps(content).encode()


def fact_of(event_type: EventType, data: dict[str, Any], **attributes: Any) -> Fact:
    return read_line(event(event_type, data, **attributes)).fact


def form_of(**data: Any) -> Form:
    fact = fact_of(EventType.SESSION_RATED, {**FORM, **data})
    assert isinstance(fact, Form)
    return fact


def refusal(line: bytes) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read_line(line)
    return caught.value


def test_a_form_is_named_by_session_instrument_and_respondent() -> None:
    line = event(
        EventType.SESSION_RATED,
        {**FORM, "session_seq": 3, "total": 36, "instrument_version": "v4", "group_id": "g"},
        recordedtime=timestamp(TIME + HOUR),
    )
    assert read_line(line) == Incoming(
        "case-1",
        Form(
            name="s-1/SRS/client",
            time=TIME,
            recorded=TIME + HOUR,
            event_id="e-1",
            source="/app",
            backfill=False,
            void=False,
            session_id="s-1",
            session_seq=3,
            instrument="SRS",
            version="v4",
            respondent="client",
            scores=(),
            items=(),
            total=36.0,
            mode=None,
            duration_ms=None,
            missing_items=None,
            group_id="g",
        ),
        EventType.SESSION_RATED.value,
        None,
    )


def test_items_come_in_the_order_of_their_numbers_then_names() -> None:
    items = {str(number): 4 for number in reversed(range(1, 13))}
    form = form_of(instrument="WAI-SR", items={"shame": 2, **items, "hope": 5})
    assert [code for code, _ in form.items] == [*map(str, range(1, 13)), "hope", "shame"]


def test_scores_come_in_the_order_of_their_codes() -> None:
    form = form_of(scores={"relationship": 9, "approach": 8.5, "goals": 7})
    assert form.scores == (("approach", 8.5), ("goals", 7.0), ("relationship", 9.0))
    assert all(isinstance(value, float) for _, value in form.scores)


def test_null_is_absent_wherever_a_field_is_optional() -> None:
    optional = ("session_seq", "instrument_version", "group_id", "items", "total", "status", "mode")
    scores = {"goals": 9}
    assert form_of(scores=scores, **dict.fromkeys(optional)) == form_of(scores=scores)


def test_an_integral_float_is_the_integer() -> None:
    form = form_of(total=36, session_seq=4.0, duration_ms=41e3)
    assert (form.session_seq, form.duration_ms) == (4, 41_000)
    assert isinstance(form.session_seq, int)


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        (EventType.SESSION_RATED, {**FORM, "total": 30}),
        (EventType.ATTENDANCE_CHANGED, VISIT),
        (EventType.FRAME_CHANGED, {"kind": "interruption"}),
        (EventType.SESSION_NOTED, {"session_id": "s-1"}),
        (EventType.CASE_CLOSED, {"ending": "planned"}),
    ],
    ids=lambda value: value.value if isinstance(value, EventType) else "",
)
def test_what_was_entered_in_error_is_void(event_type: EventType, data: dict[str, Any]) -> None:
    assert not fact_of(event_type, data).void
    assert fact_of(event_type, {**data, "status": "entered-in-error"}).void


def test_an_appointment_is_named_by_its_id_else_by_its_session() -> None:
    both = fact_of(EventType.ATTENDANCE_CHANGED, {**VISIT, "session_id": "s-1"})
    held = {name: value for name, value in VISIT.items() if name != "appointment_id"}
    session = fact_of(EventType.ATTENDANCE_CHANGED, {**held, "session_id": "s-1"})
    assert isinstance(both, Appointment)
    assert (both.name, both.appointment_id, both.session_id) == ("a-1", "a-1", "s-1")
    assert session.name == "s-1"
    assert refusal(event(EventType.ATTENDANCE_CHANGED, held)).reason is Reason.INVALID


def test_who_moved_an_appointment_is_unknown_unless_it_is_said() -> None:
    fact = fact_of(EventType.ATTENDANCE_CHANGED, VISIT)
    assert isinstance(fact, Appointment)
    assert (fact.initiator, fact.ended_by, fact.shared_cause) == ("unknown", None, False)
    assert fact.scheduled_start == microseconds("2025-09-01T14:00:00Z")


def test_an_event_of_the_frame_is_named_by_its_fact_else_by_its_event() -> None:
    kind = {"kind": "fee_changed", "notice_days": 14, "scope": ["roles", "legal", "roles"]}
    fact = fact_of(EventType.FRAME_CHANGED, kind)
    assert isinstance(fact, FrameFact)
    assert (fact.name, fact.by, fact.scope) == ("e-1", "unknown", ("legal", "roles"))
    assert fact_of(EventType.FRAME_CHANGED, {**kind, "fact_id": "x-9"}).name == "x-9"


def test_tags_are_sets_and_homework_is_two_numbers() -> None:
    tags = {
        "session_id": "s-1",
        "interventions": ["validation", "empathy", "validation"],
        "homework": {"assigned": 2, "done": 3, "mood": "ignored"},
    }
    fact = fact_of(EventType.SESSION_NOTED, tags)
    assert isinstance(fact, Note)
    assert fact.name == "s-1"
    assert fact.interventions == ("empathy", "validation")
    assert (fact.homework_assigned, fact.homework_done) == (2, 3)
    assert fact.self_harmful_domains == ()


def test_endings_and_reviews_are_named_by_their_event() -> None:
    closure = fact_of(EventType.CASE_CLOSED, {"ending": "erased"}, id="c-7")
    assert isinstance(closure, Closure)
    assert (closure.name, closure.ending, closure.goals_met) == ("c-7", "erased", None)
    data = {"alert_id": "0f" * 16, "action": "dismissed", "reason_code": "good_sign"}
    review = fact_of(EventType.ALERT_REVIEWED, data, id="r-7")
    assert isinstance(review, Review)
    assert (review.name, review.reason_code, review.by_role) == ("r-7", "good_sign", None)


def test_trace_context_is_carried_when_it_is_whole_and_dropped_when_not() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    data = {"ending": "planned"}
    whole = event(EventType.CASE_CLOSED, data, traceparent=trace)
    assert read_line(whole).traceparent == trace
    broken = event(EventType.CASE_CLOSED, data, traceparent="Anna")
    assert read_line(broken).traceparent is None


def test_a_topic_takes_its_own_types_only() -> None:
    line = event(EventType.CASE_CLOSED, {"ending": "planned"})
    headers = [("content-type", b"application/cloudevents+json")]
    assert read(b"case-1", line, headers, expected=INPUT_TYPES[Channel.FRAME])
    with pytest.raises(Rejected) as caught:
        read(b"case-1", line, headers, expected=INPUT_TYPES[Channel.RATINGS])
    assert caught.value.reason is Reason.UNKNOWN_TYPE


def test_a_record_is_refused_at_the_first_stage_that_fails() -> None:
    bad = {"session_id": "Anna E.", "instrument": "SRS-9"}
    late = timestamp(TIME + 99 * DAY)
    steps: list[tuple[Reason, dict[str, Any], dict[str, Any]]] = [
        (Reason.NOT_CLOUDEVENT, bad, {"id": "", "type": "x", "recordedtime": late}),
        (Reason.UNKNOWN_TYPE, bad, {"type": "x", "recordedtime": late}),
        (Reason.INVALID, bad, {"recordedtime": late}),
        (
            Reason.UNKNOWN_INSTRUMENT,
            {**FORM, "instrument": "SRS-9", "total": 400},
            {"recordedtime": late},
        ),
        (Reason.INVALID, {**FORM, "scores": {"x": 1}, "total": 400}, {"recordedtime": late}),
        (Reason.OUT_OF_RANGE, {**FORM, "total": 400}, {"recordedtime": late}),
        (Reason.TOO_LATE, {**FORM, "total": 40}, {"recordedtime": late}),
    ]
    for reason, data, attributes in steps:
        assert refusal(event(EventType.SESSION_RATED, data, **attributes)).reason == reason


def test_an_instrument_of_the_rule_set_is_read_with_its_own_ranges() -> None:
    total = {"low": 0, "high": 8, "mean": 6, "tau": 1, "s0": 0.5}
    reader = Reader(Registry.default().with_overrides({"CLINIC-4": {"total": total}}))
    line = event(EventType.SESSION_RATED, {**FORM, "instrument": "CLINIC-4", "total": 7})
    assert reader.read_line(line).fact.name == "s-1/CLINIC-4/client"
    assert refusal(line).reason is Reason.UNKNOWN_INSTRUMENT


def test_a_message_names_paths_and_kinds_and_how_many_more() -> None:
    refused = refusal(
        event(EventType.SESSION_RATED, {"session_id": "a b", "total": "x", "mode": 1})
    )
    assert refused.message == (
        "data.session_id: string_pattern_mismatch; data.instrument: missing; "
        "data.respondent: missing; 2 more"
    )
    assert str(refused) == refused.message


def test_a_tick_is_a_moment() -> None:
    assert read_tick(b'{"time": "2025-09-01T14:50:00.000Z"}') == TIME
    for value in (None, b"", b"{}", b'{"time": 7}', b'{"time": "2025-02-30T14:50:00Z"}'):
        with pytest.raises(Rejected):
            read_tick(value)
