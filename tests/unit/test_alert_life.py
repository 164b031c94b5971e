"""The life of an alert, from the finding that opens it to what ends it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.alliance.alerts import alert_id
from tests.builders import (
    CASE,
    a_closure,
    a_form,
    a_frame_fact,
    a_no_show,
    a_note,
    a_review,
    a_session,
    alerts_of,
    heard,
    judge,
    on,
    the_rules,
    weeks,
)

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Fact
    from rupture_watch.alliance.telling import AlertEvent

STEADY = (36.0, 36.0, 37.0, 36.0, 35.0)
DIP = "s6/SRS/client"
A1 = alert_id(CASE, DIP)


def told(
    *later: Fact, rules: tuple[str, ...] = ("A1",), until: float | None = None
) -> tuple[dict[str, Any], list[AlertEvent]]:
    """Return the only alert and all events after five steady weeks, a deep dip, and ``later``."""
    case, events = judge([*weeks(*STEADY, 20.0), *later], rules=the_rules(*rules), until=until)
    [alert] = alerts_of(case)
    return alert, events


def status_of(alert: dict[str, Any]) -> dict[str, str]:
    return {one["concept"]["id"]: one["status"] for one in alert["findings"]}


# repair


def test_a_dip_that_is_regained_next_week_is_repaired() -> None:
    alert, events = told(*a_session(7, 36.0))

    assert heard(events) == [("raised", "new"), ("repaired", "recovered")]
    assert (alert["state"], status_of(alert)) == ("repaired", {"A1": "recovered"})
    assert alert["resolution"] == {
        "fact": "s7/SRS/client",
        "session_id": "s7",
        "time": "2025-02-17T10:57:36Z",
    }


def test_half_of_the_fall_regained_is_not_enough_outside_the_own_range() -> None:
    # Level 36, own spread 2.1: 29 has regained 9 of 16 points, and is 7 below the level.
    alert, events = told(*a_session(7, 29.0))

    assert (alert["state"], heard(events)) == ("open", [("raised", "new")])


@pytest.mark.parametrize(("rating", "state"), [(32.2, "open"), (32.3, "repaired")])
def test_within_the_own_range_at_least_half_of_the_fall_must_be_regained(
    rating: float, state: str
) -> None:
    # A slow fall (EWMA): level 34.594, spread 2.431, low 30. The range begins at 32.16, half of
    # the fall is regained at 32.30.
    slow = weeks(36.0, 36.0, 36.0, 36.0, 32.0, 31.0, 30.0)

    case, _ = judge([*slow, *a_session(8, rating)], rules=the_rules("A1"))

    assert [alert["state"] for alert in alerts_of(case)] == [state]


def test_a_leap_from_the_low_to_the_ceiling_is_no_repair_by_itself() -> None:
    alert, _ = told(*a_session(7, 40.0))

    assert alert["state"] == "open"


def test_a_leap_after_an_alliance_talk_is_a_repair() -> None:
    talk = a_note("s6", 35.05, alliance_discussed=True)
    alert, _ = told(talk, *a_session(7, 40.0))

    assert alert["state"] == "repaired"


def test_a_second_form_at_the_ceiling_is_a_repair() -> None:
    alert, _ = told(*weeks(40.0, 40.0, first=7))

    assert alert["state"] == "repaired"
    assert alert["resolution"]["session_id"] == "s8"


def test_another_instrument_regains_nothing() -> None:
    wai = a_form("s7", 42.04, 58.0, instrument="WAI-SR")
    alert, _ = told(*a_session(7, None), wai)

    assert alert["state"] == "open"


def test_without_a_repair_the_alert_rises_after_three_rated_sessions() -> None:
    alert, events = told(*weeks(21.0, 20.0, 21.0, first=7), rules=("A1", "K2"))

    assert heard(events) == [
        ("raised", "new"),
        ("amended", "unacknowledged"),
        ("amended", "unrepaired"),
    ]
    assert [event.data["severity"] for event in events] == [3, 4, 4]
    assert status_of(alert) == {"A1": "holds", "K2": "holds"}


def test_after_six_rated_sessions_the_lower_level_is_the_new_baseline() -> None:
    low = weeks(21.0, 20.0, 21.0, 20.0, 21.0, 20.0, first=7)
    alert, events = told(*low)

    assert heard(events)[-1] == ("closed", "unrepaired")
    assert alert["state"] == "closed"
    case, again = judge([*weeks(*STEADY, 20.0), *low, *weeks(20.0, 21.0, 20.0, 21.0, first=13)])
    assert [event for event in again if event.time > on(85)] == []
    # What closed the alert is the first rating of the new baseline.
    baseline = case.course.series[("SRS", "client", "total")].baseline
    assert baseline.mean == pytest.approx((20.0 + 20.0 + 21.0 + 20.0 + 21.0) / 5)


def test_a_fall_that_stays_rises_after_28_days_without_forms() -> None:
    _, events = told(rules=("A1", "K2"), until=62.9)
    assert heard(events) == [("raised", "new"), ("amended", "unacknowledged")]

    _, events = told(rules=("A1", "K2"), until=63.1)
    assert heard(events)[-1] == ("amended", "unrepaired")


# cool-down


@pytest.mark.parametrize("number", [8, 9])
def test_a_breach_within_two_rated_sessions_reopens_the_alert(number: int) -> None:
    between = weeks(*[36.0] * (number - 7), first=7)
    alert, events = told(*between, *a_session(number, 15.0))

    assert heard(events)[-1] == ("amended", "reopened")
    assert (alert["alert_id"], alert["state"]) == (A1, "open")
    assert "resolution" not in alert
    assert [one["status"] for one in alert["findings"]] == ["recovered", "holds"]


def test_a_breach_after_the_cool_down_is_a_new_alert() -> None:
    between = weeks(36.0, 36.0, 36.0, first=7)
    case, events = judge(
        [*weeks(*STEADY, 20.0), *between, *a_session(10, 10.0)], rules=the_rules("A1")
    )

    assert heard(events)[-1] == ("raised", "new")
    assert [alert["state"] for alert in alerts_of(case)] == ["repaired", "open"]


def test_several_findings_of_one_form_reopen_once() -> None:
    _, events = told(*a_session(7, 36.0), *a_session(8, 12.0), rules=("A1", "A4"))

    assert heard(events)[-1] == ("amended", "reopened")


# clinicians


def test_dismissing_closes_and_forgets_the_episode() -> None:
    alert, events = told(a_review(A1, 36, "dismissed"))

    assert heard(events)[-1] == ("closed", "dismissed")
    assert alert["state"] == "closed"
    assert events[-1].time == on(36)


def test_a_dismissed_alert_may_be_reopened_by_a_clinician() -> None:
    alert, events = told(a_review(A1, 36, "dismissed"), a_review(A1, 37, "reopened"))

    assert heard(events)[-1] == ("amended", "reopened")
    assert alert["state"] == "open"


def test_a_confirmed_repair_is_one() -> None:
    alert, events = told(a_review(A1, 36, "repair_confirmed"))

    assert heard(events)[-1] == ("repaired", "confirmed")
    assert alert["resolution"]["fact"] == "e-repair_confirmed-36"


@pytest.mark.parametrize(("number", "change"), [(9, "amended"), (10, "raised")])
def test_a_contrary_form_within_three_reopens_a_confirmed_repair(number: int, change: str) -> None:
    between = weeks(*[35.0] * (number - 7), first=7)
    _, events = judge(
        [
            *weeks(*STEADY, 20.0),
            a_review(A1, 36, "repair_confirmed"),
            *between,
            *a_session(number, 10.0),
        ],
        rules=the_rules("A1"),
    )

    assert events[-1].change == change


def test_a_clinician_may_say_it_was_not_repaired() -> None:
    alert, events = told(a_review(A1, 36, "unrepaired"))

    assert heard(events)[-1] == ("closed", "unrepaired")
    assert alert["state"] == "closed"


def test_an_acknowledged_fall_stays_open_and_is_not_escalated() -> None:
    alert, events = told(a_review(A1, 36), rules=("A1", "K2"), until=50)

    assert heard(events) == [("raised", "new")]
    assert status_of(alert) == {"A1": "holds"}


def test_a_review_of_an_alert_that_nobody_raised_is_kept_and_changes_nothing() -> None:
    _, events = told(a_review(alert_id(CASE, "nothing"), 36, "dismissed"))

    assert heard(events) == [("raised", "new")]


def test_a_review_that_comes_before_its_alert_is_known_counts() -> None:
    review = a_review(A1, 36, "dismissed")
    case, events = judge([review, *weeks(*STEADY, 20.0)], rules=the_rules("A1"))

    assert [alert["state"] for alert in alerts_of(case)] == ["closed"]
    assert heard(events)[-1] == ("closed", "dismissed")


# single events, steps, load


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


# following up


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


# the end of the case


@pytest.mark.parametrize("ending", ["unplanned", "transferred", "erased"])
def test_every_ending_closes_the_open_alert(ending: str) -> None:
    _, events = judge(
        [*weeks(*STEADY, 20.0), a_closure(36, ending)], rules=the_rules("A1", "K2"), until=300
    )

    assert heard(events) == [("raised", "new"), ("closed", "case_closed")]


def test_an_ending_that_was_expected_to_fail_stays_a_question() -> None:
    case, events = judge(
        [*weeks(*STEADY, 20.0), a_closure(36, "unplanned")], rules=the_rules("A1", "J5")
    )

    assert heard(events) == [("raised", "new"), ("amended", "new_evidence")]
    assert status_of(alerts_of(case)[0]) == {"A1": "recovered", "J5": "holds"}

    answered, _ = judge(case.history.facts.values(), rules=the_rules("A1", "J5"))
    [event] = answered.take(a_review(A1, 37))[1]
    assert heard([event]) == [("repaired", "acknowledged")]

    [event] = case.pass_time(on(80))
    assert heard([event]) == [("repaired", "expired")]
    assert event.time == on(36 + 28)


def test_after_the_end_nothing_more_is_asked() -> None:
    after = weeks(None, None, first=7)
    _, events = judge(
        [*weeks(*STEADY), a_closure(35, "unplanned"), *after, *a_session(9, 10.0)], until=400
    )

    assert events == []


# independent sources, notes


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
