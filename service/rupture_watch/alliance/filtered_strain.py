"""Strain from all sources: the course of a case told to the sequential filter, slot by slot."""

from __future__ import annotations

from bisect import insort
from math import log
from typing import TYPE_CHECKING

from rupture_watch.alliance.facts import Appointment
from rupture_watch.alliance.frame_load import PRACTICAL_REASONS, notice_hours
from rupture_watch.alliance.sessions import LATE_NOTICE_HOURS
from rupture_watch.alliance.strain import Filter, Model
from rupture_watch.alliance.strain.own import Own
from rupture_watch.alliance.timeline import HELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import FrameFact, Microseconds, Note
    from rupture_watch.alliance.sessions import Rated, Session

LATE_CLIENT_MINUTES = 10
LATE_PROVIDER_MINUTES = 5
HEAVY_BREAK = 2.0
"""Weight from which a break of the frame is one that a client is likely to feel."""
LITTLE_HOMEWORK = 0.3


class FilteredStrain:
    """All sources, weighed by the sequential filter; one slot for each appointment that counts.

    A cancellation counts where its appointment stood, not when it was made: what is judged rests
    on no later appointment. A break of the frame counts for the slot in which it fell, until the
    forms of that slot came.
    """

    __slots__ = (
        "_break",
        "_filter",
        "_frame_told",
        "_is_open",
        "_model",
        "_pending",
        "_session",
        "_timed",
        "compliance_limit",
        "limit",
    )

    def __init__(self, model: Model) -> None:
        self.limit = model.parameters.limit
        self.compliance_limit = model.parameters.compliance_limit
        self._model = model
        self._filter = Filter(model)
        self._pending: list[tuple[Microseconds, str, str]] = []
        self._session: str | None = None
        self._break: str | None = None
        self._is_open = False
        self._frame_told = False
        self._timed: frozenset[str] = frozenset()

    @property
    def value(self) -> float:
        """Strain by the facts told so far."""
        return self._filter.strain

    @property
    def compliance(self) -> float:
        """How strongly they speak for sudden compliance."""
        return self._filter.compliance

    @property
    def learned(self) -> Own:
        """What the sessions before this one taught of the client's own ways, to read."""
        return Own.restored(self._filter.snapshot().own)

    def shares(self) -> Mapping[str, float]:
        """Return what each fact of the present session brought to strain, by its name."""
        shares: dict[str, float] = {}
        for fact, share in self._filter.judge().shares:
            shares[fact] = shares.get(fact, 0.0) + share
        return shares

    def fork(self) -> FilteredStrain:
        """Return an equal strain that goes on by itself."""
        other = FilteredStrain(self._model)
        other._filter = self._filter.fork()
        other._pending = self._pending[:]
        other._session, other._break, other._is_open = self._session, self._break, self._is_open
        other._frame_told, other._timed = self._frame_told, self._timed
        return other

    def appointment(self, course: Course, fact: Appointment) -> None:
        """Open a slot for an appointment that counts for one of the two."""
        outcome = outcome_of(fact)
        if outcome is None:
            return
        if outcome in ("attended", "no_show"):
            self._slot(course, fact.name, outcome)
            if outcome == "attended":
                self._session = course.session.key if course.session else None
                self._lateness(fact)
        else:
            insort(self._pending, (fact.scheduled_start, fact.name, outcome))

    def _slot(self, course: Course, fact: str, outcome: str) -> None:
        while self._pending and self._pending[0][0] <= course.now:
            _, name, earlier = self._pending.pop(0)
            self._open(name, earlier)
        self._open(fact, outcome)

    def _open(self, fact: str, outcome: str) -> None:
        if self._is_open:
            self._filter.close_session()
        self._is_open, self._session, self._frame_told = True, None, False
        self._filter.appointment(fact, outcome)

    def _lateness(self, fact: Appointment) -> None:
        """Tell who was late; once a feed has shown itself, nothing said means in time."""
        for channel, minutes, limit in (
            ("client_late", fact.client_late_minutes, LATE_CLIENT_MINUTES),
            ("provider_late", fact.provider_late_minutes, LATE_PROVIDER_MINUTES),
        ):
            if minutes is not None:
                self._timed |= {channel}
            if channel in self._timed:
                self._filter.flag(fact.name, channel, seen=(minutes or 0) >= limit)

    def _session_slot(self, course: Course, fact: str) -> None:
        """Make sure that the open slot is that of the present session, which may have no other."""
        key = course.session.key if course.session else None
        if not self._is_open or self._session != key:
            self._slot(course, fact, "attended")
            self._session = key
        if not self._frame_told and (self._break is not None or course.frame):
            self._frame_told = True
            self._filter.flag(self._break or fact, "frame_break", seen=self._break is not None)
            self._break = None

    def frame_break(self, course: Course, fact: Appointment | FrameFact, weight: float) -> None:
        """Remember a break that a client is likely to feel, for the forms to come."""
        del course
        cancelled = isinstance(fact, Appointment) and fact.status != HELD
        if weight >= HEAVY_BREAK and not cancelled:
            self._break = fact.name

    def therapist_form(self, course: Course, rated: Rated) -> None:
        """Take in a therapist's form."""
        total = rated.scores.values.get("total")
        if total is None:
            return
        self._session_slot(course, rated.form.name)
        scale = course.rules.ruleset.registry.scale(rated.form.instrument, "total")
        self._filter.measure(rated.form.name, "therapist_form", total, scale)

    def rated(self, course: Course, rated: Rated) -> None:
        """Take in a client's form and how it was filled."""
        form, scores = rated.form, rated.scores
        self._session_slot(course, form.name)
        instrument = course.rules.ruleset.registry.get(form.instrument)
        self._filter.flag(form.name, "missing_form", seen=False)
        if form.duration_ms and form.mode != "import":
            self._filter.measure(form.name, "log_duration", log(form.duration_ms))
        self._filter.rating(
            form.name,
            form.instrument,
            instrument.scales,
            scores.values,
            uniform=scores.uniform_maximum and form.mode != "import",
        )

    def note(self, course: Course, fact: Note) -> None:
        """Take in a session's tags."""
        if course.session is None or course.session.key != self._session:
            return
        if fact.homework_assigned:
            done = fact.homework_done or 0
            undone = done <= LITTLE_HOMEWORK * fact.homework_assigned
            self._filter.flag(fact.name, "homework_undone", seen=undone)
        if fact.alliance_discussed is not None:
            self._filter.flag(fact.name, "alliance_discussed", seen=fact.alliance_discussed)
        if fact.therapist_sees_rupture is not None:
            seen = fact.therapist_sees_rupture
            self._filter.flag(fact.name, "therapist_sees_rupture", seen=seen)

    def form_missing(self, course: Course, session: Session) -> None:
        """Take in that no form came, once the case has shown that it fills them."""
        if session.key == self._session and any(one.client for one in course.sessions):
            self._filter.flag(session.name, "missing_form", seen=True)

    def new_baseline(self) -> None:
        """Start to learn the client's own level anew."""
        self._filter.new_baseline()


def outcome_of(fact: Appointment) -> str | None:
    """Return what an appointment says of client or provider, None where of neither."""
    if fact.status == HELD:
        return "attended"
    practical = fact.reason_code in PRACTICAL_REASONS or fact.shared_cause
    if fact.initiator == "provider" and fact.status == "cancelled":
        return None if practical else "provider_cancel"
    if fact.initiator != "client" or practical:
        return None
    if fact.status == "no_show":
        return "no_show"
    if fact.status != "cancelled":
        return None
    return "late_cancel" if notice_hours(fact) < LATE_NOTICE_HOURS else "early_cancel"
