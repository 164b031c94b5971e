"""The codes and addresses that FHIR resources of this service use."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from rupture_watch.rulesets.describe import describe

Node: TypeAlias = dict[str, Any]

ALERT: Final = "urn:rupture-watch:alert"
"""Identifier system of alerts."""
REVISION: Final = "urn:rupture-watch:alert-revision"
"""Tag system by which a revision of an alert is found again."""
SIGNAL: Final = "urn:rupture-watch:code-system:signal"
REASON: Final = "urn:rupture-watch:code-system:reason"
RULESET: Final = "urn:rupture-watch:ruleset"

_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem/"
RESTRICTED: Final[Node] = {
    "system": f"{_TERMINOLOGY}v3-Confidentiality",
    "code": "R",
    "display": "restricted",
}
PSYCHIATRY: Final[Node] = {
    "system": f"{_TERMINOLOGY}v3-ActCode",
    "code": "PSY",
    "display": "psychiatry disorder information sensitivity",
}
ASSEMBLER: Final[Node] = {
    "system": f"{_TERMINOLOGY}provenance-participant-type",
    "code": "assembler",
    "display": "Assembler",
}
OPERATIONS: Final = f"{_TERMINOLOGY}v3-DataOperation"

REASONS: Final = {
    "new": "A first question",
    "new_evidence": "New evidence",
    "late_data": "Data came late",
    "corrected_data": "Data were corrected",
    "voided_data": "Data were taken back",
    "recovered": "Ratings recovered",
    "confirmed": "A clinician confirmed the repair",
    "step_done": "The step was taken",
    "unacknowledged": "Nobody has acknowledged it yet",
    "acknowledged": "Acknowledged",
    "unrepaired": "Not repaired in time",
    "dismissed": "Dismissed by a clinician",
    "expired": "Its time has passed",
    "case_closed": "The case ended",
    "historic": "Long past",
    "reopened": "Opened again",
}


def concepts() -> dict[str, str]:
    """Return the concepts of the article that a signal can stand for, by catalogue id."""
    return {entry.id: entry.concept for entry in describe()}


def code_systems() -> list[Node]:
    """Return the local code systems as FHIR resources, for a server's terminology."""
    return [
        _code_system(SIGNAL, "Signals", "Concepts a question can stand for", concepts()),
        _code_system(REASON, "Reasons", "Why an alert changed last", REASONS),
    ]


def _code_system(url: str, name: str, about: str, codes: dict[str, str]) -> Node:
    return {
        "resourceType": "CodeSystem",
        "id": f"rupture-watch-{name.lower()}",
        "url": url,
        "version": "1.0.0",
        "name": f"RuptureWatch{name}",
        "title": f"Rupture Watch: {name}",
        "status": "active",
        "description": about,
        "caseSensitive": True,
        "content": "complete",
        "count": len(codes),
        "concept": [{"code": code, "display": display} for code, display in codes.items()],
    }
