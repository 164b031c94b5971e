"""One case: its facts, what follows from them, and what the world has been told.

The standing follows from the set of facts and the clock alone; only the revisions of alert events
depend on the order of arrival.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.course import Course
from rupture_watch.alliance.facts import (
    DAY,
    Appointment,
    Closure,
    Fact,
    FactKey,
    Review,
)
from rupture_watch.alliance.history import History, Taken
from rupture_watch.alliance.setting import Setting
from rupture_watch.alliance.standing import Content, content_of, in_short, instant, notes_of
from rupture_watch.alliance.telling import AlertEvent, Cause, Register, Told
from rupture_watch.alliance.timeline import Moment, Timeline, planned_ending
from rupture_watch.alliance.trace import Trace

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.rules.catalogue import Catalogue

LAST_SESSIONS = 2
CLOSURE: FactKey = ("Closure", "")
MARKS = 3
"""Sessions back to which judging anew is cheap: statuses and forms mostly come within days."""
ERASURE_REMEMBERED = 35 * DAY
"""As long as events of an erased case may still arrive (the longest lateness limit)."""
BEGINNING: Microseconds = -(2**63)


class _Mark(NamedTuple):
    """The course and timeline as they stood before a session, after ``judged`` moments."""

    judged: int
    course: Course
    timeline: Timeline


class Case:
    """The assessment of one case; everything else follows from its facts, clock and register.

    ``clock`` is how far the silence rules have been let run; ``erased`` when the case was erased:
    facts of it that still arrive are then forgotten.
    """

    __slots__ = (
        "_course",
        "_has_reviews",
        "_marks",
        "_moments",
        "_register",
        "_timeline",
        "catalogue",
        "clock",
        "erased",
        "history",
        "name",
    )

    def __init__(
        self,
        name: str,
        catalogue: Catalogue,
        history: History | None = None,
        clock: Microseconds = BEGINNING,
        told: dict[str, Told] | None = None,
        erased: Microseconds | None = None,
    ) -> None:
        """Take up a case, new or from its stored parts."""
        self.name = name
        self.catalogue = catalogue
        self.history = history or History()
        self.clock = clock
        self.erased = erased
        self._marks: list[_Mark] = []
        self._moments: list[Moment] = []
        self._has_reviews = False
        self._refold()
        self._register = Register(told or {}, self._course)

    @property
    def told(self) -> dict[str, Told]:
        """Return what was published, by alert id."""
        return self._register.told

    @property
    def course(self) -> Course:
        """Return the course as judged so far."""
        return self._course

    def take(self, fact: Fact) -> tuple[Taken, list[AlertEvent]]:
        """Take in one version of a fact and judge what follows.

        Whatever a rule raises goes on to the caller, with the fact taken back; take the case up
        ``again`` then.
        """
        if self.erased is not None:
            return Taken.FORGOTTEN, []
        taken, replaced = self.history.take(fact)
        if taken is Taken.SUPERSEDED and _erases(fact):
            self.history.put_back(fact, fact)
            taken = Taken.ACCEPTED
        if taken is not Taken.ACCEPTED:
            return taken, []
        facts, cut = self.history.facts, self.history.cut
        try:
            return taken, self._judge(fact, replaced)
        except Exception:
            self.history.facts, self.history.cut = facts, cut
            self.history.put_back(fact, replaced)
            raise

    def pass_time(self, time: Microseconds) -> list[AlertEvent]:
        """Let everything happen that is due up to ``time``."""
        if time <= self.clock:
            return []
        before, self.clock = self.clock, time
        if self.erased is not None:
            return []
        changes = self._course.changes
        try:
            self._course.advance(time)
        except Exception:
            self.clock = before
            raise
        if self._course.changes == changes:
            return []
        return self._register.tell(self._course, Cause(None, None, in_order=True, now=time))

    def again(self) -> Case:
        """Return the case taken up anew from its facts."""
        return Case(self.name, self.catalogue, self.history, self.clock, self.told, self.erased)

    @property
    def next_due(self) -> Microseconds | None:
        """Return when time alone would change something, or None."""
        if self.erased is not None:
            return None if self.is_gone else self.erased + ERASURE_REMEMBERED
        return self._course.next_due

    @property
    def is_gone(self) -> bool:
        """Tell whether an erased case may be forgotten altogether."""
        return self.erased is not None and self.clock >= self.erased + ERASURE_REMEMBERED

    def standing(self) -> Content:
        """Return the standing: every alert the facts support, notes and counts."""
        return {
            "case": self.name,
            "alerts": [content_of(alert, self._course) for alert in self._course.book.alerts],
            "notes": notes_of(self._course),
            "counts": self._counts(),
        }

    def summary(self) -> Content:
        """Return in short what is open, how much is known, and when the case was last seen."""
        course = self._course
        alert = course.book.open
        times = [fact.time for fact in self.history.facts.values() if not fact.void]
        return {
            "case": self.name,
            "open_alerts": [] if alert is None or alert.historic else [in_short(alert, course)],
            "counts": self._counts(),
            "last_seen": instant(max(times)) if times else None,
        }

    def _counts(self) -> dict[str, int]:
        sessions = self._course.sessions
        return {
            "facts": sum(not fact.void for fact in self.history.facts.values()),
            "sessions": len(sessions),
            "rated_sessions": sum(bool(session.client) for session in sessions),
        }

    def trace(self) -> list[Content]:
        """Return one line for every judged fact of the final history, in order."""
        course = Course(self.name, self.catalogue, self._new_setting())
        course.trace = Trace()
        for moment in Timeline().rebuild(self.history.facts.values()):
            course.step(moment)
        course.advance(self.clock)
        return course.trace.lines()

    def _judge(self, fact: Fact, replaced: Fact | None) -> list[AlertEvent]:
        changes = self._course.changes
        in_order = self._follow(fact, replaced)
        if self.history.forget_beyond_bound():
            in_order = False
            self._refold()
            self._register.forget(self._course)
        erases = _erases(fact)
        if erases and (alert := self._course.book.open) is not None:
            self._course.book.end(alert, "closed", "case_closed", fact.time, fact.time)
        if in_order and self._course.changes == changes and not erases:
            return []
        corrected = replaced if replaced is not None and not _is_silent(replaced) else None
        cause = Cause(fact, corrected, in_order, self.clock)
        events = self._register.tell(self._course, cause)
        if erases:
            self._erase(fact.time)
        return events

    def _follow(self, fact: Fact, replaced: Fact | None) -> bool:
        """Bring the course up to the facts; tell whether one step was enough."""
        if self._concerns_all(fact, replaced):
            self._refold()
            return False
        if replaced is not None and _is_silent(replaced):
            replaced = None
        if fact.void and replaced is None:
            return True
        if replaced is None and self._append(fact):
            return True
        if not self._judge_suffix(fact, replaced):
            self._refold()
        return False

    def _concerns_all(self, fact: Fact, replaced: Fact | None) -> bool:
        """Tell whether a fact changes the setting of the course: an ending, reviews, voids."""
        if CLOSURE in self.history.facts:
            return True
        if isinstance(fact, Review) and not self._has_reviews:
            return True
        voids = fact.void or (replaced is not None and replaced.void)
        return voids and (self._has_reviews or (replaced is not None and not _is_silent(replaced)))

    def _append(self, fact: Fact) -> bool:
        """Take one step further, if the fact comes after all that was judged."""
        earlier = self._timeline.fork() if self._timeline.opens_session(fact) else None
        moment = self._timeline.append(fact)
        if moment is None:
            return True
        if isinstance(moment, bool) or moment[:3] <= self._course.position:
            return False
        if earlier is not None:
            self._remember(earlier)
        self._moments.append(moment)
        self._course.step(moment)
        self._course.advance(self.clock)
        return True

    def _remember(self, timeline: Timeline) -> None:
        """Keep the course as it stands between two sessions, to judge anew from there."""
        if len(self._marks) == MARKS:
            del self._marks[0]
        self._marks.append(_Mark(len(self._moments), self._course.fork(), timeline))

    def _judge_suffix(self, fact: Fact, replaced: Fact | None) -> bool:
        """Judge anew from the latest remembered course that a change leaves as it is, if any."""
        while self._marks:
            mark = self._marks[-1]
            facts = [moment.fact for moment in self._moments[mark.judged :]]
            if replaced is None or any(one is replaced for one in facts):
                facts = [one for one in facts if one is not replaced]
                timeline = mark.timeline.fork()
                moments = timeline.extend([*facts, fact])
                if moments is not None and (
                    not moments or moments[0][:3] > mark.course.position
                ):
                    self._timeline, self._course = timeline, mark.course.fork()
                    self._moments[mark.judged :] = moments
                    for moment in moments:
                        self._course.step(moment)
                    self._course.advance(self.clock)
                    return True
            self._marks.pop()
        return False

    def _refold(self) -> None:
        """Judge everything anew."""
        self._marks = []
        self._timeline = Timeline()
        moments = self._timeline.rebuild(self.history.facts.values())
        self._course = Course(self.name, self.catalogue, self._new_setting())
        self._moments = []
        last = self._timeline.last_sessions(MARKS)
        for moment in moments:
            if moment.session in last and moment.session not in self._course.by_key:
                self._remember(self._timeline.without(last))
                last = last[1:]
            self._moments.append(moment)
            self._course.step(moment)
        self._course.advance(self.clock)

    def _new_setting(self) -> Setting:
        facts = self.history.facts.values()
        end = planned_ending(facts)
        last: frozenset[str] = frozenset()
        if end is not None:
            places = sorted((p, key) for key, p in self._timeline.places.items() if p <= end)
            last = frozenset(key for _, key in places[-LAST_SESSIONS:])
        self._has_reviews = any(isinstance(fact, Review) for fact in facts)
        voided = [(f.name, f.time) for f in facts if f.void] if self._has_reviews else []
        return Setting(last, truncated=self.history.cut is not None, voided=sorted(voided))

    def _erase(self, time: Microseconds) -> None:
        self.erased = time
        self.history = History()
        self._refold()
        self._register = Register({}, self._course)


def _erases(fact: Fact) -> bool:
    """Tell whether ``fact`` erases its case: for good, whatever version comes or came later."""
    return isinstance(fact, Closure) and fact.ending == "erased" and not fact.void


def _is_silent(fact: Fact) -> bool:
    """Tell whether a version of a fact had no moment: it can be replaced without judging again."""
    return fact.void or (isinstance(fact, Appointment) and fact.status == "booked")
