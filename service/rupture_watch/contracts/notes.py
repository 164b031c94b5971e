"""``session.noted``: structured tags of one session, never text."""

from typing import Annotated, Literal, Required, TypeAlias

from pydantic import Field, StrictBool, with_config
from typing_extensions import TypedDict

from rupture_watch.alliance.facts import Note
from rupture_watch.contracts.envelope import Envelope
from rupture_watch.contracts.wire import (
    ENTERED_IN_ERROR,
    LIST_LIMIT,
    FactStatus,
    Natural,
    Progress,
    Pseudonym,
    wire,
)

Intervention: TypeAlias = Literal[
    "empathy",
    "validation",
    "interpretation",
    "challenge",
    "advice",
    "psychoeducation",
    "exploration",
]
Domain: TypeAlias = Literal[
    "self_care", "relationships", "money", "work_life", "parenting", "career"
]
Zone: TypeAlias = Literal["empathy", "confrontation"]
Role: TypeAlias = Literal["explorer", "adviser", "teacher"]


@with_config(wire())
class Homework(TypedDict):
    """How many tasks were assigned for this session, and how many of them were done."""

    assigned: Natural
    done: Natural


@with_config(wire())
class SessionNoted(TypedDict, total=False):
    """Tags of one session; ``goal_progress`` runs from -2 (much worse) to 2 (much better)."""

    session_id: Required[Pseudonym]
    status: FactStatus | None
    interventions: Annotated[list[Intervention], Field(max_length=LIST_LIMIT)] | None
    signalled_zone: Zone | None
    offered_zone: Zone | None
    homework: Homework | None
    goal_linked: StrictBool | None
    goal_progress: Progress | None
    alliance_discussed: StrictBool | None
    therapist_sees_rupture: StrictBool | None
    self_harmful_domains: Annotated[list[Domain], Field(max_length=LIST_LIMIT)] | None
    client_role_preference: Role | None
    offered_role: Role | None


def note_of(data: SessionNoted, envelope: Envelope) -> Note:
    """Return the tags as a fact of their case; lists of tags are taken as sets."""
    homework = data.get("homework")
    return Note(
        data["session_id"],
        envelope.time,
        envelope.recorded,
        envelope.id,
        envelope.source,
        envelope.backfill,
        data.get("status") == ENTERED_IN_ERROR,
        data["session_id"],
        tuple(sorted(set(data.get("interventions") or ()))),
        data.get("signalled_zone"),
        data.get("offered_zone"),
        homework["assigned"] if homework else None,
        homework["done"] if homework else None,
        data.get("goal_linked"),
        data.get("goal_progress"),
        data.get("alliance_discussed"),
        data.get("therapist_sees_rupture"),
        tuple(sorted(set(data.get("self_harmful_domains") or ()))),
        data.get("client_role_preference"),
        data.get("offered_role"),
    )
