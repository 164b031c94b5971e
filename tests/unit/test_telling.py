"""What the world is told of an alert, why, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.alliance.alerts import alert_id
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
