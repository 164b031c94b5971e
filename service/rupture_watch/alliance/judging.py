"""From a case's facts to its course: one step where a fact comes last, else anew from a mark.

What is judged is always the same as judging all facts in order; only the work differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.course import Course
from rupture_watch.alliance.facts import Appointment, Fact, FactKey, Review
from rupture_watch.alliance.setting import Setting
from rupture_watch.alliance.timeline import Moment, Timeline, planned_ending

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.history import History
    from rupture_watch.alliance.rules.catalogue import Catalogue

LAST_SESSIONS = 2
CLOSURE: FactKey = ("Closure", "")
MARKS = 3
"""Sessions back to which judging anew is cheap: statuses and forms mostly come within days."""


class _Mark(NamedTuple):
    """The course and timeline as they stood before a session, after ``judged`` moments."""

    judged: int
    course: Course
    timeline: Timeline


class Judging:
    """Keeps the course of one case up with its history and clock."""

    __slots__ = (
        "_catalogue",
        "_has_reviews",
        "_history",
        "_marks",
        "_moments",
        "_name",
        "_timeline",
        "clock",
        "course",
    )

    course: Course
    """The course as judged so far."""

    def __init__(
        self, name: str, catalogue: Catalogue, history: History, clock: Microseconds
    ) -> None:
        """Judge all of ``history``; ``clock`` is how far the silence rules may run."""
        self._name = name
        self._catalogue = catalogue
        self._history = history
        self.clock = clock
        self._marks: list[_Mark] = []
        self._moments: list[Moment] = []
        self._has_reviews = False
        self.refold()

    def follow(self, fact: Fact, replaced: Fact | None) -> bool:
        """Bring the course up to the facts; tell whether one step was enough."""
        if self._concerns_all(fact, replaced):
            self.refold()
            return False
        if replaced is not None and is_silent(replaced):
            replaced = None
        if fact.void and replaced is None:
            return True
        if replaced is None and self._append(fact):
            return True
        if not self._judge_suffix(fact, replaced):
            self.refold()
        return False

    def _concerns_all(self, fact: Fact, replaced: Fact | None) -> bool:
        """Tell whether a fact changes the setting of the course: an ending, reviews, voids."""
        if CLOSURE in self._history.facts:
            return True
        if isinstance(fact, Review) and not self._has_reviews:
            return True
        voids = fact.void or (replaced is not None and replaced.void)
        return voids and (self._has_reviews or (replaced is not None and not is_silent(replaced)))

    def _append(self, fact: Fact) -> bool:
        """Take one step further, if the fact comes after all that was judged."""
        earlier = self._timeline.fork() if self._timeline.opens_session(fact) else None
        moment = self._timeline.append(fact)
        if moment is None:
            return True
        if isinstance(moment, bool) or moment[:3] <= self.course.position:
            return False
        if earlier is not None:
            self._remember(earlier)
        self._moments.append(moment)
        self.course.step(moment)
        self.course.advance(self.clock)
        return True

    def _remember(self, timeline: Timeline) -> None:
        """Keep the course as it stands between two sessions, to judge anew from there."""
        if len(self._marks) == MARKS:
            del self._marks[0]
        self._marks.append(_Mark(len(self._moments), self.course.fork(), timeline))

    def _judge_suffix(self, fact: Fact, replaced: Fact | None) -> bool:
        """Judge anew from the latest remembered course that a change leaves as it is, if any."""
        while self._marks:
            mark = self._marks[-1]
            facts = [moment.fact for moment in self._moments[mark.judged :]]
            if replaced is None or any(one is replaced for one in facts):
                facts = [one for one in facts if one is not replaced]
                timeline = mark.timeline.fork()
                moments = timeline.extend([*facts, fact])
                if moments is not None and (not moments or moments[0][:3] > mark.course.position):
                    self._timeline, self.course = timeline, mark.course.fork()
                    self._moments[mark.judged :] = moments
                    for moment in moments:
                        self.course.step(moment)
                    self.course.advance(self.clock)
                    return True
            self._marks.pop()
        return False

    def refold(self) -> None:
        """Judge everything anew."""
        self._marks = []
        self._timeline = Timeline()
        moments = self._timeline.rebuild(self._history.facts.values())
        self.course = Course(self._name, self._catalogue, self.setting())
        self._moments = []
        last = self._timeline.last_sessions(MARKS)
        for moment in moments:
            if moment.session in last and moment.session not in self.course.by_key:
                self._remember(self._timeline.without(last))
                last = last[1:]
            self._moments.append(moment)
            self.course.step(moment)
        self.course.advance(self.clock)

    def setting(self) -> Setting:
        """Return what the whole of the facts says beforehand."""
        facts = self._history.facts.values()
        end = planned_ending(facts)
        last: frozenset[str] = frozenset()
        if end is not None:
            places = sorted((p, key) for key, p in self._timeline.places.items() if p <= end)
            last = frozenset(key for _, key in places[-LAST_SESSIONS:])
        self._has_reviews = any(isinstance(fact, Review) for fact in facts)
        voided = [(f.name, f.time) for f in facts if f.void] if self._has_reviews else []
        return Setting(last, truncated=self._history.cut is not None, voided=sorted(voided))


def is_silent(fact: Fact) -> bool:
    """Tell whether a version of a fact had no moment: it can be replaced without judging again."""
    return fact.void or (isinstance(fact, Appointment) and fact.status == "booked")
