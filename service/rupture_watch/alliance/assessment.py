"""One case: its facts, what follows from them, and what the world has been told.

The standing follows from the set of facts and the clock alone; only the revisions of alert events
depend on the order of arrival.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.alliance.course import Course
from rupture_watch.alliance.facts import (
    DAY,
    Closure,
    Fact,
)
from rupture_watch.alliance.history import History, Taken
from rupture_watch.alliance.judging import Judging, is_silent
from rupture_watch.alliance.standing import Content, content_of, in_short, instant, notes_of
from rupture_watch.alliance.telling import AlertEvent, Cause, Register, Told
from rupture_watch.alliance.timeline import Timeline
from rupture_watch.alliance.trace import Trace

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.rules.catalogue import Catalogue

ERASURE_REMEMBERED = 35 * DAY
"""As long as events of an erased case may still arrive (the longest lateness limit)."""
BEGINNING: Microseconds = -(2**63)


class Case:
    """The assessment of one case; everything else follows from its facts, clock and register.

    ``clock`` is how far the silence rules have been let run; ``erased`` when the case was erased:
    facts of it that still arrive are then forgotten.
    """

    __slots__ = ("_judging", "_register", "catalogue", "erased", "history", "name")

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
        self.erased = erased
        self._judging = Judging(name, catalogue, self.history, clock)
        self._register = Register(told or {}, self.course)

    @property
    def told(self) -> dict[str, Told]:
        """Return what was published, by alert id."""
        return self._register.told

    @property
    def course(self) -> Course:
        """Return the course as judged so far."""
        return self._judging.course

    @property
    def clock(self) -> Microseconds:
        """Return how far the silence rules have been let run."""
        return self._judging.clock

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
        before, self._judging.clock = self.clock, time
        if self.erased is not None:
            return []
        changes = self.course.changes
        try:
            self.course.advance(time)
        except Exception:
            self._judging.clock = before
            raise
        if self.course.changes == changes:
            return []
        return self._register.tell(self.course, Cause(None, None, in_order=True, now=time))

    def again(self) -> Case:
        """Return the case taken up anew from its facts."""
        return Case(self.name, self.catalogue, self.history, self.clock, self.told, self.erased)

    @property
    def next_due(self) -> Microseconds | None:
        """Return when time alone would change something, or None."""
        if self.erased is not None:
            return None if self.is_gone else self.erased + ERASURE_REMEMBERED
        return self.course.next_due

    @property
    def is_gone(self) -> bool:
        """Tell whether an erased case may be forgotten altogether."""
        return self.erased is not None and self.clock >= self.erased + ERASURE_REMEMBERED

    def standing(self) -> Content:
        """Return the standing: every alert the facts support, notes and counts."""
        return {
            "case": self.name,
            "alerts": [content_of(alert, self.course) for alert in self.course.book.alerts],
            "notes": notes_of(self.course),
            "counts": self._counts(),
        }

    def summary(self) -> Content:
        """Return in short what is open, how much is known, and when the case was last seen."""
        course = self.course
        alert = course.book.open
        times = [fact.time for fact in self.history.facts.values() if not fact.void]
        return {
            "case": self.name,
            "open_alerts": [] if alert is None or alert.historic else [in_short(alert, course)],
            "counts": self._counts(),
            "last_seen": instant(max(times)) if times else None,
        }

    def _counts(self) -> dict[str, int]:
        sessions = self.course.sessions
        return {
            "facts": sum(not fact.void for fact in self.history.facts.values()),
            "sessions": len(sessions),
            "rated_sessions": sum(bool(session.client) for session in sessions),
        }

    def trace(self) -> list[Content]:
        """Return one line for every judged fact of the final history, in order."""
        course = Course(self.name, self.catalogue, self._judging.setting())
        course.trace = Trace()
        for moment in Timeline().rebuild(self.history.facts.values()):
            course.step(moment)
        course.advance(self.clock)
        return course.trace.lines()

    def _judge(self, fact: Fact, replaced: Fact | None) -> list[AlertEvent]:
        changes = self.course.changes
        in_order = self._judging.follow(fact, replaced)
        if self.history.forget_beyond_bound():
            in_order = False
            self._judging.refold()
            self._register.forget(self.course)
        erases = _erases(fact)
        if erases and (alert := self.course.book.open) is not None:
            self.course.book.end(alert, "closed", "case_closed", fact.time, fact.time)
        if in_order and self.course.changes == changes and not erases:
            return []
        corrected = replaced if replaced is not None and not is_silent(replaced) else None
        cause = Cause(fact, corrected, in_order, self.clock)
        events = self._register.tell(self.course, cause)
        if erases:
            self._erase(fact.time)
        return events

    def _erase(self, time: Microseconds) -> None:
        self.erased = time
        self.history = History()
        self._judging = Judging(self.name, self.catalogue, self.history, self.clock)
        self._register = Register({}, self.course)


def _erases(fact: Fact) -> bool:
    """Tell whether ``fact`` erases its case: for good, whatever version comes or came later."""
    return isinstance(fact, Closure) and fact.ending == "erased" and not fact.void
