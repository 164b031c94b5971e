"""Alignment: what the client believes, and what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.facts import DAY, Appointment
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.frame_load import PRACTICAL_REASONS
from rupture_watch.alliance.rules.conduct import last_tagged
from rupture_watch.alliance.rules.rule import Rule
from rupture_watch.alliance.rules.studio_and_canvas import ACKNOWLEDGED
from rupture_watch.alliance.setting import Due
from rupture_watch.alliance.wording import day, days_listed, number

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import FrameFact
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Point, Series


class _AlignmentRule(Rule):
    """A rule of this section: words and deeds part."""

    section = "Alignment"
    type = RuptureType.WITHDRAWAL


class BeliefAgainstBehaviour(_AlignmentRule):
    """H1: the goals are rated as shared, and the homework is not done.

    Nothing was done in at least 3 of the last 4 sessions that assigned some, while the newest
    goal rating is at or above own median (defaults). Silent without homework or a goal scale.
    """

    id = "H1"
    slug = "belief-against-behaviour"
    concept = "Belief against behaviour"
    source = Source.NOTES
    occasions = ("note",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Ask whose goals the homework serves, and what else would serve them.",
        "Make the next step small enough to be tried, or leave it out.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.sessions = self.numbers["sessions"]
        self.undone = self.numbers["undone"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the newest sessions with homework together with the newest goal rating."""
        note = course.notes[-1]
        if not note.homework_assigned or note.homework_done != 0:
            return None
        tagged = last_tagged(
            course,
            self.sessions,
            lambda one: one.homework_assigned and one.homework_done is not None,
        )
        undone = [one for one in tagged if one.homework_done == 0]
        if len(tagged) < self.sessions or len(undone) < self.undone:
            return None
        goal, middle = _newest_goal(course)
        if goal is None or middle is None or goal.value < middle:
            return None
        if not self.is_news(course, self.sessions):
            return None
        statement = (
            f"No homework was done in {len(undone)} of the last {len(tagged)} sessions that"
            f" assigned some; shared goals were rated {number(goal.value)} on {day(goal.time)},"
            f" usual {number(middle)}."
        )
        evidence = (
            Evidence(goal.fact, goal.time, "goal", goal.value, middle),
            *(Evidence(one.name, one.time, "homework_done", 0.0) for one in undone),
        )
        return self.finding(course, statement, evidence)


class Accommodation(_AlignmentRule):
    """H2: everything is said to be well, and the appointments are moved again and again.

    At least 3 appointments moved by the client among the last 6 (a moved one and its replacement
    count once), no complaint so far, and the last total at its ceiling (defaults). Practical
    reasons do not count.
    """

    id = "H2"
    slug = "accommodation"
    concept = "Accommodation"
    source = Source.ATTENDANCE
    occasions = ("appointment",)
    clears = Clears.KEPT
    clears_when = "Clears when two appointments in a row are kept."
    considerations: ClassVar = ("Ask what makes the time or the sessions hard to keep.",)

    def prepare(self) -> None:
        """Bind the limits."""
        self.moved = self.numbers["moved"]
        self.of_last = self.numbers["of_last"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the present move together with the newest appointments."""
        fact = course.fact
        if not isinstance(fact, Appointment) or fact.status != "rescheduled":
            return None
        if fact.initiator != "client" or fact.shared_cause:
            return None
        if fact.reason_code in PRACTICAL_REASONS:
            return None
        # The present one has no outcome yet: it is one of the six, beside five with an outcome.
        outcomes = course.outcomes.last(self.of_last - 1)
        since = outcomes[0].start if len(outcomes) == self.of_last - 1 else -(2**63)
        known: tuple[tuple[int, str], ...] = course.memory.get(self.id, ())
        moved = tuple(one for one in (*known, (fact.scheduled_start, fact.name)) if one[0] >= since)
        course.memory[self.id] = moved
        if len(moved) < self.moved or "complaint" in course.frame:
            return None
        rated = course.last_rated(1)
        last = rated[0].client[-1] if rated else None
        if last is None or not last.scores.at_ceiling:
            return None
        statement = (
            f"The client moved {len(moved)} of the last {self.of_last} appointments"
            f" ({days_listed([start for start, _ in moved])}); the last rating"
            f" ({day(rated[0].place)}) was at its maximum."
        )
        evidence = tuple(Evidence(name, start, "rescheduled", 1.0) for start, name in moved)
        return self.finding(course, statement, evidence)


class ClientsTruth(_AlignmentRule):
    """H3: goals were set anew, and not looked at again.

    A second ``goals_set`` and no ``goal_reviewed`` within 14 days (default), judged when they are
    over.
    """

    id = "H3"
    slug = "clients-truth"
    concept = "The client's truth"
    source = Source.FRAME
    occasions = ("frame", "due_goal_review")
    clears = Clears.STEP
    clears_when = "Clears when the goals are reviewed."
    considerations: ClassVar = ("Ask what has changed in what the client wants.",)

    def judge(self, course: Course) -> Finding | None:
        """Start the clock at goals set anew; when it runs out, look for a review."""
        if course.due is None:
            if getattr(course.fact, "kind", None) == "goals_set" and len(self._set(course)) > 1:
                delay = int(self.numbers["within_days"] * DAY)
                course.after(delay, Due("goal_review", course.trigger(), None))
            return None
        trigger = course.due.trigger
        if any(fact.time >= trigger.time for fact in course.frame_facts("goal_reviewed")):
            return None
        statement = (
            f"Goals were set anew on {day(trigger.time)}; no review of them is on record by"
            f" {day(course.now)}."
        )
        evidence = (Evidence(trigger.fact, trigger.time, "goals_set", 1.0),)
        return self.finding(course, statement, evidence, steps=("goal_reviewed",))

    @staticmethod
    def _set(course: Course) -> list[FrameFact]:
        return course.frame_facts("goals_set")


def _newest_goal(course: Course) -> tuple[Point | None, float | None]:
    """Return the client's newest goal rating and the own median before it."""
    newest: Series | None = None
    for (_, respondent, code), series in course.series.items():
        if respondent == "client" and code == "goal" and series.points:  # noqa: SIM102
            if newest is None or series.last.session > newest.last.session:
                newest = series
    return (newest.last, newest.earlier_median()) if newest is not None else (None, None)
