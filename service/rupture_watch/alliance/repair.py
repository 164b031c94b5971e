"""What ends a finding, and with the last one its alert: repair, a step done, time, a clinician."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from rupture_watch.alliance.alerts import Alert, Resolution, recovering
from rupture_watch.alliance.findings import (
    DISCUSS,
    WATCH,
    Clears,
    Finding,
    Status,
)
from rupture_watch.alliance.setting import Due

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Closure, FrameFact, Microseconds, Note
    from rupture_watch.alliance.sessions import Rated, Session

HALF = 0.5

_Opening: TypeAlias = tuple[int, int]
"""Which alert, and how often it had been opened again."""


class Repair:
    """Follows the open alert of the course that is given with each call towards its end."""

    __slots__ = ("_base", "_moved", "_troubled")

    def __init__(self) -> None:
        """Follow nothing yet."""
        self._base: dict[_Opening, Microseconds] = {}
        self._moved = False
        self._troubled: set[tuple[_Opening, str]] = set()

    def fork(self) -> Repair:
        """Return an equal follow-up for a fork of the course."""
        other = Repair()
        other._base, other._troubled = self._base.copy(), self._troubled.copy()
        return other

    def is_episode(self, course: Course, instrument: str, respondent: str) -> bool:
        """Tell whether a fall of this instrument's ratings is not yet repaired."""
        alert = course.book.open
        if alert is None:
            return False
        return any(
            finding.watch is not None
            and finding.watch.key[:2] == (instrument, respondent)
            and finding.severity >= WATCH
            for finding in recovering(alert, Clears.SCORE)
        )

    def opened_or_grew(self, course: Course, alert: Alert | None, finding: Finding) -> None:
        """Start the clocks of an alert that a finding opened or changed."""
        if alert is None or finding.severity < WATCH:
            return
        terms = course.rules.ruleset.terms
        index = len(course.book.alerts) - 1
        if finding.clears is Clears.EVENT:
            due = Due("expiry", finding.trigger, (index, len(alert.findings) - 1))
            course.after(terms.event_expiry, due, finding.trigger.at)
        elif finding.clears is Clears.SCORE:
            due = Due("unrepaired", finding.trigger, (index, len(alert.findings) - 1))
            course.after(terms.unrepaired_after, due, finding.trigger.at)
        opening = (index, alert.reopenings)
        severe = alert.severity(terms.independent_window) >= DISCUSS
        if severe and opening not in self._base and not alert.historic:
            trigger = finding.trigger
            base = max(course.now, trigger.at, trigger.recorded)
            self._base[opening] = base
            course.after(terms.unacknowledged_after, Due("unacknowledged", trigger, opening), base)

    def due(self, course: Course, due: Due) -> None:
        """Act on something that became due: expiry, unrepaired, unacknowledged."""
        if due.kind == "unacknowledged":
            self._unacknowledged(course, due.subject)
        elif due.kind in ("expiry", "unrepaired"):
            index, place = due.subject
            alert = course.book.alerts[index]
            finding = alert.findings[place]
            if finding.status is not Status.HOLDS or alert.ended is not None:
                return
            if due.kind == "expiry":
                self.recover(course, finding, due.trigger.fact)
                self.settle(course, "expired", due.trigger.fact, None)
            else:
                self._trouble(course, index, "unrepaired", finding)

    def session_held(self, course: Course, session: Session) -> None:
        """Note that a session was held: an unread alert has had its time, a client came again."""
        alert = course.book.open
        if alert is None:
            return
        opening = (len(course.book.alerts) - 1, alert.reopenings)
        base = self._base.get(opening)
        if base is not None and session.place > base:
            self._unacknowledged(course, opening)
        kept = course.outcomes.last(2)
        if len(kept) == 2 and all(one.fact.status == "attended" for one in kept):  # noqa: PLR2004
            for finding in recovering(alert, Clears.KEPT):
                if kept[0].start > finding.trigger.at:
                    self.recover(course, finding, session.name)
            self.settle(course, "recovered", session.name, session.key)

    def rated(self, course: Course, rated: Rated) -> None:
        """Look whether a client's form regains what was lost."""
        alert = course.book.open
        if alert is None:
            return
        form = rated.form
        for finding in list(recovering(alert, Clears.FORM)):
            if finding.trigger.at < course.now:
                self.recover(course, finding, form.name)
        for finding in list(recovering(alert, Clears.VOICED)):
            if finding.trigger.fact != form.name and self._is_in_band(rated):
                self.recover(course, finding, form.name)
        outcome = "recovered"
        for finding in list(recovering(alert, Clears.SCORE)):
            if finding.severity >= WATCH and finding.trigger.fact != form.name:
                outcome = self._regained(course, alert, finding, rated) or outcome
        self.settle(course, outcome, form.name, form.session_id)

    def _regained(self, course: Course, alert: Alert, finding: Finding, rated: Rated) -> str | None:
        terms = course.rules.ruleset.terms
        watch = finding.watch
        if watch is None or watch.key[:2] != (rated.form.instrument, rated.form.respondent):
            return None
        point = rated.points.get(watch.key[2])
        if point is None:
            return None
        finding.rated_since += 1
        value, level, low = (x * watch.sign for x in (point.value, watch.level, finding.low or 0.0))
        in_band = value >= level - watch.spread and value - low >= HALF * (level - low)
        if in_band and not self._jumped(course, finding, rated):
            self.recover(course, finding, rated.form.name)
            return None
        finding.low = min(value, low) * watch.sign
        if finding.rated_since == terms.unrepaired_ratings:
            self._trouble(course, len(course.book.alerts) - 1, "unrepaired", finding)
        elif finding.rated_since >= terms.close_ratings:
            self.recover(course, finding, rated.form.name)
            course.restart_series(*watch.key[:2])
            alert.outcome = "unrepaired"
            return "unrepaired"
        return None

    def _jumped(self, course: Course, finding: Finding, rated: Rated) -> bool:
        """Tell whether the score leapt from the low to its ceiling with nothing talked over."""
        watch = finding.watch
        if watch is None:
            return False
        series = course.series[watch.key]
        if not series.at_ceiling(rated.points[watch.key[2]].value) or len(series.points) < 2:  # noqa: PLR2004
            return False
        before = series.points[-2]
        if before.deviation.z > course.engine["jump_z"]:
            return False
        return not any(
            note.alliance_discussed and before.time <= note.time for note in course.notes
        )

    def _is_in_band(self, rated: Rated) -> bool:
        if rated.scores.at_ceiling:
            return False
        point = rated.points.get("total") or rated.points.get("bond")
        return point is not None and abs(point.deviation.z) <= 1.0

    def step_done(self, course: Course, fact: FrameFact) -> None:
        """Let missing steps recover that this fact completes."""
        alert = course.book.open
        if alert is None:
            return
        for finding in list(recovering(alert, Clears.STEP)):
            rule = course.rules.by_id[finding.rule]
            if fact.kind in finding.steps and rule.is_done_by(finding, fact):
                self.recover(course, finding, fact.name)
        self.settle(course, "step_done", fact.name, None)

    def noted(self, course: Course, note: Note) -> None:
        """Let what a session's tags answer recover: an alliance talk, a link to the goals."""
        alert = course.book.open
        if alert is None or not (note.alliance_discussed or note.goal_linked):
            return
        for finding in list(recovering(alert, Clears.VOICED)):
            if note.alliance_discussed:
                self.recover(course, finding, note.name)
        for finding in list(recovering(alert, Clears.STEP)):
            if note.goal_linked and "goal_linked" in finding.steps:
                self.recover(course, finding, note.name)
        self.settle(course, "recovered", note.name, note.session_id)

    def load_decayed(self, course: Course) -> None:
        """Let frame-load findings recover once the load is low again."""
        alert = course.book.open
        fact = course.fact
        if alert is None or fact is None:
            return
        waiting = [f for f in recovering(alert, Clears.LOAD) if f.trigger.at < course.now]
        if waiting and course.load.at(course.now) < course.engine["load_clears"]:
            for finding in waiting:
                self.recover(course, finding, fact.name)
            self.settle(course, "recovered", fact.name, getattr(fact, "session_id", None))

    def case_closed(self, course: Course, closure: Closure) -> None:
        """Close the open alert with its case; a finding of the ending itself keeps it open."""
        alert = course.book.open
        if alert is None:
            return
        if any(f.rule == "J5" and f.status is Status.HOLDS for f in alert.findings):
            for finding in alert.holding():
                if finding.rule != "J5":
                    self.recover(course, finding, closure.name)
            return
        course.changes += 1
        course.book.end(alert, "closed", "case_closed", course.now, course.now)

    def _unacknowledged(self, course: Course, opening: _Opening) -> None:
        index, reopenings = opening
        alert = course.book.alerts[index]
        if alert.reopenings == reopenings and not alert.acknowledged and alert.ended is None:
            self._trouble(course, index, "unacknowledged")

    def _trouble(
        self, course: Course, index: int, reason: str, concerned: Finding | None = None
    ) -> None:
        """Raise the alert by one, once per cause."""
        alert = course.book.alerts[index]
        rule = course.rules.troubleshoot
        cause = (index, alert.reopenings), reason
        if rule is None or alert.historic or cause in self._troubled:
            return
        self._troubled.add(cause)
        course.changes += 1
        course.book.troubleshoot(alert, rule.about(course, alert, reason, concerned), reason)

    def recover(self, course: Course, finding: Finding, fact: str) -> None:
        """Let a finding recover; a note stays what it was, for nobody waits for its end."""
        if finding.severity < WATCH:
            return
        course.changes += 1
        self._moved = True
        finding.status = Status.RECOVERED
        finding.ended_by = fact

    def settle(self, course: Course, reason: str, fact: str, session_id: str | None) -> None:
        """End the open alert if nothing holds any more, else say that a part recovered."""
        if not self._moved:
            return
        self._moved = False
        resolution = Resolution(fact, session_id, course.told)
        if course.book.settle(reason, resolution, course.now) is not None:
            course.series.end_episode()
        elif (alert := course.book.open) is not None:
            alert.touch(reason, course.told)
