"""Revisions of alerts as the worker publishes them, made to measure."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from rupture_watch.contracts.wire import timestamp
from rupture_watch.contracts.writing import canonical
from rupture_watch.delivery.alerts import read_body

if TYPE_CHECKING:
    from rupture_watch.delivery.alerts import AlertRevision

FIRST = 1_760_000_000_000_000
"""When the first cause happened, microseconds since the epoch."""
MINUTE = 60_000_000
STATES = {"raised": "open", "amended": "open", "retracted": "retracted"}
STATEMENT = "Bond rating went 9.4, 9.2 and 5.9 over the last 3 rated sessions."


def alert_id(case: str) -> str:
    """Return the id of the one alert of a case."""
    return sha256(f"{case}|fact".encode()).hexdigest()[:32]


def data(case: str, number: int = 1, change: str = "raised", **other: Any) -> dict[str, Any]:
    """Return the data of one revision, as the contract has it."""
    moment = timestamp(FIRST)
    return {
        "alert_id": alert_id(case),
        "revision": number,
        "state": STATES.get(change, change),
        "reason": {"raised": "new", "amended": "new_evidence", "closed": "expired"}.get(
            change, "recovered"
        ),
        "severity": 3,
        "rupture_type": "withdrawal",
        "lead": "A4",
        "findings": [
            {
                "rule": "bond",
                "rule_version": "1.0.0",
                "concept": {"id": "A4", "section": "Introduction"},
                "type": "withdrawal",
                "source": "ratings",
                "severity": 3,
                "status": "holds",
                "trigger": {"kind": "form", "fact": "s-7/SRS/client", "time": moment},
                "evidence": [
                    {"fact": "s-7/SRS/client", "time": moment, "measure": "bond", "value": 5.9}
                ],
                "statement": STATEMENT,
            }
        ],
        "ruleset": "0123456789ab",
        "missing": [],
        "late": [],
        "headline": STATEMENT,
        "considerations": ["Ask what the last session was like, and what was missing in it."],
        "clears_when": "Clears when the rating regains half of the fall.",
        "causation": ["form-7"],
        **other,
    }


def revision(case: str, number: int = 1, change: str = "raised", **other: Any) -> AlertRevision:
    """Return one revision, checked against the contract."""
    body = canonical(data(case, number, change, **other))
    return read_body(
        body,
        case=case,
        type_=f"org.rupturewatch.alert.{change}.v1",
        time=FIRST + number * MINUTE,
    )


def record(made: AlertRevision) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Return key, value and headers of the record that carries a revision."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": f"{made.data['alert_id']}-{made.data['revision']}",
        "ce_source": "/rupture-watch",
        "ce_type": made.type,
        "ce_subject": made.case,
        "ce_time": timestamp(made.time),
        "content-type": "application/json",
    }
    return made.case.encode(), made.body, [(name, text.encode()) for name, text in headers.items()]
