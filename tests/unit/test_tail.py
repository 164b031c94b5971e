"""Alerts as sentences: calm, complete, and never wider than asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rupture_watch.kafka.consumer import Seen
from rupture_watch.operations.tail import BANNER, block, read_alert, structured
from rupture_watch.operations.tail.published import UnreadableAlert

DATA: dict[str, Any] = {
    "alert_id": "0" * 32,
    "revision": 2,
    "state": "open",
    "reason": "new_evidence",
    "severity": 3,
    "headline": "Bond rating went 9.1, 8.0 and 6.8 [sic] over the last 3 rated sessions.",
    "considerations": ["Ask what the last session was like.", "Look back together."],
    "clears_when": "Clears when the rating regains half of the fall.",
    "causation": ["e1"],
    "findings": [{"rule": "falling-bond"}],
}


def record_of(kind: str = "amended", **changes: object) -> Seen:
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"a-2"),
        ("ce_source", b"/rupture-watch"),
        ("ce_type", f"org.rupturewatch.alert.{kind}.v1".encode()),
        ("ce_subject", b"case-1"),
        ("ce_time", b"2026-01-05T10:00:00Z"),
        ("content-type", b"application/json"),
    )
    value = json.dumps({**DATA, **changes}).encode()
    return Seen("alliance.alerts.v1", 3, 17, 0, b"case-1", value, headers)


def test_an_alert_is_one_calm_block() -> None:
    alert = read_alert(record_of())
    assert block(alert, width=80).plain == (
        "amended    case case-1 · discuss before the next session · new evidence · 5 Jan\n"
        "           2026\n"
        "           Bond rating went 9.1, 8.0 and 6.8 [sic] over the last 3 rated\n"
        "           sessions.\n"
        "           - Ask what the last session was like.\n"
        "           - Look back together.\n"
        "           Clears when the rating regains half of the fall.\n"
    )


@pytest.mark.parametrize("kind", ["retracted", "repaired", "closed"])
def test_an_alert_that_ended_asks_nothing_any_more(kind: str) -> None:
    text = block(read_alert(record_of(kind)), width=100).plain
    assert text.startswith(f"{kind:<11}case case-1")
    assert "Ask what" not in text
    assert "Clears when" not in text


@pytest.mark.parametrize(
    ("severity", "word"),
    [(1, "note"), (2, "watch"), (3, "discuss before"), (4, "same-day attention")],
)
def test_a_severity_is_a_word(severity: int, word: str) -> None:
    assert word in block(read_alert(record_of(severity=severity)), width=80).plain


@pytest.mark.parametrize("width", [20, 60, 61, 200])
def test_no_line_is_wider_than_asked_nor_unreadably_narrow(width: int) -> None:
    lines = block(read_alert(record_of()), width=width).plain.splitlines()
    assert max(map(len, lines)) <= max(width, 60)


def test_a_new_alert_needs_no_reason_and_an_unknown_one_is_said_as_it_is() -> None:
    assert "new" not in block(read_alert(record_of("raised", reason="new")), width=80).plain
    assert "some day" in block(read_alert(record_of(reason="some_day")), width=80).plain


def test_the_banner_says_what_this_is_not() -> None:
    assert "Not for emergencies; not monitored in real time." in BANNER


def test_for_machines_an_alert_is_the_whole_event_again() -> None:
    event = json.loads(structured(read_alert(record_of())))
    assert event["type"] == "org.rupturewatch.alert.amended.v1"
    assert event["subject"] == "case-1"
    assert event["data"] == DATA


@pytest.mark.parametrize(
    "record",
    [
        record_of()._replace(headers=()),
        record_of()._replace(value=None),
        record_of()._replace(value=b"{}"),
        record_of(headline=5),
    ],
)
def test_anything_else_is_named_by_its_place_alone(record: Seen) -> None:
    with pytest.raises(UnreadableAlert, match=r"alerts\.v1, partition 3, offset 17: ") as caught:
        read_alert(record)
    assert "case-1" not in str(caught.value)
