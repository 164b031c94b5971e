"""What can be known about a case: immutable facts, each with its winning version.

Times are integers, microseconds since the epoch, UTC. ``time`` says when something happened,
``recorded`` when the sender wrote it down. Identifiers are pseudonyms made by the sender.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Microseconds: TypeAlias = int

SECOND: Microseconds = 1_000_000
MINUTE: Microseconds = 60 * SECOND
HOUR: Microseconds = 60 * MINUTE
DAY: Microseconds = 24 * HOUR


class Form(NamedTuple):
    """One filled form of one session; ``name`` is ``session_id/instrument/respondent``.

    ``scores`` and ``items`` are (code, value) pairs in the order of their codes, values in the
    instrument's own units.
    """

    name: str
    time: Microseconds
    recorded: Microseconds
    event_id: str
    source: str
    backfill: bool
    void: bool
    session_id: str
    session_seq: int | None
    instrument: str
    version: str | None
    respondent: str
    scores: tuple[tuple[str, float], ...]
    items: tuple[tuple[str, float], ...]
    total: float | None
    mode: str | None
    duration_ms: int | None
    missing_items: int | None
    group_id: str | None


class Appointment(NamedTuple):
    """What became of one appointment; ``name`` is the appointment id, else the session id."""

    name: str
    time: Microseconds
    recorded: Microseconds
    event_id: str
    source: str
    backfill: bool
    void: bool
    appointment_id: str | None
    session_id: str | None
    session_seq: int | None
    scheduled_start: Microseconds
    status: str
    initiator: str
    notice_hours: float | None
    client_late_minutes: int | None
    provider_late_minutes: int | None
    overrun_minutes: int | None
    ended_by: str | None
    mode: str | None
    agreed_mode: str | None
    reason_code: str | None
    shared_cause: bool


class FrameFact(NamedTuple):
    """One event of the therapeutic frame; ``name`` is its fact id, unique within its source."""

    name: str
    time: Microseconds
    recorded: Microseconds
    event_id: str
    source: str
    backfill: bool
    void: bool
    kind: str
    shared_cause: bool
    by: str
    about: str | None
    notice_days: float | None
    agreed: bool | None
    handover: bool | None
    scope: tuple[str, ...] | None
    boundary: str | None


class Note(NamedTuple):
    """Structured tags of one session, never text; ``name`` is the session id."""

    name: str
    time: Microseconds
    recorded: Microseconds
    event_id: str
    source: str
    backfill: bool
    void: bool
    session_id: str
    interventions: tuple[str, ...]
    signalled_zone: str | None
    offered_zone: str | None
    homework_assigned: int | None
    homework_done: int | None
    goal_linked: bool | None
    goal_progress: int | None
    alliance_discussed: bool | None
    therapist_sees_rupture: bool | None
    self_harmful_domains: tuple[str, ...]
    client_role_preference: str | None
    offered_role: str | None


class Closure(NamedTuple):
    """The end of the case; there is one such fact per case, ``name`` is the event's id."""

    name: str
    time: Microseconds
    recorded: Microseconds
    event_id: str
    source: str
    backfill: bool
    void: bool
    ending: str
    goals_met: bool | None


class Review(NamedTuple):
    """What a clinician did with an alert; ``name`` is the event's id."""

    name: str
    time: Microseconds
    recorded: Microseconds
    event_id: str
    source: str
    backfill: bool
    void: bool
    alert_id: str
    action: str
    reason_code: str | None
    by_role: str | None


Fact: TypeAlias = Form | Appointment | FrameFact | Note | Closure | Review

FactKey: TypeAlias = tuple[str, str]


def key_of(fact: Fact) -> FactKey:
    """Return what makes two versions versions of one fact: (kind, name qualified as needed)."""
    kind = type(fact).__name__
    if kind in ("FrameFact", "Review"):
        return kind, f"{fact.source}\n{fact.name}"
    if kind == "Closure":
        return kind, ""
    return kind, fact.name


def supersedes(new: Fact, old: Fact) -> bool:
    """Tell whether ``new`` wins over ``old``: later recorded, at a tie the larger event id.

    The rest of the content decides between two events that claim the same identity, so that the
    winner never depends on the order of arrival.
    """
    left, right = (new.recorded, new.event_id), (old.recorded, old.event_id)
    return left > right or (left == right and repr(new) > repr(old))
