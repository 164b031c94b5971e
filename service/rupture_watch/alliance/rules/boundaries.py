"""Trust, continued: the roles that are expected, and the boundaries that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.facts import DAY, Appointment, FrameFact
from rupture_watch.alliance.findings import Evidence, RuptureType, Source
from rupture_watch.alliance.rules.frame import FrameRule
from rupture_watch.alliance.rules.rating import RatingRule, fall_in_words, judged, watch_of
from rupture_watch.alliance.rules.rule import Clause
from rupture_watch.alliance.wording import day, days_listed, times_said

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding


class RoleExpectations(RatingRule):
    """I5: the roles were not introduced, and the way of working is rated low.

    After session 2 no ``roles_explained`` is on record (E3 holds), and task z < -1.25 (default).
    Silent as E3 is, and without a task scale.
    """

    id = "I5"
    slug = "role-expectations"
    section = "Trust"
    concept = "Role expectations"
    type = RuptureType.FRAME
    reads = ("task",)
    considerations: ClassVar = (
        "Ask what the client expected of the therapist, and say what to expect.",
        "Agree anew on what each of the two does.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.by_session = self.numbers["by_session"]
        self.z = self.numbers["z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the task rating where the roles are not on record."""
        point = judged(course, "task")
        session = course.session
        if point is None or point.deviation.z >= self.z or session is None:
            return None
        if session.number <= self.by_session or course.setting.truncated:
            return None
        if not course.frame or course.frame.get("roles_explained"):
            return None
        series = course.series_of("task")
        statement = f"{fall_in_words(series)} No introduction of the roles is on record."
        return self.finding(
            course, statement, (evidence_of(point, "task"),), watch=watch_of(series, point)
        )


class ClearBoundaries(FrameRule):
    """I6: a boundary was not kept; a single event.

    A ``boundary_crossing`` (the client's own push is J1's); sessions that ran over by at least 10
    minutes in 3 of the last 6 appointments; at least two unscheduled contacts by the provider in
    28 days (defaults).
    """

    id = "I6"
    slug = "clear-boundaries"
    concept = "Clear boundaries"
    occasions = ("frame", "appointment")
    considerations: ClassVar = (
        "Name what was different, and what the agreed frame is.",
        "Bring it to supervision or to a colleague.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.overrun = self.numbers["overrun_minutes"]
        self.overruns = self.numbers["overruns"]
        self.of_last = self.numbers["of_last"]
        self.contacts = self.numbers["contacts"]
        self.window = self.numbers["days"] * DAY

    def judge(self, course: Course) -> Finding | None:
        """Judge the present event or appointment."""
        fact = course.fact
        if isinstance(fact, Appointment):
            return self._overrun(course, fact)
        if not isinstance(fact, FrameFact) or fact.by == "client":
            return None
        if fact.kind == "boundary_crossing":
            statement = f"A boundary crossing was recorded on {day(course.now)}."
            return self.finding(course, statement, (Evidence(fact.name, course.now, "event", 1.0),))
        if fact.kind == "unscheduled_contact" and fact.by == "provider":
            return self._contacts(course)
        return None

    def _contacts(self, course: Course) -> Finding | None:
        recent = [
            one
            for one in course.frame["unscheduled_contact"]
            if one.by == "provider" and course.now - one.time <= self.window
        ]
        if len(recent) < self.contacts:
            return None
        statement = (
            f"Unscheduled contacts by the clinic were recorded {times_said(len(recent))} within"
            f" {self.numbers['days']} days ({days_listed([one.time for one in recent])})."
        )
        evidence = tuple(Evidence(one.name, one.time, one.kind, 1.0) for one in recent)
        return self.finding(course, statement, evidence)

    def _overrun(self, course: Course, fact: Appointment) -> Finding | None:
        if fact.status != "attended" or (fact.overrun_minutes or 0) < self.overrun:
            return None
        recent = course.outcomes.last(self.of_last)
        over = [one for one in recent if (one.fact.overrun_minutes or 0) >= self.overrun]
        if len(over) < self.overruns:
            return None
        statement = (
            f"Of the last {len(recent)} appointments {len(over)} ran over by"
            f" {self.overrun} minutes or more ({days_listed([one.start for one in over])})."
        )
        evidence = tuple(
            Evidence(
                one.fact.name, one.start, "overrun_minutes", float(one.fact.overrun_minutes or 0)
            )
            for one in over
        )
        clause = Clause(Source.ATTENDANCE, self.clears, factual=True)
        return self.finding(course, statement, evidence, clause=clause)
