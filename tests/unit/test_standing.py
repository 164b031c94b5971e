"""What an alert says of all its findings together, and which facts the trace has a line for."""

from __future__ import annotations

from typing import Any

from tests.builders import (
    a_form,
    a_frame_fact,
    a_no_show,
    alerts_of,
    an_appointment,
    judge,
    the_rules,
    weeks,
)


def options(*rules: str, kinds: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
    """Return the alert that these frame events open under these rules, and all it could offer."""
    facts = [
        *weeks(36, 36, 36),
        *(
            a_frame_fact(kind, 15 + place, by="provider", boundary="gift", agreed=False)
            for place, kind in enumerate(kinds)
        ),
    ]
    [alert] = alerts_of(judge(facts, until=20, rules=the_rules(*rules))[0])
    by_id = the_rules(*rules).by_id
    lead = list(by_id[alert["lead"]].considerations)
    others = [text for rule in rules for text in by_id[rule].considerations if text not in lead]
    return alert, lead + others


def test_considerations_are_those_of_the_lead_first_and_never_more_than_three() -> None:
    alert, offered = options("I2", "I6", kinds=("privacy_incident", "boundary_crossing"))
    assert [one["concept"]["id"] for one in alert["findings"]] == ["I2", "I6"]
    assert alert["lead"] == "I2"
    assert len(offered) > 3
    assert alert["considerations"] == offered[:3]


def test_a_finding_to_watch_has_considerations_of_its_own() -> None:
    facts = [*weeks(36, 36, 36), a_frame_fact("goals_set", 1), a_no_show(4, day=21)]
    facts += [a_frame_fact("invoice_overdue", day) for day in (22, 25)]
    rules = the_rules("I4", "J3")
    [alert] = alerts_of(judge(facts, until=30, rules=rules)[0])
    both = {one["concept"]["id"] for one in alert["findings"] if one["severity"] == 2}
    assert both == {"I4", "J3"}
    lead, other = alert["lead"], (both - {alert["lead"]}).pop()
    offered = [*rules.by_id[lead].considerations, *rules.by_id[other].considerations]
    assert alert["considerations"] == offered[:3]
    assert rules.by_id[other].considerations[0] in alert["considerations"]


def lines(*facts: Any) -> list[tuple[str, str | None]]:
    case, _ = judge(facts)
    return [(line["fact"], line["series"]) for line in case.trace()]


def test_a_session_with_a_clients_form_is_told_by_its_forms() -> None:
    held = an_appointment("a1", 0, session="s1")
    assert lines(held, a_form("s1", 0.04), a_form("s1", 0.05, respondent="therapist")) == [
        ("s1/SRS/therapist", "SRS/therapist/total"),
        ("s1/SRS/client", "SRS/client/total"),
    ]


def test_a_session_with_a_therapists_form_alone_has_a_line_of_its_own() -> None:
    held = an_appointment("a1", 0, session="s1")
    assert lines(held, a_form("s1", 0.05, respondent="therapist")) == [
        ("a1", None),
        ("s1/SRS/therapist", "SRS/therapist/total"),
    ]


def test_a_missed_appointment_has_a_line_and_a_cancelled_one_none() -> None:
    cancelled = an_appointment("a2", 5, "cancelled", initiator="client", start=7)
    assert lines(a_no_show(1), cancelled) == [("a1", None)]
