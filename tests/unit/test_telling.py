"""What the world is told of an alert, why, and in which order."""

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
    amended,
    heard,
    judge,
    on,
    srs,
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


def test_a_dip_is_raised_once_with_its_cause() -> None:
    _, [event] = told(dip())

    assert (event.change, event.data["reason"], event.revision) == ("raised", "new", 1)
    assert event.alert_id == event.data["alert_id"] == id_of(dip())
    assert event.time == dip().time
    assert event.data["state"] == "open"
    assert event.data["causation"] == ["e-s6-SRS-client"]
    assert [finding["concept"]["id"] for finding in event.data["findings"]] == ["A1"]


def test_nothing_is_told_of_a_repeat_or_an_older_version() -> None:
    case, _ = told(dip())

    assert case.take(dip())[1] == []
    assert case.take(dip()._replace(recorded=on(0), scores=srs(39.0)))[1] == []


def test_nothing_is_told_where_a_correction_changes_nothing_that_was_said() -> None:
    case, _ = told(dip())
    steady = weeks(*STEADY)[1]

    assert case.take(amended(steady, duration_ms=5_000))[1] == []


def test_a_further_finding_amends_the_open_alert() -> None:
    _, events = told(dip(), incident())

    assert heard(events) == [("raised", "new"), ("amended", "new_evidence")]
    assert {event.alert_id for event in events} == {id_of(dip())}
    assert [event.revision for event in events] == [1, 2]


def test_a_corrected_form_retracts_what_it_had_raised() -> None:
    _, events = told(dip(), amended(dip(), scores=srs(36.0)))

    assert heard(events) == [("raised", "new"), ("retracted", "corrected_data")]
    assert events[-1].data["state"] == "retracted"
    assert [one["status"] for one in events[-1].data["findings"]] == ["withdrawn"]


def test_a_voided_form_retracts_what_it_had_raised() -> None:
    case, events = told(dip(), voided(dip()))

    assert heard(events) == [("raised", "new"), ("retracted", "voided_data")]
    assert alerts_of(case) == []


def test_a_corrected_baseline_withdraws_a_finding_that_rested_on_it() -> None:
    case, events = told(dip(total=29.0))
    assert heard(events) == [("raised", "new")]

    # The client had always varied: what was steady were errors of entry.
    corrections = [
        amended(fact, scores=srs(total))
        for fact, total in zip(weeks(*STEADY)[1::2], (40.0, 28.0, 39.0, 27.0, 40.0), strict=True)
    ]
    events = [event for fact in corrections for event in case.take(fact)[1]]

    assert heard(events)[-1] == ("retracted", "corrected_data")
    assert alerts_of(case) == []


def test_a_planned_ending_takes_its_last_sessions_dips_back() -> None:
    _, events = told(dip(), a_closure(36))

    assert heard(events) == [("raised", "new"), ("retracted", "new_evidence")]


def test_an_unplanned_ending_closes_the_open_alert() -> None:
    case, events = told(dip(), a_closure(36, "unplanned"))

    assert heard(events) == [("raised", "new"), ("closed", "case_closed")]
    assert [alert["state"] for alert in alerts_of(case)] == ["closed"]


def test_a_late_fact_that_was_first_takes_the_alert_over() -> None:
    late = a_frame_fact("privacy_incident", 33, recorded_after=10)
    case, events = told(dip(), late)

    assert heard(events) == [
        ("raised", "new"),
        ("retracted", "late_data"),
        ("raised", "late_data"),
    ]
    assert [event.alert_id for event in events[1:]] == [id_of(dip()), id_of(late)]
    assert events[2].data["supersedes"] == id_of(dip())
    assert len(alerts_of(case)) == 1
    assert "supersedes" not in alerts_of(case)[0]


def test_what_arrives_out_of_order_within_a_day_is_not_called_late() -> None:
    _, events = told(dip(), a_frame_fact("privacy_incident", 33, recorded_after=0.9))

    assert heard(events)[1:] == [("retracted", "new_evidence"), ("raised", "new")]


