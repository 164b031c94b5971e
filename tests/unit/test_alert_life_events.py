"""What else ends a finding, raises an alert, or joins it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from rupture_watch.alliance.alerts import alert_id
from tests.builders import (
    CASE,
    a_form,
    a_frame_fact,
    a_no_show,
    a_review,
    a_session,
    alerts_of,
    heard,
    judge,
    on,
    the_rules,
    weeks,
)
from tests.unit.dips import STEADY, status_of, told

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Fact


def incident() -> Fact:
    return a_frame_fact("privacy_incident", 10)


def test_a_single_event_recovers_when_it_is_acknowledged() -> None:
    case, events = judge(
        [*weeks(36.0, 36.0), incident(), a_review(alert_id(CASE, incident().name), 11)],
        rules=the_rules("I2"),
    )

    assert heard(events) == [("raised", "new"), ("repaired", "acknowledged")]
    assert status_of(alerts_of(case)[0]) == {"I2": "recovered"}


def test_a_single_event_expires_after_28_days() -> None:
    case, _ = judge([incident()], rules=the_rules("I2"), until=37.9)
    assert [alert["state"] for alert in alerts_of(case)] == ["open"]
    assert case.next_due == on(38)

    [event] = case.pass_time(on(40))

    assert heard([event]) == [("repaired", "expired")]
    assert event.time == on(38)


def test_a_missing_outreach_is_repaired_when_it_is_made() -> None:
    known = a_frame_fact("goals_set", 0)
    case, events = judge([known, *weeks(36.0), a_no_show(2)], rules=the_rules("J3"), until=10.5)
    assert heard(events) == [("raised", "new")]
    assert events[0].time == on(10)

    [event] = case.take(a_frame_fact("outreach_made", 11))[1]

    assert heard([event]) == [("repaired", "step_done")]


def test_an_outreach_that_had_been_made_in_time_retracts() -> None:
    known = a_frame_fact("goals_set", 0)
    case, _ = judge([known, *weeks(36.0), a_no_show(2)], rules=the_rules("J3"), until=10.5)

    [event] = case.take(a_frame_fact("outreach_made", 9, recorded_after=3))[1]

    assert heard([event]) == [("retracted", "late_data")]


def test_the_frame_counts_as_steady_below_a_load_of_two() -> None:
    # 5 * 2^(-d/28) < 2 from d = 37.02 on
    breach = a_frame_fact("privacy_incident", 0)
    case, events = judge([breach, *a_session(1, 36.0, day=37)], rules=the_rules("I3"))
    assert heard(events) == [("raised", "new")]

    events = [event for fact in a_session(2, 36.0, day=37.1) for event in case.take(fact)[1]]

    assert heard(events) == [("repaired", "recovered")]


def test_a_severe_alert_without_an_answer_rises_after_seven_days() -> None:
    case, events = judge(weeks(*STEADY, 20.0), rules=the_rules("A1", "K2"), until=41.9)
    assert heard(events) == [("raised", "new")]

    [event] = case.pass_time(on(42.1))

    assert heard([event]) == [("amended", "unacknowledged")]
    assert event.data["severity"] == 4
    assert event.time == on(42.04)


def test_it_rises_at_once_when_the_next_session_passes_without_an_answer() -> None:
    session = a_session(7, None, day=37)
    _, events = told(*session, rules=("A1", "K2"))

    assert heard(events)[-1] == ("amended", "unacknowledged")
    assert events[-1].time == on(37)


def test_the_seven_days_count_from_when_the_cause_was_recorded() -> None:
    late = a_form("s6", 35.04, 20.0, recorded_after=5)
    case, _ = judge([*weeks(*STEADY), late], rules=the_rules("A1", "K2"), until=46.9)
    assert [one["concept"]["id"] for one in alerts_of(case)[0]["findings"]] == ["A1"]

    events = case.pass_time(on(47.1))

    assert heard(events) == [("amended", "unacknowledged")]


def test_a_session_before_the_cause_was_recorded_could_not_answer_it() -> None:
    late = a_form("s6", 35.04, 20.0, recorded_after=10)
    held = weeks(None, None, first=6)
    case, events = judge([*weeks(*STEADY), *held, late], rules=the_rules("A1", "K2"))

    assert heard(events) == [("raised", "late_data")]
    assert heard(case.pass_time(on(53))) == [("amended", "unacknowledged")]


def test_each_cause_raises_once_and_never_beyond_same_day() -> None:
    alert, events = told(
        *weeks(None, None, None, None, first=7), rules=("A1", "A4", "K2"), until=200
    )

    reasons = [reason for _, reason in heard(events)]
    assert reasons.count("unacknowledged") == 1
    assert reasons.count("unrepaired") == 1
    assert alert["severity"] == 4


def test_a_repaired_alert_holds_nothing_any_more() -> None:
    alert, _ = told(*a_session(7, 36.0), rules=("A1", "K2"))

    assert alert["state"] == "repaired"
    assert set(status_of(alert).values()) == {"recovered"}


def test_two_sources_of_different_kind_make_one_alert_more_severe() -> None:
    incident_soon = a_frame_fact("privacy_incident", 38)
    alert, events = told(incident_soon, rules=("A1", "I2"))

    assert [event.data["severity"] for event in events] == [3, 4]
    assert alert["rupture_type"] == "mixed"


@pytest.mark.parametrize(("days_before", "severity"), [(13, 4), (15, 3)])
def test_sources_speak_together_within_two_weeks(days_before: int, severity: int) -> None:
    known = a_frame_fact("goals_set", 0)
    missed = a_no_show(99, day=35 - days_before - 3)  # the outreach is due three days later
    case, _ = judge([known, missed, *weeks(*STEADY, 20.0)], rules=the_rules("A1", "J3"))

    [alert] = alerts_of(case)
    assert [one["concept"]["id"] for one in alert["findings"]] == ["J3", "A1"]
    assert alert["severity"] == severity


def test_a_note_alone_opens_nothing() -> None:
    case, events = judge([a_no_show(1), *weeks(36.0, first=2)], rules=the_rules("K4"))

    assert events == []
    assert [one["concept"]["id"] for one in case.standing()["notes"]] == ["K4"]


def test_notes_within_two_weeks_join_the_alert_that_opens() -> None:
    note = a_no_show(1)
    case, events = judge([note, a_frame_fact("privacy_incident", 13)], rules=the_rules("K4", "I2"))

    assert [one["concept"]["id"] for one in events[0].data["findings"]] == ["K4", "I2"]
    assert events[0].alert_id == alert_id(CASE, "privacy_incident-13")
    assert case.standing()["notes"] == []

    case, events = judge([note, a_frame_fact("privacy_incident", 15)], rules=the_rules("K4", "I2"))
    assert [one["concept"]["id"] for one in events[0].data["findings"]] == ["I2"]


def test_the_id_is_made_of_case_and_first_fact() -> None:
    alert, _ = told()

    assert alert["alert_id"] == sha256(b"case-1|s6/SRS/client").hexdigest()[:32]


def test_what_was_not_regained_is_named_even_where_something_graver_holds() -> None:
    incident = a_frame_fact("privacy_incident", 43)
    alert, _ = told(
        *weeks(21.0, 20.0, first=7), incident, *a_session(9, 21.0), rules=("A1", "I2", "K2")
    )
    said = {one["statement"] for one in alert["findings"] if one["concept"]["id"] == "K2"}

    assert "Not regained since 10 Feb." in said
