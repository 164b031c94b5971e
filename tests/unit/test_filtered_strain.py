"""What of a case's facts strain is told, and as which kind of fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.alliance.filtered_strain import outcome_of
from tests.builders import (
    a_form,
    a_frame_fact,
    a_no_show,
    a_note,
    a_session,
    alerts_of,
    an_appointment,
    judge,
    weeks,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.facts import Fact

STEADY = (36.0, 35.0, 37.0, 36.0, 35.0, 36.0)


def strain(facts: Iterable[Fact]) -> float:
    """Return strain at the last judged fact."""
    case, _ = judge(facts)
    return float(case.trace()[-1]["strain"])


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"status": "attended"}, "attended"),
        ({"status": "attended", "reason_code": "illness"}, "attended"),
        ({"status": "no_show", "initiator": "client"}, "no_show"),
        ({"status": "no_show"}, None),
        ({"status": "no_show", "initiator": "provider"}, None),
        ({"status": "no_show", "initiator": "client", "reason_code": "illness"}, None),
        ({"status": "no_show", "initiator": "client", "shared_cause": True}, None),
        ({"status": "cancelled", "initiator": "client", "notice_hours": 2.0}, "late_cancel"),
        ({"status": "cancelled", "initiator": "client", "notice_hours": 72.0}, "early_cancel"),
        ({"status": "cancelled", "initiator": "client", "reason_code": "holiday"}, None),
        ({"status": "cancelled", "initiator": "provider"}, "provider_cancel"),
        ({"status": "cancelled", "initiator": "provider", "reason_code": "illness"}, None),
        ({"status": "cancelled", "initiator": "provider", "shared_cause": True}, None),
        ({"status": "cancelled", "initiator": "system"}, None),
        ({"status": "rescheduled", "initiator": "client"}, None),
    ],
)
def test_an_appointment_speaks_of_client_or_provider_or_of_neither(
    said: dict[str, Any], outcome: str | None
) -> None:
    assert outcome_of(an_appointment("a1", 0, **said)) == outcome


def test_an_attended_appointment_and_its_form_are_one_session() -> None:
    forms_alone = [a_form(f"s{n}", 7.0 * (n - 1) + 0.04, v) for n, v in enumerate(STEADY, start=1)]
    assert strain(weeks(*STEADY)) == strain(forms_alone)


@pytest.mark.parametrize("total", [24.0, 12.0, 4.0, 0.0])
def test_the_deepest_fall_is_asked_about_as_any_deep_one(total: float) -> None:
    case, _ = judge(weeks(*[36.0] * 5, total))
    assert case.course.is_strained
    assert [alert["severity"] for alert in alerts_of(case)] == [4]


def test_a_missed_appointment_weighs_and_a_practical_one_does_not() -> None:
    calm = strain(weeks(*STEADY))
    assert strain([*weeks(*STEADY), a_no_show(7)]) > calm
    assert strain([*weeks(*STEADY), a_no_show(7, reason_code="illness")]) == calm


def test_a_cancellation_counts_once_its_appointment_would_have_been() -> None:
    cancelled = an_appointment(
        "x7", 37, "cancelled", initiator="client", start=42, notice_hours=2.0
    )
    calm = strain([*weeks(*STEADY), *a_session(7, 35.0, day=49)])
    assert strain([*weeks(*STEADY), cancelled, *a_session(7, 35.0, day=49)]) > calm
    assert strain([*weeks(*STEADY, 35.0), cancelled._replace(scheduled_start=10**18)]) == strain(
        weeks(*STEADY, 35.0)
    )


def test_who_was_late_counts_once_the_feed_has_shown_itself() -> None:
    def late(minutes: int | None) -> list[Fact]:
        last = an_appointment("a7", 42, session="s7", client_late_minutes=minutes)
        return [*weeks(*STEADY), last, a_form("s7", 42.04, 34.0)]

    assert strain(late(20)) > strain(late(0))
    assert strain(late(10)) == strain(late(20))
    assert strain(late(9)) == strain(late(0))
    assert strain(late(None)) != strain(late(0))


def test_a_heavy_break_of_the_frame_makes_the_next_fall_weigh_more() -> None:
    fall = a_session(7, 33.0)
    broken = a_frame_fact("privacy_incident", 38)
    assert strain([*weeks(*STEADY), broken, *fall]) > strain([*weeks(*STEADY), *fall])


def test_a_clinics_cancellation_is_an_appointment_and_no_break_beside_it() -> None:
    cancelled = an_appointment(
        "x7", 41, "cancelled", initiator="provider", start=42, notice_hours=2.0
    )
    practical = cancelled._replace(shared_cause=True)
    after = a_session(8, 35.0, day=49)
    assert strain([*weeks(*STEADY), cancelled, *after]) > strain([*weeks(*STEADY), *after])
    assert strain([*weeks(*STEADY), practical, *after]) == strain([*weeks(*STEADY), *after])


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        (
            {"homework_assigned": 4, "homework_done": 0},
            {"homework_assigned": 4, "homework_done": 4},
        ),
        ({"therapist_sees_rupture": True}, {"therapist_sees_rupture": False}),
    ],
)
def test_what_a_note_says_of_its_session_weighs(bad: dict[str, Any], good: dict[str, Any]) -> None:
    def noted(**tags: Any) -> float:
        case, _ = judge([*weeks(*STEADY, 34.0), a_note("s7", 42.2, **tags)])
        return case.course.strain.value

    assert noted(**bad) > noted(**good)


def test_a_note_on_an_earlier_session_comes_too_late_to_weigh() -> None:
    case, _ = judge([*weeks(*STEADY, 34.0), a_note("s5", 28.2, therapist_sees_rupture=True)])
    seen_then = case.trace()
    without = judge(weeks(*STEADY, 34.0))[0].trace()
    assert [line["strain"] for line in seen_then[:4]] == [line["strain"] for line in without[:4]]
    late, _ = judge([*weeks(*STEADY, 34.0), a_note("s9", 28.2, therapist_sees_rupture=True)])
    assert late.trace()[-1]["strain"] == without[-1]["strain"]


def test_a_form_that_does_not_come_weighs_where_forms_were_usual() -> None:
    shown, _ = judge([*weeks(*STEADY), *a_session(7, None)], until=46)
    waiting, _ = judge([*weeks(*STEADY), *a_session(7, None)], until=44)
    assert shown.course.strain.value > waiting.course.strain.value
    never, _ = judge(weeks(*[None] * 4), until=60)
    waited, _ = judge(weeks(*[None] * 4), until=22)
    assert never.course.strain.value == waited.course.strain.value
