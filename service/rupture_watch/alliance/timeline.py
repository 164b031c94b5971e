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
    from collections.abc import Collection, Iterable, Mapping

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
    """The places of a case's sessions, kept up as facts come in order, rebuilt when they do not.

    ``_plain``: numbers, where known, and times order the sessions alike; then a further session is
    simply the next, whichever of them decides.
    """

    __slots__ = (
        "_appointments",
        "_doubles",
        "_last_place",
        "_last_seq",
        "_loose",
        "_numbers",
        "_plain",
        "places",
    )

    def __init__(self) -> None:
        self.places: dict[str, Microseconds] = {}
        self._appointments: dict[str, str] = {}
        self._loose: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._doubles = False
        self._plain = True
        self._last_place: Microseconds = -(2**63)
        self._last_seq = 0

    def rebuild(self, facts: Iterable[Fact]) -> list[Moment]:
        """Place every session and return all moments in order; for a new timeline only."""
        facts = [fact for fact in facts if not fact.void]
        starts, numbers, doubles = self._sessions(facts)
        self._doubles = bool(doubles)
        self._place(starts, numbers)
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
        return self.without(())

    def last_sessions(self, count: int) -> list[str]:
        """Return the newest sessions, oldest first; none where their order is not plain."""
        if self._doubles or not self._plain:
            return []
        return sorted(self.places, key=lambda key: self.places[key])[-count:]

    def without(self, sessions: Collection[str]) -> Timeline:
        """Return a timeline as it was before its newest ``sessions``."""
        other = Timeline()
        other._loose, other._doubles = self._loose.copy(), self._doubles
        other._plain = self._plain
        other.places, other._appointments = self.places.copy(), self._appointments.copy()
        other._numbers = self._numbers.copy()
        other._last_place, other._last_seq = self._last_place, self._last_seq
        if sessions:
            for key in sessions:
                for known in (other.places, other._appointments, other._numbers):
                    known.pop(key, None)
            other._last_place = max(other.places.values(), default=-(2**63))
            other._last_seq = max(other._numbers.values(), default=0)
        return other

    def extend(self, facts: Iterable[Fact]) -> list[Moment] | None:
        """Place further facts after all that is placed, and return their moments in order.

        None where that cannot be: they touch a session that is placed already, or come before one.
        """
        facts = [fact for fact in facts if not fact.void]
        starts, numbers, doubles = self._sessions(facts)
        if doubles or self._doubles or not self._follow(starts, numbers):
            return None
        for fact in facts:
            if isinstance(fact, Note) and fact.session_id not in self.places:
                self._loose.add(fact.session_id)
        moments = [moment for fact in facts if (moment := self._moment(fact)) is not None]
        moments.sort(key=_order)
        return moments

    def _follow(self, starts: Mapping[str, Microseconds], numbers: Mapping[str, int]) -> bool:
        """Place sessions after all others, if their order is plain."""
        return all(
            self._extend(key, starts[key], numbers.get(key))
            for key in sorted(starts, key=lambda key: (starts[key], key))
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
        if not self._extend(key, fact.scheduled_start, fact.session_seq):
            return False
        self._appointments[key] = fact.name
        return True

    def _append_form(self, fact: Form) -> bool:
        key, seq = fact.session_id, fact.session_seq
        place = self.places.get(key)
        if place is None:
            return self._extend(key, fact.time, seq)
        if key not in self._appointments and fact.time < place:
            return False
        known = self._numbers.get(key)
        if seq is None or seq == known:
            return True
        if known is None and self._plain and place == self._last_place and seq > self._last_seq:
            self._numbers[key] = self._last_seq = seq
            return True
        return False

    def _extend(self, key: str, place: Microseconds, seq: int | None) -> bool:
        """Place one more session after all others; False where it is not simply the next."""
        if not self._plain or key in self.places or key in self._loose:
            return False
        if place <= self._last_place or (seq is not None and seq <= self._last_seq):
            return False
        self.places[key] = self._last_place = place
        if seq is not None:
            self._numbers[key] = self._last_seq = seq
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

    def _place(self, starts: Mapping[str, Microseconds], numbers: Mapping[str, int]) -> None:
        """Give all sessions their places: numbers decide where every session has one."""
        if self._follow(starts, numbers):
            return
        self._plain = False
        self.places, self._numbers = dict(starts), dict(numbers)
        if len(numbers) == len(starts):
            place = -(2**63)
            for key in sorted(starts, key=lambda key: (numbers[key], starts[key], key)):
                place = self.places[key] = max(place + 1, starts[key])
        self._last_place = max(self.places.values(), default=-(2**63))

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
