"""Introduction: the alliance as a whole, its goals and tasks, the real relationship, the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.findings import RuptureType
from rupture_watch.alliance.rules.rating import (
    ASK,
    RatingRule,
    fall_in_words,
    has_lines,
    judged,
    last_fall,
    watch_of,
)
from rupture_watch.alliance.wording import day, number

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Point, Series


class WholeAlliance(RatingRule):
    """A1: the total is far below the client's own level, at once or little by little.

    z < -2 (empirical Bayes) or EWMA < -2.5, from the third prior rating on; where all evidence
    together is over strain's limit, z < -1 is enough. Silent without a total. Source: individual
    control limits (Shewhart; Roberts 1959) on own baseline.
    """

    id = "A1"
    slug = "whole-alliance"
    section = "Introduction"
    concept = "The alliance as a whole"
    reads = ("total",)
    considerations: ClassVar = (
        ASK,
        "Look back together at what has helped so far and what has not.",
        "Check whether something outside the sessions explains the change.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.z = self.numbers["z"]
        self.ewma = self.numbers["ewma"]
        self.strained_z = self.numbers["strained_z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the total of the present form."""
        point = judged(course, "total")
        if point is None:
            return None
        deviation = point.deviation
        limit = self.strained_z if course.is_strained else self.z
        if deviation.z >= limit and deviation.ewma >= self.ewma:
            return None
        return self.fallen(course, "total")


class CollaborativeGoals(RatingRule):
    """A2: the client no longer feels that the goals are shared.

    Goal z < -2; on a form of lines also a goals line below 9, at least 1 below the client's own
    median, with z < -1.25. Source: cut-off of the SRS lines (Duncan et al. 2003); the rest are
    defaults. Silent without a goal scale.
    """

    id = "A2"
    slug = "collaborative-goals"
    section = "Introduction"
    concept = "Collaborative goals"
    type = RuptureType.CONFRONTATION
    reads = ("goal",)
    considerations: ClassVar = (
        "Ask whether the work still goes towards what the client wants from it.",
        "Look at the agreed goals together, and change them where they no longer fit.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.z = self.numbers["z"]
        self.line = self.numbers["line_below"]
        self.below_median = self.numbers["below_median"]
        self.line_z = self.numbers["line_z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the goal rating of the present form."""
        point = judged(course, "goal")
        if point is None or point.deviation.z >= max(self.z, self.line_z):
            return None
        if point.deviation.z >= self.z and not self._is_low_line(course, point):
            return None
        return self.fallen(course, "goal")

    def _is_low_line(self, course: Course, point: Point) -> bool:
        if point.deviation.z >= self.line_z or point.value >= self.line or not has_lines(course):
            return False
        middle = course.series_of("goal").earlier_median()
        return middle is not None and round(middle - point.value, 6) >= self.below_median


class SharedDecision(RatingRule):
    """A3: the way of working no longer fits the client.

    Task z < -2; on a form of lines also an approach line that falls by at least 1.5 (default)
    from one form to the next with z < -1.25. Silent without a task scale.
    """

    id = "A3"
    slug = "shared-decision"
    section = "Introduction"
    concept = "Shared decision on interventions"
    type = RuptureType.CONFRONTATION
    reads = ("task",)
    considerations: ClassVar = (
        "Ask how the way of working fits, and what the client would do differently.",
        "Explain what the present steps are for, and offer alternatives.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.z = self.numbers["z"]
        self.line_fall = self.numbers["line_fall"]
        self.line_z = self.numbers["line_z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the task rating of the present form."""
        point = judged(course, "task")
        if point is None or point.deviation.z >= max(self.z, self.line_z):
            return None
        if point.deviation.z >= self.z:
            fell = last_fall(course.series_of("task")) >= self.line_fall
            if point.deviation.z >= self.line_z or not fell or not has_lines(course):
                return None
        return self.fallen(course, "task")


class RealRelationship(RatingRule):
    """A6: the person of the therapist is felt less real while the bond is as ever.

    Genuineness or realism (Real Relationship Inventory, client form) z < -2 while the bond of the
    same session has z > -1. Silent unless both forms belong to one session.
    """

    id = "A6"
    slug = "real-relationship"
    section = "Introduction"
    concept = "The real relationship"
    type = RuptureType.WITHDRAWAL
    reads = ("genuineness", "realism", "bond")
    considerations: ClassVar = (
        "Ask how the client experiences the therapist as a person just now.",
        "Consider whether something was left unsaid by either side.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.z = self.numbers["z"]
        self.bond_above = self.numbers["bond_above_z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge once both the inventory and the bond of the session are there."""
        session = course.session
        if session is None or len(session.client) < 2:  # noqa: PLR2004 - one form has not both
            return None
        found: dict[str, tuple[Point, Series]] = {}
        for rated in session.client:
            for code in self.reads:
                point = rated.points.get(code)
                if point and point.deviation.prior_ratings >= course.engine["judged_from"]:
                    found[code] = point, course.series[(rated.form.instrument, "client", code)]
        bond = found.pop("bond", None)
        if bond is None or bond[0].deviation.z <= self.bond_above:
            return None
        for code, (point, series) in found.items():
            if point.deviation.z < self.z:
                statement = (
                    f"{fall_in_words(series)} The bond was rated"
                    f" {number(bond[0].value)} in the same session."
                )
                evidence = (evidence_of(point, code), evidence_of(bond[0], "bond"))
                return self.finding(course, statement, evidence, watch=watch_of(series, point))
        return None


class RespectAtTheStart(RatingRule):
    """A7: the first meetings are rated low.

    In sessions 1-3 a total of lines below 30 (default), or a total below the rule set's tenth
    percentile of first forms of its instrument, where it names one (``p10``). Silent where the
    first sessions are not known.
    """

    id = "A7"
    slug = "respect-at-the-start"
    section = "Introduction"
    concept = "Respect at the start"
    type = RuptureType.UNCLEAR
    reads = ("total",)
    considerations: ClassVar = (
        "Ask early, and lightly, what would make the next session more useful.",
        "Check whether expectations of therapy have been talked about.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.sessions = self.numbers["sessions"]
        self.lines_below = self.numbers["lines_below"]
        self.p10 = self.numbers.get("p10", {})

    def judge(self, course: Course) -> Finding | None:
        """Judge the total of one of the first sessions."""
        session, point = course.session, course.points("total")
        if session is None or session.number > self.sessions or course.setting.truncated:
            return None
        if point is None or course.rated is None:
            return None
        p10 = self.p10.get(course.rated.form.instrument)
        low_of_firsts = p10 is not None and point.value < p10
        if not low_of_firsts and (point.value >= self.lines_below or not has_lines(course)):
            return None
        statement = (
            f"The rating of session {session.number} ({day(point.time)}) is"
            f" {number(point.value)}, low for a first one."
        )
        watch = watch_of(course.series_of("total"), point)
        return self.finding(course, statement, (evidence_of(point, "total"),), watch=watch)
