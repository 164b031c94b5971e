"""How an alert ends: by repair, by a clinician, by its case; and how it opens again."""

from __future__ import annotations

import pytest

from rupture_watch.alliance.alerts import alert_id
from tests.builders import (
    CASE,
    a_closure,
    a_form,
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
from tests.unit.dips import A1, STEADY, status_of, told


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


def test_dismissing_closes_and_forgets_the_episode() -> None:
    alert, events = told(a_review(A1, 36, "dismissed"))

    assert heard(events)[-1] == ("closed", "dismissed")
    assert alert["state"] == "closed"
    assert events[-1].time == on(36)


def test_a_dismissed_alert_may_be_reopened_by_a_clinician() -> None:
    alert, events = told(a_review(A1, 36, "dismissed"), a_review(A1, 37, "reopened"))

    assert heard(events)[-1] == ("amended", "reopened")
    assert alert["state"] == "open"


def test_a_breach_after_a_dismissal_is_news_that_is_followed_up_anew() -> None:
    dismissed = a_review(A1, 36, "dismissed")
    rules = ("A1", "K2")
    alert, events = told(dismissed, *a_session(7, 12.0), rules=rules, until=44)

    assert heard(events)[-1] == ("amended", "reopened")
    assert [one["status"] for one in alert["findings"]] == ["recovered", "holds"]

    alert, events = told(dismissed, *a_session(7, 12.0), rules=rules, until=50.1)

    assert heard(events)[-1] == ("amended", "unacknowledged")
    assert alert["severity"] == 4


def test_a_reopened_alert_is_repaired_once_the_new_breach_is() -> None:
    alert, events = told(a_review(A1, 36, "dismissed"), *a_session(7, 12.0), *a_session(8, 36.0))

    assert heard(events)[-1] == ("repaired", "recovered")
    assert alert["state"] == "repaired"


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
