"""``alert.reviewed``: what a clinician did with an alert. No person is named."""

from typing import Any, Final, Literal, Required, TypeAlias

from pydantic import with_config
from typing_extensions import TypedDict

from rupture_watch.alliance.facts import Review
from rupture_watch.contracts.envelope import Envelope
from rupture_watch.contracts.reasons import Reason, Rejected, Stage
from rupture_watch.contracts.wire import AlertId, wire

ReviewAction: TypeAlias = Literal[
    "acknowledged", "dismissed", "repair_opened", "repair_confirmed", "unrepaired", "reopened"
]
DismissalReason: TypeAlias = Literal[
    "already_known",
    "not_accurate",
    "practical_cause",
    "good_sign",
    "already_repaired",
    "not_relevant_now",
    "wrong_case",
    "other",
]

_DISMISSAL_HAS_A_REASON: Final[dict[str, Any]] = {
    "if": {"properties": {"action": {"const": "dismissed"}}},
    "then": {"required": ["reason_code"], "properties": {"reason_code": {"type": "string"}}},
}


@with_config(wire(**_DISMISSAL_HAS_A_REASON))
class AlertReviewed(TypedDict, total=False):
    """One step of a clinician with one alert; a dismissal says why."""

    alert_id: Required[AlertId]
    action: Required[ReviewAction]
    reason_code: DismissalReason | None
    by_role: Literal["therapist", "lead"] | None


def review_of(data: AlertReviewed, envelope: Envelope) -> Review:
    """Return the step as a fact of the alert's case; a later one undoes it, none is voided.

    Raises:
        Rejected: ``invalid``: a dismissal without its reason.

    """
    action, reason_code = data["action"], data.get("reason_code")
    if action == "dismissed" and reason_code is None:
        message = "data.reason_code: missing"
        raise Rejected(Reason.INVALID, Stage.DATA, "ValidationError", message)
    return Review(
        name=envelope.id,
        time=envelope.time,
        recorded=envelope.recorded,
        event_id=envelope.id,
        source=envelope.source,
        backfill=envelope.backfill,
        void=False,
        alert_id=data["alert_id"],
        action=action,
        reason_code=reason_code,
        by_role=data.get("by_role"),
    )
