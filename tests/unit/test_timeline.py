"""Where facts stand in time: sessions have places, and everything of a session stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.alliance.facts import Form
from rupture_watch.alliance.timeline import Timeline, planned_ending
from tests.builders import (
    a_closure,
    a_form,
    a_frame_fact,
    a_note,
    a_review,
    a_session,
    amended,
    an_appointment,
    on,
    voided,
    weeks,
)

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Fact
    from rupture_watch.alliance.timeline import Moment


def order_of(*facts: Fact) -> list[str]:
    return [moment.fact.name for moment in Timeline().rebuild(facts)]


def moments_of(*facts: Fact) -> dict[str, Moment]:
    return {moment.fact.name: moment for moment in Timeline().rebuild(facts)}


def test_a_form_stands_at_the_start_of_its_appointment() -> None:
    form, appointment = a_form("s1", 0.2), an_appointment("a1", 0, session="s1")

    found = moments_of(form, appointment)

    assert found["s1/SRS/client"].time == on(0)
    assert order_of(form, appointment) == ["a1", "s1/SRS/client"]


def test_a_form_that_came_before_its_appointment_waits_for_its_place() -> None:
    early, before = a_form("s1", -1), a_frame_fact("billing_error", -0.5)

    assert order_of(early, before) == ["s1/SRS/client", before.name]
    with_start = (early, before, an_appointment("a1", 0, session="s1"))
    assert order_of(*with_start) == [before.name, "a1", "s1/SRS/client"]


def test_a_session_without_appointment_stands_at_its_earliest_form() -> None:
    late, early = a_form("s1", 2), a_form("s1", 1, respondent="therapist")

    found = moments_of(late, early)

    assert {moment.time for moment in found.values()} == {on(1)}


def test_the_client_speaks_last_of_a_session() -> None:
    facts: list[Fact] = [
        a_form("s1", 0),
        a_form("s1", 0, respondent="therapist"),
        a_form("s1", 0, instrument="PHQ-9", respondent="observer"),
        a_note("s1", 0),
        an_appointment("a1", 0, session="s1"),
    ]

    assert order_of(*facts) == [
        "a1",
        "s1/PHQ-9/observer",
        "s1/SRS/therapist",
        "s1/SRS/client",
        "s1",
    ]


def test_at_one_moment_the_frame_comes_first_and_the_closure_last() -> None:
    facts: list[Fact] = [
        a_closure(0),
        a_review("x", 0),
        *a_session(1, 36.0),
        a_frame_fact("goals_set", 0),
    ]

    kinds = [type(moment.fact).__name__ for moment in Timeline().rebuild(facts)]

    assert kinds == ["FrameFact", "Appointment", "Form", "Review", "Closure"]


def test_a_note_stands_at_its_session_or_alone_at_its_time() -> None:
    note = a_note("s1", 3)

    assert moments_of(note)["s1"].time == on(3)
    assert moments_of(note, an_appointment("a1", 0, session="s1"))["s1"].time == on(0)


def test_numbers_decide_the_order_where_every_session_has_one() -> None:
    first = a_form("x", 7, session_seq=1)
    second = a_form("y", 0, session_seq=2)

    assert order_of(first, second) == ["x/SRS/client", "y/SRS/client"]
    places = moments_of(first, second)
    assert places["x/SRS/client"].time == on(7)
    assert places["y/SRS/client"].time == on(7) + 1


def test_one_session_without_a_number_lets_time_decide() -> None:
    first, second = a_form("x", 7, session_seq=1), a_form("y", 0, session_seq=2)
    third = a_form("z", 3)

    assert order_of(first, second, third) == ["y/SRS/client", "z/SRS/client", "x/SRS/client"]


def test_an_appointment_and_an_encounter_of_one_session_are_one() -> None:
    appointment = an_appointment("a1", 0, session="s1", recorded_after=1)
    encounter = an_appointment("s1", 0.01, session="s1", appointment_id=None, recorded_after=2)

    assert order_of(appointment, encounter, a_form("s1", 0)) == ["s1", "s1/SRS/client"]
    assert moments_of(appointment, encounter)["s1"].time == on(0.01)
    later = amended(appointment, days_later=5)
    assert order_of(later, encounter) == ["a1"]


def test_what_says_nothing_yet_has_no_moment() -> None:
    booked = an_appointment("a1", -7, "booked", start=0)

    assert order_of(booked, voided(a_form("s2", 7)), voided(a_closure(9))) == []


def test_a_cancellation_stands_where_it_was_made_and_a_no_show_at_its_start() -> None:
    facts = [
        an_appointment("gone", 10, "no_show", start=9),
        an_appointment("off", 2, "cancelled", start=12),
        an_appointment("moved", 3, "rescheduled", start=13),
    ]

    found = moments_of(*facts)

    assert [found[name].time for name in ("gone", "off", "moved")] == [on(9), on(2), on(3)]


def test_facts_in_order_are_appended_one_by_one() -> None:
    timeline = Timeline()
    appended = [timeline.append(fact) for fact in weeks(36.0, None, 34.0)]

    assert appended == Timeline().rebuild(weeks(36.0, None, 34.0))


def test_a_fact_that_moves_a_session_is_not_appended() -> None:
    timeline = Timeline()
    for fact in (a_form("s2", 7), a_note("s3", 9)):
        timeline.append(fact)

    assert timeline.append(a_form("s1", 0)) is False
    assert timeline.append(an_appointment("a2", 6, session="s2")) is False
    assert timeline.append(a_form("s2", 5, respondent="therapist")) is False
    assert timeline.append(a_form("s3", 14)) is False


def test_a_number_that_contradicts_another_of_its_session_is_not_appended() -> None:
    timeline = Timeline()
    for fact in (*a_session(1, 36.0, numbered=True), *a_session(2, None, numbered=True)):
        timeline.append(fact)

    assert timeline.append(a_form("s2", 7, session_seq=9)) is False


def test_only_a_planned_ending_is_one() -> None:
    assert planned_ending([a_closure(9, "planned")]) == on(9)
    assert planned_ending([a_closure(9, "unplanned")]) is None
    assert planned_ending([voided(a_closure(9, "planned"))]) is None
    assert planned_ending([a_form("s1", 0)]) is None


def test_every_moment_of_a_session_names_it() -> None:
    moments = Timeline().rebuild([*a_session(1, 36.0), a_note("s1", 0), a_frame_fact("x", 0)])

    assert {type(m.fact).__name__: m.session for m in moments} == {
        "Appointment": "s1",
        "Form": "s1",
        "Note": "s1",
        "FrameFact": None,
    }
    assert all(isinstance(m.fact, Form) == (m.rank == 2) for m in moments)
