"""Bodies as an EHR system might send them, made up here; every name in them is a canary."""

from __future__ import annotations

import json
from typing import Any

CANARY = "Quetzalcoatl"
PATIENT = f"Patient/{CANARY}-1"
LASTING = "2026-03-02T11:00:00Z"


def appointment(**changes: Any) -> dict[str, Any]:
    """Return an Appointment that did not come about; a change to None leaves a field out."""
    return _with(
        {
            "resourceType": "Appointment",
            "id": f"{CANARY}-a1",
            "meta": {"versionId": "3", "lastUpdated": LASTING},
            "status": "noshow",
            "start": "2026-03-02T10:00:00Z",
            "end": "2026-03-02T10:50:00Z",
            "comment": f"{CANARY} rang",
            "participant": [
                {
                    "actor": {"reference": "Practitioner/p1", "display": f"Dr {CANARY}"},
                    "status": "accepted",
                },
                {"actor": {"reference": PATIENT, "display": CANARY}, "status": "accepted"},
            ],
        },
        changes,
    )


def encounter(**changes: Any) -> dict[str, Any]:
    """Return the Encounter of a session that was held."""
    return _with(
        {
            "resourceType": "Encounter",
            "id": f"{CANARY}-e1",
            "meta": {"lastUpdated": LASTING},
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": {"reference": PATIENT, "display": CANARY},
            "period": {"start": "2026-03-02T10:00:00Z", "end": "2026-03-02T10:50:00Z"},
        },
        changes,
    )


def response(**changes: Any) -> dict[str, Any]:
    """Return a filled session rating scale, under our own address."""
    return _with(
        {
            "resourceType": "QuestionnaireResponse",
            "id": f"{CANARY}-q1",
            "meta": {"lastUpdated": LASTING},
            "questionnaire": "urn:rupture-watch:questionnaire:SRS|2",
            "status": "completed",
            "subject": {"reference": PATIENT},
            "source": {"reference": PATIENT},
            "authored": "2026-03-02T10:52:00Z",
            "item": [
                {"linkId": name, "text": CANARY, "answer": [{"valueDecimal": value}]}
                for name, value in (
                    ("relationship", 4.5),
                    ("goals", 8),
                    ("approach", 0),
                    ("overall", 7.25),
                )
            ],
        },
        changes,
    )


def observation(**changes: Any) -> dict[str, Any]:
    """Return an observed total of a form."""
    return _with(
        {
            "resourceType": "Observation",
            "id": f"{CANARY}-o1",
            "meta": {"lastUpdated": LASTING},
            "status": "final",
            "category": [{"coding": [{"code": "survey"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
            "subject": {"reference": PATIENT},
            "effectiveDateTime": "2026-03-02T10:52:00Z",
            "valueString": "12",
        },
        changes,
    )


def bundle(*resources: dict[str, Any], kind: str = "collection") -> dict[str, Any]:
    """Return a Bundle of resources under addresses of one server."""
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            {
                "fullUrl": f"https://ehr.example/fhir/{one['resourceType']}/{one.get('id', 'x')}",
                "resource": one,
            }
            for one in resources
        ],
    }


def notification(
    number: int, *resources: dict[str, Any], focus: str | None = None, kind: str = ""
) -> dict[str, Any]:
    """Return the notification of one event of a subscription."""
    status: dict[str, Any] = {
        "resourceType": "SubscriptionStatus",
        "status": "active",
        "type": kind or "event-notification",
        "eventsSinceSubscriptionStart": str(number),
        "subscription": {"reference": "Subscription/s1"},
        "notificationEvent": []
        if kind
        else [
            {
                "eventNumber": str(number),
                "timestamp": "2026-03-01T09:00:00Z",
                "focus": {"reference": focus or "Appointment/x"},
            }
        ],
    }
    return bundle(status, *resources, kind="subscription-notification")


def siu(trigger: str = "S26", **fields: str) -> str:
    """Return an SIU message; ``SCH_25="Booked"`` and the like set fields."""
    given = {
        "MSH_7": "20260302103000+0000",
        "MSH_10": "M1",
        "SCH_2": f"{CANARY}77",
        "TQ1_7": "20260302100000+0000",
        "PID_3": f"{CANARY}9^^^HOSP^MR",
        "PID_5": f"{CANARY}^Ada",
        **fields,
    }
    segments = {
        "MSH": [
            "MSH",
            "^~\\&",
            "SCH",
            "CLINIC",
            "RW",
            "EDGE",
            "",
            "",
            f"SIU^{trigger}^SIU_{trigger}",
            "",
            "P",
            "2.5.1",
        ],
        "SCH": ["SCH"],
        "TQ1": ["TQ1"],
        "NTE": ["NTE", "1", "", f"{CANARY} did not come"],
        "PID": ["PID"],
    }
    for name, value in given.items():
        segment, _, number = name.partition("_")
        row = segments[segment]
        place = int(number) - (segment == "MSH")
        row += [""] * (place + 1 - len(row))
        row[place] = value
    return "".join("|".join(row) + "\r" for row in segments.values())


def event(identity: str = "form-1", **changes: Any) -> dict[str, Any]:
    """Return a structured event of the contract; ``data_`` replaces its data."""
    return _with(
        {
            "specversion": "1.0",
            "id": identity,
            "source": "/practice",
            "type": "org.rupturewatch.session.rated.v1",
            "subject": "case-1",
            "time": "2026-03-02T10:52:00Z",
            "data": {
                "session_id": "s-1",
                "instrument": "SRS",
                "respondent": "client",
                "scores": {"relationship": 9.1, "goals": 8.8, "approach": 9.0, "overall": 9.2},
            },
        },
        changes,
    )


def body(value: Any) -> bytes:
    """Return JSON."""
    return json.dumps(value).encode()


def _with(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    renamed = {name.rstrip("_"): value for name, value in changes.items()}
    return {name: value for name, value in {**base, **renamed}.items() if value is not None}
