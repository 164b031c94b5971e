"""What the rules look back on: sessions held, with their forms, and what became of appointments."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.frame_load import PRACTICAL_REASONS, notice_hours

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Appointment, Form, Microseconds, Note
    from rupture_watch.alliance.scoring import Scores
    from rupture_watch.alliance.series import Point

LATE_NOTICE_HOURS = 24.0


class Rated(NamedTuple):
    """One scored form; ``points`` are its values judged against their series, by code."""

    form: Form
    scores: Scores
    points: dict[str, Point]


@dataclass(slots=True)
class Session:
    """One session held; ``number`` counts from 1, ``place`` is where it stands in time.

    ``after_gap``: the first one held long after the previous. ``ending``: one of the last two
    before a planned ending.
    """

    key: str
    number: int
    place: Microseconds
    after_gap: bool
    ending: bool
    appointment: Appointment | None = None
    client: list[Rated] = field(default_factory=list)
    therapist: list[Rated] = field(default_factory=list)
    note: Note | None = None

    @property
    def name(self) -> str:
        """Return the fact that stands for the session where it has no form."""
        return self.appointment.name if self.appointment else self.key


class Outcome(NamedTuple):
    """An appointment with a final status, ordered by its scheduled start."""

    start: Microseconds
    fact: Appointment

    @property
    def is_client_no_show(self) -> bool:
        """The client was not there, and nothing practical explains it."""
        fact = self.fact
        return (
            fact.status == "no_show"
            and fact.initiator == "client"
            and fact.reason_code not in PRACTICAL_REASONS
            and not fact.shared_cause
        )

    @property
    def is_late_client_cancel(self) -> bool:
        """The client cancelled less than 24 hours before, and nothing practical explains it."""
        fact = self.fact
        return (
            fact.status == "cancelled"
            and fact.initiator == "client"
            and fact.reason_code not in PRACTICAL_REASONS
            and not fact.shared_cause
            and notice_hours(fact) < LATE_NOTICE_HOURS
        )

    @property
    def is_client_miss(self) -> bool:
        """A no-show or a late cancellation that counts as the client's."""
        return self.is_client_no_show or self.is_late_client_cancel


class Outcomes:
    """Final outcomes in the order of their scheduled starts."""

    __slots__ = ("all",)

    def __init__(self) -> None:
        self.all: list[Outcome] = []

    def fork(self) -> Outcomes:
        """Return equal outcomes that go on by themselves."""
        other = Outcomes()
        other.all = self.all[:]
        return other

    def add(self, fact: Appointment) -> Outcome:
        """Take in one appointment with a final status."""
        outcome = Outcome(fact.scheduled_start, fact)
        insort(self.all, outcome, key=lambda one: (one.start, one.fact.name))
        return outcome

    def until(self, time: Microseconds, count: int) -> list[Outcome]:
        """Return the newest ``count`` outcomes that started by ``time``, oldest first."""
        end = len(self.all)
        while end and self.all[end - 1].start > time:
            end -= 1
        return self.all[max(0, end - count) : end]

    def last(self, count: int) -> list[Outcome]:
        """Return the newest ``count`` outcomes, oldest first."""
        return self.all[-count:]
