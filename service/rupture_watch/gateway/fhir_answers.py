"""The same answers for those who speak FHIR only: OperationOutcome and CapabilityStatement."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.responses import Response

from rupture_watch import __version__
from rupture_watch.gateway.mapping.fhir import READ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rupture_watch.gateway.mapping.verdict import Verdict

MEDIA_TYPE: Final = "application/fhir+json"
VERSION: Final = "4.0.1"
SHOWN: Final = 100
_ISSUE_TYPES: Final = {
    HTTPStatus.UNAUTHORIZED: "login",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-long",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "not-supported",
    HTTPStatus.TOO_MANY_REQUESTS: "throttled",
    HTTPStatus.SERVICE_UNAVAILABLE: "transient",
}
"""FHIR value set issue-type."""

_encode = msgspec.json.Encoder().encode


def wants_fhir(accept: str) -> bool:
    """Tell whether a client asks for FHIR's own media types."""
    return "application/fhir+" in accept.lower()


def outcome(
    status: HTTPStatus,
    detail: str,
    verdicts: Sequence[Verdict] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an OperationOutcome: an issue for what was refused, and one for the whole."""
    failed = status >= HTTPStatus.BAD_REQUEST
    issues = [
        _issue("error", "processing", one.message or "")
        for one in verdicts
        if one.outcome == "refused"
    ][:SHOWN]
    if not issues:
        code = _ISSUE_TYPES.get(status, "processing") if failed else "informational"
        issues = [_issue("error" if failed else "information", code, detail)]
    content = {"resourceType": "OperationOutcome", "issue": issues}
    return Response(_encode(content), status, dict(headers or {}), media_type=MEDIA_TYPE)


def _issue(severity: str, code: str, text: str) -> dict[str, str]:
    return {"severity": severity, "code": code, "diagnostics": text}


def capabilities() -> dict[str, Any]:
    """Return what FHIR clients ask for before anything else."""
    interactions = [{"code": "create"}, {"code": "update"}]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-24",
        "kind": "instance",
        "software": {"name": "Rupture Watch gateway", "version": __version__},
        "implementation": {"description": "Takes what became of sessions; gives nothing back."},
        "fhirVersion": VERSION,
        "format": ["json", "xml"],
        "rest": [
            {
                "mode": "server",
                "resource": [{"type": one, "interaction": interactions} for one in READ],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }
