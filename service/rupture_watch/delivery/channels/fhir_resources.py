"""A revision of an alert as FHIR R4: a DetectedIssue, a Task and a Provenance.

The same revision always makes the same resources. What they say is what the alert says in its
sentences; figures and names of facts stay with the service.
"""

from __future__ import annotations

from functools import cache
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.contracts.wire import timestamp
from rupture_watch.delivery.channels import fhir_terms as terms

if TYPE_CHECKING:
    from rupture_watch.contracts.findings import Alert
    from rupture_watch.delivery.alerts import AlertRevision
    from rupture_watch.delivery.channels.fhir_terms import Node

NOTICE: Final = "A question, not a verdict. Not for emergencies; not monitored in real time."
TO_DO: Final = "Look at a question about the working alliance"
ISSUE_STATUS: Final = {
    "open": "preliminary",
    "repaired": "final",
    "closed": "final",
    "retracted": "entered-in-error",
}
TASK_STATUS: Final = {
    "open": "requested",
    "repaired": "completed",
    "closed": "cancelled",
    "retracted": "entered-in-error",
}
SEVERITY: Final = {1: "low", 2: "low", 3: "moderate", 4: "high"}
PRIORITY: Final = {1: "routine", 2: "routine", 3: "routine", 4: "urgent"}
OPERATION: Final = {"raised": "CREATE", "retracted": "NULLIFY"}


class Resources(NamedTuple):
    """What one revision becomes; the references between them are filled in on the way."""

    issue: Node
    task: Node
    provenance: Node


def resources(revision: AlertRevision, case_system: str) -> Resources:
    """Return the resources of a revision.

    Args:
        revision: what to tell.
        case_system: identifier system under which the receiver knows the case's pseudonym.
    """
    patient = {
        "type": "Patient",
        "identifier": {"system": case_system, "value": revision.case},
    }
    return Resources(_issue(revision, patient), _task(revision, patient), _provenance(revision))


def code_of_revision(alert: Alert) -> str:
    """Return the code of the tag that every resource of a revision carries."""
    return f"{alert['alert_id']}-{alert['revision']}"


def _meta(alert: Alert) -> Node:
    return {
        "security": [terms.RESTRICTED, terms.PSYCHIATRY],
        "tag": [{"system": terms.REVISION, "code": code_of_revision(alert)}],
    }


def _identifier(alert: Alert) -> list[Node]:
    return [{"system": terms.ALERT, "value": alert["alert_id"]}]


def _issue(revision: AlertRevision, patient: Node) -> Node:
    alert = revision.data
    headline = alert.get("headline", "")
    issue: Node = {
        "resourceType": "DetectedIssue",
        "meta": _meta(alert),
        "text": _narrative(headline, NOTICE),
        "identifier": _identifier(alert),
        "status": ISSUE_STATUS[alert["state"]],
        "patient": patient,
        "identifiedDateTime": timestamp(revision.time),
        "author": {"type": "Device", "display": "Rupture Watch"},
    }
    if "lead" in alert:
        issue["code"] = _signal(alert["lead"])
    if "severity" in alert:
        issue["severity"] = SEVERITY[alert["severity"]]
    if headline:
        issue["detail"] = headline
    if evidence := _evidence(alert):
        issue["evidence"] = evidence
    if alert["state"] == "repaired":
        issue["mitigation"] = [
            {"action": _reason(alert["reason"]), "date": timestamp(revision.time)}
        ]
    return issue


def _evidence(alert: Alert) -> list[Node]:
    """Return one entry per finding that the data still support: its concept and its sentence."""
    return [
        {"code": [{**_signal(finding["concept"]["id"]), "text": finding["statement"]}]}
        for finding in alert["findings"]
        if finding["status"] != "withdrawn"
    ]


def _task(revision: AlertRevision, patient: Node) -> Node:
    alert = revision.data
    task: Node = {
        "resourceType": "Task",
        "meta": _meta(alert),
        "text": _narrative(TO_DO, NOTICE),
        "identifier": _identifier(alert),
        "status": TASK_STATUS[alert["state"]],
        "intent": "proposal",
        "description": TO_DO,
        "for": patient,
        "lastModified": timestamp(revision.time),
        "note": [
            {"text": text}
            for text in (*alert.get("considerations", ()), alert.get("clears_when"), NOTICE)
            if text
        ],
    }
    if "severity" in alert:
        task["priority"] = PRIORITY[alert["severity"]]
    if alert["state"] == "closed":
        task["statusReason"] = _reason(alert["reason"])
    return task


def _provenance(revision: AlertRevision) -> Node:
    alert = revision.data
    moment = timestamp(revision.time)
    agent: Node = {"type": "Device", "display": "Rupture Watch"}
    if "ruleset" in alert:
        agent["identifier"] = {"system": terms.RULESET, "value": alert["ruleset"]}
    return {
        "resourceType": "Provenance",
        "meta": _meta(alert),
        "text": _narrative(terms.REASONS[alert["reason"]]),
        "occurredDateTime": moment,
        "recorded": moment,
        "activity": {
            "coding": [
                {"system": terms.OPERATIONS, "code": OPERATION.get(revision.change, "UPDATE")}
            ],
            "text": terms.REASONS[alert["reason"]],
        },
        "agent": [{"type": {"coding": [terms.ASSEMBLER]}, "who": agent}],
        "entity": [
            {
                "role": "source",
                "what": {
                    "identifier": {"system": terms.REVISION, "value": code_of_revision(alert)}
                },
            }
        ],
    }


def _narrative(*paragraphs: str) -> Node:
    text = "".join(f"<p>{escape(one)}</p>" for one in paragraphs if one)
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>',
    }


def _signal(concept: str) -> Node:
    display = _concepts().get(concept)
    coding = {"system": terms.SIGNAL, "code": concept}
    return {"coding": [coding | ({"display": display} if display else {})]}


def _reason(reason: str) -> Node:
    display = terms.REASONS[reason]
    return {
        "coding": [{"system": terms.REASON, "code": reason, "display": display}],
        "text": display,
    }


@cache
def _concepts() -> dict[str, str]:
    return terms.concepts()
