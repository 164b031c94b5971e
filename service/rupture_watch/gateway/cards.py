"""Cards of CDS Hooks: what is open in a case, as a question with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args
from uuid import UUID

from rupture_watch.contracts.reviews import DismissalReason
from rupture_watch.gateway.mapping.cds_hooks import REASON_SYSTEM

if TYPE_CHECKING:
    from rupture_watch.gateway.standing import OpenAlert

SHORT: Final = 140
"""Characters that a card's summary stays below."""
ELLIPSIS: Final = "..."
SAME_DAY: Final = 4
NOTE: Final = "A question with evidence, never a verdict. Not for emergencies."
LABEL: Final = "Rupture Watch"
REASONS: Final = tuple(
    {"code": code, "system": REASON_SYSTEM, "display": code.replace("_", " ").capitalize()}
    for code in get_args(DismissalReason)
)


def card(alert: OpenAlert) -> dict[str, Any]:
    """Return the card of one open alert; its ``uuid`` is the alert's id."""
    considerations = "".join(f"\n- {one}" for one in alert.considerations)
    parts = [alert.headline, considerations.strip("\n"), alert.clears_when, NOTE]
    return {
        "uuid": str(UUID(alert.alert_id)),
        "summary": summary(alert.headline),
        "detail": "\n\n".join(part for part in parts if part),
        "indicator": "warning" if alert.severity >= SAME_DAY else "info",
        "source": {"label": LABEL},
        "overrideReasons": list(REASONS),
    }


def summary(headline: str) -> str:
    """Return a headline in less than 140 characters, cut between words."""
    if len(headline) < SHORT:
        return headline
    cut = headline[: SHORT - len(ELLIPSIS) - 1]
    whole, _, _ = cut.rpartition(" ")
    return (whole or cut).rstrip(" ,;:") + ELLIPSIS
