"""Golden states: bytes that a release wrote, with what they say, for as long as they may be read.

``python -m tests.golden.state_bytes`` prints the lines of the present version. A file is written
once, when its version is made, and never again: the bytes of an older release cannot change.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rupture_watch.codec.case_state import OutboxEntry, PackedFacts, decode, encode
from tests.builders import (
    CASE,
    MONDAY,
    a_closure,
    a_form,
    a_frame_fact,
    a_no_show,
    a_note,
    a_review,
    a_session,
    amended,
    judge,
    on,
    the_rules,
    voided,
    weeks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rupture_watch.alliance.assessment import Case

STATES = Path(__file__).parent / "states"
ENTRY = OutboxEntry(b'{"alert_id":"0"}', [("ce_id", b"0-1"), ("ce_type", b"t")])


def content(state: bytes) -> dict[str, Any]:
    """Return everything that a state says, as JSON has it."""
    case, outbox = decode(CASE, state, the_rules())
    facts = [
        {"kind": type(fact).__name__, **_said(fact._asdict())}
        for fact in case.history.facts.values()
    ]
    said: dict[str, Any] = json.loads(
        json.dumps(
            {
                "clock": case.clock,
                "cut": case.history.cut,
                "erased": case.erased,
                "told": {key: list(value) for key, value in sorted(case.told.items())},
                "outbox": [
                    [entry.value.decode(), [[n, v.decode()] for n, v in entry.headers]]
                    for entry in outbox
                ],
                "facts": facts,
            }
        )
    )
    return said


def read(version: int) -> list[dict[str, Any]]:
    """Return the golden states of a version; ``state`` as bytes."""
    lines = (STATES / f"v{version}.jsonl").read_bytes().splitlines()
    parsed = [json.loads(line) for line in lines]
    return [{**one, "state": b64decode(one["state"])} for one in parsed]


def states() -> Iterator[tuple[str, bytes]]:
    """Yield the states of the present version by name."""
    every, _ = judge(
        [
            *a_session(1, 36.0, numbered=True, mode="app", duration_ms=40_000, version="2"),
            a_form("s1", 0, 58.0, instrument="WAI-SR", items=(("1", 5.0), ("hope", 4.0))),
            a_form("s1", 0.1, 3.25, instrument="ORS", respondent="observer", group_id="g-1"),
            a_no_show(2, notice_hours=1.5, reason_code="illness", shared_cause=True),
            a_frame_fact("consent_given", 1, scope=("privacy", "roles"), handover=True),
            a_frame_fact("privacy_incident", 9, source="/other", backfill=True, by="provider"),
            a_note("s1", 0, interventions=("empathy",), homework_assigned=2, goal_linked=False),
            a_review("0" * 32, 10, "dismissed"),
            a_closure(20, "planned", goals_met=True),
        ],
        until=15,
    )
    yield "every kind of fact", _encoded(every)
    raised, _ = judge([*weeks(36.0), a_frame_fact("privacy_incident", 9)], until=10)
    yield "an alert that waits to be published", _encoded(raised, ENTRY)
    erased, _ = judge([*weeks(36.0), a_closure(3, "erased")])
    yield "an erased case", _encoded(erased)
    odd = a_frame_fact("complaint", 2)._replace(time=MONDAY + 1, recorded=MONDAY + 1_500_001)
    form = a_form("s9", 5)
    fine, _ = judge([odd, form, amended(form, total=20.0), voided(a_form("s8", 4))])
    yield "microseconds, a correction, and what was entered in error", _encoded(fine)
    bounded, _ = judge(weeks(36.0, 35.5))
    bounded.history.cut = on(-10)
    yield "a history that was cut", _encoded(bounded)


def _encoded(case: Case, *outbox: OutboxEntry) -> bytes:
    return encode(case, outbox, PackedFacts(case.history.facts.values()))


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, (), False)}


if __name__ == "__main__":
    for name, state in states():
        line = {"name": name, "state": b64encode(state).decode(), "content": content(state)}
        sys.stdout.write(f"{json.dumps(line)}\n")
