"""``frame.changed``: an event of the therapeutic frame."""

from typing import Annotated, Literal, Required, TypeAlias

from pydantic import Field, StrictBool, with_config
from typing_extensions import TypedDict

from rupture_watch.alliance.facts import FrameFact
from rupture_watch.contracts.envelope import Envelope
from rupture_watch.contracts.wire import (
    ENTERED_IN_ERROR,
    LIST_LIMIT,
    FactStatus,
    Number,
    Person,
    Pseudonym,
    wire,
)

FrameKind: TypeAlias = Literal[
    "consent_given",
    "consent_withdrawn",
    "consent_expired",
    "privacy_incident",
    "interruption",
    "room_changed",
    "tech_failure",
    "fee_changed",
    "billing_error",
    "invoice_overdue",
    "therapist_changed",
    "leave_announced",
    "leave_started",
    "boundary_crossing",
    "unscheduled_contact",
    "complaint",
    "transfer_requested",
    "goals_set",
    "goal_reviewed",
    "plan_presented",
    "roles_explained",
    "outreach_made",
]
ConsentScope: TypeAlias = Literal["privacy", "scheduling", "payment", "roles", "legal"]


@with_config(wire())
class FrameChanged(TypedDict, total=False):
    """One event of the frame; a correction names the event that it corrects in ``fact_id``.

    ``by`` is who did it (unknown where absent), ``about`` whom a complaint concerns.
    """

    kind: Required[FrameKind]
    fact_id: Pseudonym | None
    status: FactStatus | None
    shared_cause: StrictBool | None
    by: Person | None
    about: Literal["therapist", "admin", "other"] | None
    notice_days: Number | None
    agreed: StrictBool | None
    handover: StrictBool | None
    scope: Annotated[list[ConsentScope], Field(max_length=LIST_LIMIT)] | None
    boundary: Literal["dual_role", "gift", "disclosure", "other"] | None


def frame_fact_of(data: FrameChanged, envelope: Envelope) -> FrameFact:
    """Return the event as a fact of its case; a list of scopes is taken as a set."""
    scope = data.get("scope")
    return FrameFact(
        data.get("fact_id") or envelope.id,
        envelope.time,
        envelope.recorded,
        envelope.id,
        envelope.source,
        envelope.backfill,
        data.get("status") == ENTERED_IN_ERROR,
        data["kind"],
        data.get("shared_cause") is True,
        data.get("by") or "unknown",
        data.get("about"),
        data.get("notice_days"),
        data.get("agreed"),
        data.get("handover"),
        None if scope is None else tuple(sorted(set(scope))),
        data.get("boundary"),
    )
