"""What an engine said of each case: alarms, findings and strain, read from its output files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rupture_watch.contracts.wire import microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.facts import Microseconds

FACTUAL: Final = frozenset(
    ("C2", "E1", "E2", "E3", "E6", "F4", "I1", "I2", "I3", "I4", "I6", "I8", "J2", "J3", "J5")
)
"""Concepts whose findings say that somebody did or did not do something."""

THERAPIST_CHANGE: Final = "I7"
"""Factual only where its trigger is an event of the frame."""

LEAST_SEVERITY: Final = 2
COMPLIANCE: Final = "B1"


class Alarm(NamedTuple):
    """One time that a person is told: an alert raised or reopened, by its cause's time.

    ``lead`` is the concept that speaks first in it.
    """

    time: Microseconds
    factual: bool
    lead: str = ""


class Finding(NamedTuple):
    """One finding that was in an alert: its concept, highest severity, and its trigger's time."""

    concept: str
    severity: int
    time: Microseconds


@dataclass(slots=True)
class Verdict:
    """All that the engine said of one case.

    ``strain`` and ``compliance`` by session are the highest of its lines; ``missed`` holds the
    lines of appointments that did not take place, as (time, strain).
    """

    alarms: list[Alarm] = field(default_factory=list)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    repaired: list[Microseconds] = field(default_factory=list)
    told: int = 0
    strain: dict[str, float] = field(default_factory=dict)
    compliance: dict[str, float] = field(default_factory=dict)
    missed: list[tuple[Microseconds, float]] = field(default_factory=list)


def hear(alerts: Iterable[dict[str, Any]], verdicts: dict[str, Verdict]) -> None:
    """Add alert events, in order, to the verdicts."""
    for alert in alerts:
        data = alert["data"]
        if data["severity"] < LEAST_SEVERITY:
            continue
        verdict = verdicts[alert["subject"]]
        verdict.told += 1
        time = microseconds(alert["time"])
        raised = alert["type"].endswith("alert.raised.v1") and not data.get("supersedes")
        if raised or data["reason"] == "reopened":
            factual = _is_factual(data["findings"])
            verdict.alarms.append(Alarm(time, factual, data["lead"]))
        elif alert["type"].endswith("alert.repaired.v1"):
            verdict.repaired.append(time)
        for finding in data["findings"]:
            concept, trigger = finding["concept"]["id"], finding["trigger"]
            key = concept, trigger["fact"]
            before = verdict.findings.get(key)
            severity = max(finding["severity"], before.severity if before else 0)
            verdict.findings[key] = Finding(concept, severity, microseconds(trigger["time"]))


def _is_factual(findings: list[dict[str, Any]]) -> bool:
    """Tell whether one of the findings that carry an alert is a matter of fact."""
    for finding in findings:
        if finding["severity"] < LEAST_SEVERITY or finding["status"] == "withdrawn":
            continue
        concept = finding["concept"]["id"]
        if concept in FACTUAL:
            return True
        if concept == THERAPIST_CHANGE and finding["source"] == "frame":
            return True
    return False


def trace(lines: Iterable[dict[str, Any]], verdicts: dict[str, Verdict]) -> None:
    """Add trace lines to the verdicts."""
    for line in lines:
        verdict = verdicts[line["case"]]
        session, strain = line.get("session_id"), line.get("strain")
        compliance = line.get("compliance")
        if session is None:
            if strain is not None:
                verdict.missed.append((microseconds(line["time"]), strain))
            continue
        if strain is not None:
            verdict.strain[session] = max(strain, verdict.strain.get(session, strain))
        if compliance is not None:
            before = verdict.compliance.get(session, compliance)
            verdict.compliance[session] = max(compliance, before)
