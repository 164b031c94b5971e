"""What is told of old history, of an erased case, and of what the bound forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rupture_watch.alliance import history
from rupture_watch.alliance.alerts import alert_id
from rupture_watch.alliance.standing import instant
from tests.builders import (
    CASE,
    a_closure,
    a_form,
    a_frame_fact,
    a_review,
    alerts_of,
    heard,
    judge,
    on,
    the_rules,
    voided,
    weeks,
)

if TYPE_CHECKING:
    from rupture_watch.alliance.assessment import Case
    from rupture_watch.alliance.facts import Fact, Form
    from rupture_watch.alliance.telling import AlertEvent

RULES = the_rules("A1", "I2", "K2")
STEADY = (36.0, 36.0, 37.0, 36.0, 35.0)


def dip(number: int = 6, total: float = 20.0) -> Form:
    return a_form(f"s{number}", (number - 1) * 7 + 0.04, total)


def incident(day: float = 38) -> Fact:
    return a_frame_fact("privacy_incident", day)


def id_of(fact: Fact) -> str:
    return alert_id(CASE, fact.name)


def told(*facts: Fact) -> tuple[Case, list[AlertEvent]]:
    """Return a steady case, and what was told of these further facts."""
    case, before = judge(weeks(*STEADY), rules=RULES)
    assert before == []
    return case, [event for fact in facts for event in case.take(fact)[1]]


def test_old_history_is_judged_and_not_told() -> None:
    facts = [fact._replace(backfill=True, recorded=on(100)) for fact in weeks(*STEADY, 20.0)]
    case, events = judge(facts, until=200, rules=RULES)

    assert events == []
    assert [alert["state"] for alert in alerts_of(case)] == ["closed"]


@pytest.mark.parametrize(("days", "news"), [(35, 1), (35.1, 0)])
def test_a_backfilled_cause_is_history_after_35_days(days: float, news: int) -> None:
    late = a_frame_fact("privacy_incident", 0, recorded_after=days, backfill=True)

    _, events = judge([late], rules=RULES)

    assert len(events) == news


def test_a_late_cause_that_is_no_backfill_is_news_however_late() -> None:
    _, events = judge([a_frame_fact("privacy_incident", 0, recorded_after=36)], rules=RULES)

    assert heard(events) == [("raised", "new")]


def test_history_becomes_news_where_a_finding_of_today_follows() -> None:
    facts = [fact._replace(backfill=True, recorded=on(100)) for fact in weeks(*STEADY, 20.0)]
    _, events = judge([*facts, incident(101)], rules=RULES)

    assert heard(events) == [("raised", "new")]
    assert events[0].alert_id == id_of(incident(101))


def test_an_erased_case_closes_its_alert_and_forgets_everything() -> None:
    case, events = told(dip(), a_closure(36, "erased"))

    assert heard(events) == [("raised", "new"), ("closed", "case_closed")]
    assert case.take(dip(7))[1] == []
    assert case.told == {}
    assert case.standing()["counts"] == {"facts": 0, "sessions": 0, "rated_sessions": 0}


def test_erasure_closes_even_what_an_ending_leaves_open() -> None:
    dipped, erased = weeks(*STEADY, 20.0), a_closure(40, "erased")
    asked = a_frame_fact("transfer_requested", 36)
    reopened = [a_review(id_of(dip()), 50, action) for action in ("dismissed", "reopened")]
    for facts, rules in (([*dipped, asked], ("J5",)), ([*dipped, *reopened], ("A1",))):
        case, _ = judge(facts, rules=the_rules(*rules))
        assert [alert["state"] for alert in alerts_of(case)] == ["open"]

        assert heard(case.take(erased)[1]) == [("closed", "case_closed")]


def test_an_erased_case_is_gone_after_the_longest_lateness() -> None:
    case, _ = told(dip(), a_closure(36, "erased"))

    assert case.next_due == on(36 + 35)
    case.pass_time(on(70.9))
    assert not case.is_gone
    case.pass_time(on(71))
    assert case.is_gone


def test_erasure_cannot_be_taken_back_whatever_came_first() -> None:
    erased = a_closure(36, "erased")
    for facts in ((voided(erased), erased), (erased, voided(erased))):
        case, events = told(dip(), *facts)

        assert case.erased == on(36)
        assert heard(events)[-1] == ("closed", "case_closed")


def test_what_falls_behind_the_bound_goes_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    case, events = told(dip(), *weeks(36.0, 36.0, 36.0, 36.0, first=7))
    assert heard(events)[-1] == ("repaired", "recovered")
    monkeypatch.setattr(history, "MOST_FACTS", 20)

    for fact in weeks(36.0, 36.0, 36.0, 36.0, first=11):
        assert case.take(fact)[1] == []

    assert case.history.cut is not None
    assert alerts_of(case) == []
    assert case.again().standing() == case.standing()


def test_an_open_alert_whose_cause_is_forgotten_does_not_stay_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case, [event] = told(dip())
    monkeypatch.setattr(history, "MOST_FACTS", 6)

    events = [event for fact in weeks(None, None, None, first=7) for event in case.take(fact)[1]]

    assert ("retracted", event.alert_id) in {(one.change, one.alert_id) for one in events}
    assert alerts_of(case) == []


@pytest.mark.parametrize(
    ("moment", "told_as"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (on(0) + 1, "2025-01-06T10:00:00.000001Z"),
        (-62_135_596_800_000_000, "0001-01-01T00:00:00Z"),
        (-500_000, "1969-12-31T23:59:59.500000Z"),
    ],
)
def test_times_are_told_in_full(moment: int, told_as: str) -> None:
    assert instant(moment) == told_as
