"""From a set of facts to the one order in which they are judged.

A moment is a fact at its place in time. Forms and notes stand at the place of their session: its
appointment's scheduled start, else its earliest form's time. ``session_seq`` decides the order
only where every session of the case has one. A fact that says nothing yet (``booked``, voided)
has no moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.facts import (
    Appointment,
    Closure,
    Fact,
    Form,
    FrameFact,
    Microseconds,
    Note,
    Review,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HELD = "attended"
FINAL = frozenset({"attended", "no_show", "cancelled"})

RANK_FRAME, RANK_APPOINTMENT, RANK_FORM, RANK_NOTE, RANK_REVIEW, RANK_CLOSURE, RANK_DUE = range(7)

Position = tuple[Microseconds, int, str]
"""Where judging stands: time, rank, name."""


class Moment(NamedTuple):
    """One fact to be judged at ``time``; ``session`` is the key of its session, if any."""

    time: Microseconds
    rank: int
    name: str
    fact: Fact
    session: str | None

    @property
    def position(self) -> Position:
        """Return the moment's place in the order of judging."""
        return self.time, self.rank, self.name


def session_key(fact: Appointment) -> str:
    """Name the session that an attended appointment held."""
    return fact.session_id or fact.name


class Timeline:
    """The places of a case's sessions, kept up as facts come in order, rebuilt when they do not."""

    __slots__ = (
        "_all_numbered",
        "_appointments",
        "_doubles",
        "_last_place",
        "_last_seq",
        "_loose",
        "places",
    )

    def __init__(self) -> None:
        self.places: dict[str, Microseconds] = {}
        self._appointments: dict[str, str] = {}
        self._loose: set[str] = set()
        self._doubles = False
        self._last_place: Microseconds = -(2**63)
        self._last_seq = 0
        self._all_numbered = True

    def rebuild(self, facts: Iterable[Fact]) -> list[Moment]:
        """Place every session and return all moments in order; for a new timeline only."""
        facts = [fact for fact in facts if not fact.void]
        starts, numbers, doubles = self._sessions(facts)
        self._doubles = bool(doubles)
        self._place_after(starts, numbers)
        self._loose = {
            fact.session_id
            for fact in facts
            if isinstance(fact, Note) and fact.session_id not in self.places
        }
        moments = [
            moment
            for fact in facts
            if fact.name not in doubles or not isinstance(fact, Appointment)
            if (moment := self._moment(fact)) is not None
        ]
        moments.sort(key=_order)
        return moments

    def opens_session(self, fact: Fact) -> bool:
        """Tell whether a fact is the first of its session."""
        if isinstance(fact, Form):
            return fact.session_id not in self.places
        if isinstance(fact, Appointment):
            return fact.status == HELD and session_key(fact) not in self.places
        return False

    def fork(self) -> Timeline:
        """Return an equal timeline that goes on by itself."""
        other = Timeline()
        other.places, other._appointments = self.places.copy(), self._appointments.copy()
        other._loose, other._doubles = self._loose.copy(), self._doubles
        other._last_place, other._last_seq = self._last_place, self._last_seq
        other._all_numbered = self._all_numbered
        return other

    def extend(self, facts: Iterable[Fact]) -> list[Moment] | None:
        """Place further facts after all that is placed, and return their moments in order.

        None where that cannot be: they touch a session that is placed already, or come before one.
        """
        facts = [fact for fact in facts if not fact.void]
        starts, numbers, doubles = self._sessions(facts)
        if doubles or self._doubles or not self._may_follow(starts, numbers):
            return None
        self._place_after(starts, numbers)
        for fact in facts:
            if isinstance(fact, Note) and fact.session_id not in self.places:
                self._loose.add(fact.session_id)
        moments = [moment for fact in facts if (moment := self._moment(fact)) is not None]
        moments.sort(key=_order)
        return moments

    def _may_follow(self, starts: Mapping[str, Microseconds], numbers: Mapping[str, int]) -> bool:
        if not starts:
            return True
        numbered = len(numbers) == len(starts)
        if self.places and numbered != self._all_numbered and (numbered or self._all_numbered):
            return False
        if numbered and self._all_numbered and min(numbers.values()) <= self._last_seq:
            return False
        return min(starts.values()) > self._last_place and not any(
            key in self.places or key in self._loose for key in starts
        )

    def append(self, fact: Fact) -> Moment | bool | None:
        """Place one new fact: its moment, None if it has none, False if it moves a session."""
        if fact.void:
            return None
        if isinstance(fact, Appointment):
            if not self._append_appointment(fact):
                return False
        elif isinstance(fact, Form):
            if not self._append_form(fact):
                return False
        elif isinstance(fact, Note) and fact.session_id not in self.places:
            self._loose.add(fact.session_id)
        return self._moment(fact)

    def _append_appointment(self, fact: Appointment) -> bool:
        if fact.status != HELD:
            return True
        key = session_key(fact)
        if key in self.places or not self._extend(key, fact.scheduled_start, fact.session_seq):
            return False
        self._appointments[key] = fact.name
        return True

    def _append_form(self, fact: Form) -> bool:
        key = fact.session_id
        place = self.places.get(key)
        if place is None:
            return self._extend(key, fact.time, fact.session_seq)
        if key not in self._appointments and fact.time < place:
            return False
        return fact.session_seq == (self._last_seq if self._all_numbered else None)

    def _extend(self, key: str, place: Microseconds, seq: int | None) -> bool:
        numbered = self._all_numbered and seq is not None
        if key in self._loose:
            return False
        if self.places and (
            place <= self._last_place
            or numbered != self._all_numbered
            or (numbered and seq is not None and seq <= self._last_seq)
        ):
            return False
        self.places[key] = self._last_place = place
        self._all_numbered = numbered
        self._last_seq = seq or 0
        return True

    def _sessions(
        self, facts: list[Fact]
    ) -> tuple[dict[str, Microseconds], dict[str, int], set[str]]:
        starts: dict[str, Microseconds] = {}
        numbers: dict[str, int] = {}
        held: dict[str, Appointment] = {}
        doubles: set[str] = set()
        for fact in facts:
            if isinstance(fact, Appointment) and fact.status == HELD:
                key = session_key(fact)
                other = held.get(key)
                if other is not None:
                    fact, lost = _same_session(fact, other)  # noqa: PLW2901 - the winner goes on
                    doubles.add(lost.name)
                held[key] = fact
        for key, fact in held.items():
            starts[key] = fact.scheduled_start
            if fact.session_seq is not None:
                numbers[key] = fact.session_seq
        for fact in facts:
            if isinstance(fact, Form):
                key = fact.session_id
                if key not in held:
                    starts[key] = min(fact.time, starts.get(key, fact.time))
                if fact.session_seq is not None:
                    numbers[key] = max(fact.session_seq, numbers.get(key, 0))
        self._appointments.update((key, fact.name) for key, fact in held.items())
        return starts, numbers, doubles

    def _place_after(self, starts: Mapping[str, Microseconds], numbers: Mapping[str, int]) -> None:
        """Give sessions their places, after those that have one; numbers decide if all have one."""
        if not starts:
            return
        self._all_numbered = (self._all_numbered or not self.places) and len(numbers) == len(starts)
        if not self._all_numbered:
            self.places.update(starts)
            self._last_place = max(starts.values())
            return
        for key in sorted(starts, key=lambda key: (numbers[key], starts[key], key)):
            after = self._last_place + 1 if self.places else starts[key]
            self.places[key] = self._last_place = max(after, starts[key])
            self._last_seq = numbers[key]

    def _moment(self, fact: Fact) -> Moment | None:
        if isinstance(fact, Form):
            return Moment(
                self.places[fact.session_id], RANK_FORM, _form_order(fact), fact, fact.session_id
            )
        if isinstance(fact, Appointment):
            if fact.status == HELD:
                key = session_key(fact)
                return Moment(self.places[key], RANK_APPOINTMENT, fact.name, fact, key)
            if fact.status == "no_show":
                return Moment(fact.scheduled_start, RANK_APPOINTMENT, fact.name, fact, None)
            if fact.status in ("cancelled", "rescheduled"):
                return Moment(fact.time, RANK_APPOINTMENT, fact.name, fact, None)
            return None
        if isinstance(fact, FrameFact):
            return Moment(fact.time, RANK_FRAME, f"{fact.name}\n{fact.source}", fact, None)
        if isinstance(fact, Note):
            place = self.places.get(fact.session_id, fact.time)
            return Moment(place, RANK_NOTE, fact.name, fact, fact.session_id)
        if isinstance(fact, Review):
            return Moment(fact.time, RANK_REVIEW, f"{fact.name}\n{fact.source}", fact, None)
        return Moment(fact.time, RANK_CLOSURE, fact.name, fact, None)


def _order(moment: Moment) -> Position:
    return moment[:3]


def _form_order(form: Form) -> str:
    """Order the forms of a session: what the client says is judged last, with all else known."""
    return ("1" if form.respondent == "client" else "0") + form.name


def _same_session(one: Appointment, other: Appointment) -> tuple[Appointment, Appointment]:
    """Two sights of one session (an appointment and an encounter): the later recorded one wins."""
    if (one.recorded, one.event_id, one.name) > (other.recorded, other.event_id, other.name):
        return one, other
    return other, one


def planned_ending(facts: Iterable[Fact]) -> Microseconds | None:
    """Return when the case was closed as planned, or None."""
    for fact in facts:
        if isinstance(fact, Closure) and not fact.void and fact.ending == "planned":
            return fact.time
    return None
