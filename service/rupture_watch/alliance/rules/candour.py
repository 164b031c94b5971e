"""Trust, continued: honesty without jargon, and hope."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.rules.rating import RatingRule, fall, judged
from rupture_watch.alliance.rules.rule import Clause
from rupture_watch.alliance.wording import day, number

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding


class Honesty(RatingRule):
    """I9: what was said was not clear to the client.

    ``clarity`` (item 1-5) at 2 or less (default), or z < -2. Silent without the item.
    """

    id = "I9"
    slug = "honesty"
    section = "Trust"
    concept = "Honesty, no jargon"
    type = RuptureType.CONFRONTATION
    reads = ("clarity",)
    considerations: ClassVar = (
        "Say it again in plain words, and ask what the client makes of it.",
        "Ask what remained open.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.at_most = self.numbers["at_most"]
        self.z = self.numbers["z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the item on the present form."""
        point = course.points("clarity")
        if point is None:
            return None
        if point.value > self.at_most:
            point = judged(course, "clarity")
            if point is None or point.deviation.z >= self.z:
                return None
        return self.fallen(course, "clarity")


class Hope(RatingRule):
    """I10: hope is lost, or rises against what is seen.

    ``hope`` (item 1-5) z < -2; or 2 higher than on the form before (default) while the goal
    progress of the session is noted as negative. Silent without the item.
    """

    id = "I10"
    slug = "hope"
    section = "Trust"
    concept = "Hope"
    type = RuptureType.WITHDRAWAL
    occasions = ("client_form", "note")
    reads = ("hope",)
    considerations: ClassVar = (
        "Ask what the client hopes for just now, and what has changed in it.",
        "Look together for one thing that is possible next.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.z = self.numbers["z"]
        self.rise = self.numbers["rise"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the item on the present form, or the session's progress after its form."""
        if course.rated is None:
            return self._against_progress(course)
        point = judged(course, "hope")
        if point is None or point.deviation.z >= self.z:
            return None
        return self.fallen(course, "hope")

    def _against_progress(self, course: Course) -> Finding | None:
        session, note = course.session, course.notes[-1]
        if session is None or note.goal_progress is None or note.goal_progress >= 0:
            return None
        for rated in session.client:
            point = rated.points.get("hope")
            if point is None:
                continue
            points = course.series[(rated.form.instrument, "client", "hope")].points
            if len(points) < 2 or -fall(points[-2], points[-1]) < self.rise:  # noqa: PLR2004 - a rise
                continue
            statement = (
                f"Hope was marked {number(point.value)} of 5 on {day(point.time)},"
                f" {number(points[-2].value)} before, while progress was noted as negative."
            )
            evidence = (
                evidence_of(point, "hope"),
                Evidence(note.name, course.now, "goal_progress", float(note.goal_progress)),
            )
            clause = Clause(Source.RATINGS, Clears.EVENT, factual=False)
            return self.finding(course, statement, evidence, clause=clause)
        return None
