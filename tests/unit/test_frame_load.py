"""The load on the frame: a decaying sum of weighted breaks, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.alliance.facts import MINUTE
from rupture_watch.alliance.frame_load import (
    Break,
    FrameLoad,
    breaks_of_appointment,
    breaks_of_frame_fact,
    is_halved,
    notice_hours,
)
from tests.builders import a_frame_fact, an_appointment, on, the_rules

if TYPE_CHECKING:
    from collections.abc import Mapping


def load_of(*breaks: tuple[float, float]) -> FrameLoad:
    """Return a load of (day, weight) breaks with the default half-life of 28 days."""
    load = FrameLoad(28)
    for number, (day, weight) in enumerate(breaks):
        load.add(Break(f"b{number}", on(day), "overrun", weight, weight))
    return load


def weights() -> Mapping[str, Any]:
    return the_rules().ruleset.weights


def test_a_break_counts_half_after_28_days() -> None:
    assert load_of((0, 4.0)).at(on(0)) == pytest.approx(4.0)
    assert load_of((0, 4.0)).at(on(14)) == pytest.approx(2.828427, abs=1e-6)
    assert load_of((0, 4.0)).at(on(28)) == pytest.approx(2.0)
    assert load_of((0, 4.0)).at(on(56)) == pytest.approx(1.0)


def test_breaks_add_up() -> None:
    assert load_of((0, 2.0), (28, 1.0), (56, 3.0)).at(on(56)) == pytest.approx(0.5 + 0.5 + 3.0)


def test_ages_count_in_whole_hours() -> None:
    load = load_of((0, 4.0))

    assert load.at(on(0) + 59 * MINUTE) == 4.0
    assert load.at(on(0) + 60 * MINUTE) == pytest.approx(4.0 * 2 ** (-1 / 672))


def test_what_comes_later_does_not_weigh_more_than_itself() -> None:
    assert load_of((10, 3.0)).at(on(0)) == 3.0


def test_what_has_decayed_to_nothing_is_dropped() -> None:
    load = load_of((0, 4.0), (280, 1.0))

    assert load.at(on(280)) == pytest.approx(1.0 + 4.0 / 1024)
    assert [one.fact for one in load.breaks] == ["b1"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"status": "no_show", "initiator": "provider"}, {"provider_no_show": 5.0}),
        ({"status": "no_show", "initiator": "client"}, {}),
        (
            {"status": "cancelled", "initiator": "provider", "notice_hours": 23.9},
            {"provider_late_cancel": 3.0},
        ),
        (
            {"status": "cancelled", "initiator": "provider", "notice_hours": 24.0},
            {"provider_cancel": 1.5},
        ),
        ({"status": "cancelled", "initiator": "client", "notice_hours": 1.0}, {}),
        ({"status": "cancelled", "initiator": "system", "notice_hours": 1.0}, {}),
        ({"status": "rescheduled", "initiator": "provider"}, {"provider_reschedule": 1.0}),
        ({"status": "rescheduled", "initiator": "client"}, {}),
        ({"status": "booked", "initiator": "provider"}, {}),
        ({"provider_late_minutes": 4}, {}),
        ({"provider_late_minutes": 5}, {"late_start": 1.0}),
        ({"provider_late_minutes": 9}, {"late_start": 1.0}),
        ({"provider_late_minutes": 10}, {"late_start_long": 2.0}),
        ({"overrun_minutes": -5, "ended_by": "provider"}, {"cut_short": 2.0}),
        ({"overrun_minutes": -4, "ended_by": "provider"}, {}),
        ({"overrun_minutes": -20, "ended_by": "client"}, {}),
        ({"overrun_minutes": -20}, {}),
        ({"overrun_minutes": 9}, {}),
        ({"overrun_minutes": 10}, {"overrun": 1.0}),
        ({"mode": "video", "agreed_mode": "in_person"}, {"format_change": 2.0}),
        ({"mode": "video", "agreed_mode": "video"}, {}),
        ({"mode": "video"}, {}),
        (
            {"provider_late_minutes": 12, "overrun_minutes": -9, "ended_by": "provider"},
            {"late_start_long": 2.0, "cut_short": 2.0},
        ),
    ],
    ids=str,
)
def test_an_appointment_breaks_the_frame_by_what_the_clinic_did(
    said: dict[str, Any], expected: dict[str, float]
) -> None:
    fact = an_appointment("a1", 0, **said)

    assert dict(breaks_of_appointment(fact, weights(), notice_hours(fact))) == expected


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        ("privacy_incident", {}, 5.0),
        ("billing_error", {}, 1.0),
        ("fee_changed", {"notice_days": 29.0}, 3.0),
        ("fee_changed", {"notice_days": 30.0}, 1.0),
        ("fee_changed", {}, 1.0),
        ("room_changed", {"agreed": False}, 2.0),
        ("room_changed", {"agreed": True}, None),
        ("room_changed", {}, None),
        ("therapist_changed", {"handover": True}, 2.0),
        ("therapist_changed", {"handover": False}, 4.0),
        ("leave_announced", {"notice_days": 13.0}, 3.0),
        ("leave_announced", {"notice_days": 14.0}, 0.5),
        ("leave_announced", {}, 0.5),
        ("unscheduled_contact", {"by": "provider"}, 1.0),
        ("unscheduled_contact", {"by": "client"}, None),
        ("boundary_crossing", {"boundary": "gift"}, 3.0),
        ("boundary_crossing", {"boundary": "dual_role"}, 3.0),
        ("boundary_crossing", {"boundary": "disclosure"}, None),
        ("goals_set", {}, None),
        ("complaint", {}, None),
    ],
    ids=str,
)
def test_a_frame_event_weighs_what_the_rule_set_says(
    kind: str, said: dict[str, Any], expected: float | None
) -> None:
    found = [weight for _, weight in breaks_of_frame_fact(a_frame_fact(kind, 0, **said), weights())]

    assert found == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("said", "halved"),
    [
        ({"reason_code": "illness"}, True),
        ({"reason_code": "holiday"}, True),
        ({"reason_code": "clinic_closure"}, True),
        ({"reason_code": "transport"}, False),
        ({"shared_cause": True}, True),
        ({}, False),
    ],
    ids=str,
)
def test_what_nobody_chose_counts_half(said: dict[str, Any], *, halved: bool) -> None:
    assert is_halved(an_appointment("a1", 0, "cancelled", **said)) is halved


def test_notice_is_what_the_sender_says_or_else_what_was_recorded() -> None:
    assert notice_hours(an_appointment("a", 0, "cancelled", start=2, notice_hours=5.0)) == 5.0
    assert notice_hours(an_appointment("a", 0, "cancelled", start=2)) == pytest.approx(48.0)
    late = an_appointment("a", 0, "cancelled", start=2, recorded_after=1.5)
    assert notice_hours(late) == pytest.approx(12.0)
    after = an_appointment("a", 0, "cancelled", start=2, recorded_after=9)
    assert notice_hours(after) == 0.0
    assert notice_hours(an_appointment("a", 0, "cancelled", start=2, notice_hours=-3.0)) == 0.0
