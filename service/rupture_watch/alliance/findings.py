"""A finding is one rule's judgement at one fact; an alert (``alerts.py``) is made of findings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds

NOTE, WATCH, DISCUSS, SAME_DAY = 1, 2, 3, 4
"""Severities: note (digest), watch, discuss before the next session, same-day attention."""


class RuptureType(StrEnum):
    """Kinds of rupture after Safran and Muran, and the frame."""

    WITHDRAWAL = "withdrawal"
    CONFRONTATION = "confrontation"
    FRAME = "frame"
    UNCLEAR = "unclear"
    MIXED = "mixed"


class Source(StrEnum):
    """Where a finding's evidence comes from; different sources speak independently."""

    RATINGS = "ratings"
    THERAPIST_FORM = "therapist_form"
    ATTENDANCE = "attendance"
    FRAME = "frame"
    NOTES = "notes"


class Status(StrEnum):
    """What became of a finding."""

    HOLDS = "holds"
    RECOVERED = "recovered"
    WITHDRAWN = "withdrawn"


class Clears(StrEnum):
    """What makes a finding recover."""

    SCORE = "score"
    """The rating regains half of its fall and is within one own SD of its level before."""
    STEP = "step"
    """The missing step is done (a frame fact of the awaited kind)."""
    LOAD = "load"
    """The frame load has decayed below its clearing limit."""
    EVENT = "event"
    """Acknowledged by a clinician, or 28 days old."""
    FORM = "form"
    """The client fills a form again."""
    KEPT = "kept"
    """Two appointments in a row are kept."""
    VOICED = "voiced"
    """An alliance talk is recorded, or a form below the ceiling stays in the client's own band."""
    NEVER = "never"
    """Ends with its alert (troubleshooting findings)."""


class Trigger(NamedTuple):
    """The fact that caused a finding; ``kind`` is form, appointment, frame, note or closure.

    ``time`` is told to people: when it happened, or was due. ``at`` is its place in the order of
    judging, which for a form is that of its session.
    """

    kind: str
    fact: str
    session_id: str | None
    time: Microseconds
    at: Microseconds
    event_id: str
    recorded: Microseconds
    backfill: bool


class Evidence(NamedTuple):
    """One measured value behind a finding, in the measure's own unit."""

    fact: str
    time: Microseconds
    measure: str
    value: float
    baseline: float | None = None
    spread: float | None = None
    z: float | None = None
    share: float | None = None


class Watch(NamedTuple):
    """The score to be regained: series ``key``, level and own SD before the fall."""

    key: tuple[str, str, str]
    level: float
    spread: float
    sign: float


@dataclass(slots=True, eq=False)
class Finding:
    """One judgement and what became of it.

    ``severity`` is what counts: a statistical finding is a note while strain is under its limit.
    ``low`` is the lowest value since the breach, ``rated_since`` the ratings since then.
    """

    rule: str
    type: RuptureType
    source: Source
    severity: int
    trigger: Trigger
    evidence: tuple[Evidence, ...]
    statement: str
    clears: Clears
    steps: tuple[str, ...] = ()
    watch: Watch | None = None
    status: Status = Status.HOLDS
    low: float | None = None
    rated_since: int = 0
    raises_by_frame: bool = False
    """A fall of the bond soon after the frame was strained."""
    ended_by: str | None = None
    """The fact that let it recover."""

    @property
    def order(self) -> tuple[Microseconds, str, str]:
        """Return the place of the finding in its alert: by time, then catalogue id."""
        return self.trigger.at, self.rule, self.trigger.fact