def test_a_first_finding_that_is_voided_leaves_the_alert_to_the_next() -> None:
    first = incident(33)
    case, events = told(first, dip(), voided(first))

    assert heard(events)[2:] == [("retracted", "voided_data"), ("raised", "voided_data")]
    assert events[3].alert_id == id_of(dip())
    assert events[3].data["supersedes"] == id_of(first)
    assert [alert["alert_id"] for alert in alerts_of(case)] == [id_of(dip())]


def test_a_first_finding_that_comes_back_supersedes_in_turn() -> None:
    first = incident(33)
    void = voided(first)
    again = amended(first, days_later=3, event_id="e-again")
    _, events = told(first, dip(), void, again)

    assert [event.change for event in events[4:]] == ["retracted", "raised"]
    assert [event.alert_id for event in events[4:]] == [id_of(dip()), id_of(first)]
    assert events[5].data["supersedes"] == id_of(dip())
    assert [event.revision for event in events[4:]] == [2, 4]


def test_a_withdrawn_finding_is_shown_in_the_amendment_alone() -> None:
    case, events = told(dip(), incident(), voided(incident()))

    assert heard(events)[2:] == [("amended", "voided_data")]
    shown = {one["concept"]["id"]: one["status"] for one in events[2].data["findings"]}
    assert shown == {"A1": "holds", "I2": "withdrawn"}
    assert [one["concept"]["id"] for one in alerts_of(case)[0]["findings"]] == ["A1"]


def test_a_retracted_alert_that_holds_after_all_is_raised_again_with_the_next_revision() -> None:
    better = amended(dip(), scores=srs(36.0))
    worse = amended(dip(), days_later=2, event_id="e-second-thoughts")
    _, events = told(dip(), better, worse)

    assert heard(events)[2:] == [("raised", "corrected_data")]
    assert [event.revision for event in events] == [1, 2, 3]


def test_what_is_over_when_it_becomes_known_is_raised_and_ended_in_one_go() -> None:
    late = a_form("s6", 35.04, 20.0, recorded_after=8)
    case, events = told(*weeks(None, 36.0, first=6), late)

    assert heard(events) == [("raised", "late_data"), ("repaired", "recovered")]
    assert [event.revision for event in events] == [1, 2]
    assert events[0].data["state"] == "open"
    assert "resolution" not in events[0].data
    assert events[1].data["resolution"]["fact"] == "s7/SRS/client"
    assert [alert["state"] for alert in alerts_of(case)] == ["repaired"]


def test_whoever_answered_the_old_alert_has_answered_its_heir() -> None:
    answered = a_review(id_of(dip()), 36)
    late = a_frame_fact("privacy_incident", 33, recorded_after=10)
    case, _ = told(dip(), answered, late)

    events = case.pass_time(on(60))

    assert ("amended", "unacknowledged") not in heard(events)


def test_an_answer_to_an_alert_whose_first_finding_was_voided_reaches_its_heir() -> None:
    first = incident(33)
    case, events = told(first, dip(), voided(first), a_review(id_of(first), 45, "dismissed"))

    assert heard(events)[-1] == ("closed", "dismissed")
    assert events[-1].alert_id == id_of(dip())
    assert [alert["state"] for alert in alerts_of(case)] == ["closed"]


def test_a_late_cause_is_told_with_both_clocks() -> None:
    case, _ = told(a_form("s6", 35.04, 20.0, recorded_after=2))

    assert alerts_of(case)[0]["late"] == [
        {
            "fact": "s6/SRS/client",
            "time": "2025-02-10T10:57:36Z",
            "recordedtime": "2025-02-12T10:57:36Z",
        }
    ]


def test_a_missing_form_shortly_before_is_told() -> None:
    case, _ = told(*weeks(None, first=6), dip(7))

    assert [one["fact"] for one in alerts_of(case)[0]["missing"]] == ["a6"]
    late = a_form("s6", 35.04, 36.0, recorded_after=9)
    [event] = case.take(late)[1]
    assert (event.change, event.data["reason"]) == ("amended", "late_data")
    assert event.data["missing"] == []


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
