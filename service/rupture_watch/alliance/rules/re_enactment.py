"""Corrective experience, continued: the same thing again, and leaving before it can happen."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.facts import Closure
from rupture_watch.alliance.findings import WATCH, Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.rules.rule import Clause, Rule
from rupture_watch.alliance.wording import day, days_listed, number

if TYPE_CHECKING:
    from rupture_watch.alliance.alerts import Alert
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Point

ACKNOWLEDGED = "Clears when a clinician acknowledges it, or after 28 days."
NAMED_TYPES = frozenset({RuptureType.WITHDRAWAL, RuptureType.CONFRONTATION, RuptureType.FRAME})


class ReEnactment(Rule):
    """J4: the same kind of rupture comes back.

    At least two rating episodes of one type that began within 12 sessions and at least 3 apart,
    each repaired or at least 2 sessions long (defaults). It amends the alert of the present
    episode, so it raises no alarm of its own and needs no strain beside that of the episodes.
    Silent where the type is unclear or mixed.
    """

    id = "J4"
    slug = "re-enactment"
    section = "Corrective experience"
    concept = "Re-enactment"
    source = Source.RATINGS
    own_limit = True
    occasions = ("client_form",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Ask whether this feels familiar, from these sessions or from elsewhere.",
        "Look at how the earlier time was repaired, and by what.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.within = self.numbers["within_sessions"]
        self.apart = self.numbers["apart_sessions"]
        self.long = self.numbers["long_sessions"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the open episode, once it has lasted, by those before it."""
        alerts = course.book.alerts
        session = course.session
        if len(alerts) < 2 or session is None or alerts[-1].ended is not None:  # noqa: PLR2004
            return None
        present = alerts[-1]
        kind = self._kind(course, present)
        began = _begin(present)
        if kind is None or began is None:
            return None
        first = _session_at(course, began)
        if session.number - first + 1 < self.long:
            return None
        earlier = [
            other
            for other in alerts[:-1]
            if self._kind(course, other) is kind
            and (start := _begin(other)) is not None
            and self.apart <= first - _session_at(course, start) <= self.within
            and self._counts(course, other)
        ]
        if not earlier:
            return None
        begins = [*(one.first.trigger.time for one in earlier), present.first.trigger.time]
        statement = (
            f"This is the {'second' if len(earlier) == 1 else 'latest'} fall of this kind within"
            f" {self.within} sessions ({days_listed(begins)})."
        )
        evidence = tuple(
            Evidence(one.first.trigger.fact, one.first.trigger.time, "episode", 1.0)
            for one in (*earlier, present)
        )
        clause = Clause(self.source, self.clears, factual=False, type=kind)
        return self.finding(course, statement, evidence, clause=clause)

    def is_told(self, course: Course) -> bool:
        """Each of the episodes was told under strain: their repetition needs no more."""
        return course.book.open is not None

    def _kind(self, course: Course, alert: Alert) -> RuptureType | None:
        """Return the type of a rating episode, or None for an alert that is none."""
        if not any(one.clears is Clears.SCORE and one.severity >= WATCH for one in alert.findings):
            return None
        kind = alert.rupture_type(course.rules.ruleset.terms.independent_window)
        return kind if kind in NAMED_TYPES else None

    def _counts(self, course: Course, alert: Alert) -> bool:
        if alert.state == "repaired":
            return True
        began = _begin(alert)
        if began is None or alert.ended is None:
            return False
        length = _session_at(course, alert.ended) - _session_at(course, began) + 1
        return bool(length >= self.long)


class ExpectingFailure(Rule):
    """J5: a low rating, and then the client leaves.

    Total z < -1.25 in the last session or one of the two before it, then an unplanned ending or
    ``transfer_requested`` (defaults). An ending with ``goals_met`` true is severity 2: it may be
    a good one. The finding outlives its case until it is acknowledged.
    """

    id = "J5"
    slug = "expecting-failure"
    section = "Corrective experience"
    concept = "Expecting failure"
    type = RuptureType.CONFRONTATION
    source = Source.FRAME
    factual = True
    occasions = ("closure", "frame")
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Offer a last talk, without any pressure to stay.",
        "Say what was good in the work, and that coming back is possible.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.z = self.numbers["z"]
        self.within = self.numbers["within_sessions"]
        self.good_ending = self.numbers["goals_met_severity"]

    def judge(self, course: Course) -> Finding | None:
        """Judge an ending by the last ratings before it."""
        fact = course.fact
        if isinstance(fact, Closure):
            if fact.ending != "unplanned":
                return None
        elif getattr(fact, "kind", None) != "transfer_requested":
            return None
        low = self._low(course)
        if low is None:
            return None
        good = isinstance(fact, Closure) and fact.goals_met is True
        left = (
            "The therapy ended unplanned" if isinstance(fact, Closure) else "A transfer was asked"
        )
        statement = (
            f"{left} on {day(course.now)}, after a rating of {number(low.value)} on"
            f" {day(low.time)}, usual level {number(low.deviation.mean)}."
            f"{' The goals are said to be met: possibly a good ending.' if good else ''}"
        )
        evidence = (evidence_of(low, "total"),)
        severity = self.good_ending if good else None
        return self.finding(course, statement, evidence, severity=severity)

    def _low(self, course: Course) -> Point | None:
        for session in reversed(course.sessions[-self.within - 1 :]):
            for rated in session.client:
                point = rated.points.get("total")
                if (
                    point is not None
                    and point.deviation.z < self.z
                    and point.deviation.prior_ratings >= course.engine["judged_from"]
                ):
                    return point
        return None


def _begin(alert: Alert) -> Microseconds | None:
    """Return when the fall of an alert's episode began."""
    falls = [
        one.trigger.at
        for one in alert.findings
        if one.clears is Clears.SCORE and one.severity >= WATCH
    ]
    return min(falls, default=None)


def _session_at(course: Course, time: Microseconds) -> int:
    """Return the number of the newest session that had begun by ``time``."""
    return bisect_right([session.place for session in course.sessions], time)
