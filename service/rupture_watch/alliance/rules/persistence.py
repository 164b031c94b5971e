"""Conclusion: troubleshooting, quiet withdrawal and attendance."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from statistics import stdev
from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import trigger_of
from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.findings import (
    NOTE,
    SAME_DAY,
    Clears,
    Evidence,
    Finding,
    RuptureType,
    Source,
)
from rupture_watch.alliance.rules.beta import beta_tail
from rupture_watch.alliance.rules.rule import Rule
from rupture_watch.alliance.timeline import session_key
from rupture_watch.alliance.wording import day, number, times_said

if TYPE_CHECKING:
    from rupture_watch.alliance.alerts import Alert
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.sessions import Outcome, Session


class Troubleshoot(Rule):
    """K2: an alert stays without an answer, or a fall without repair: one step more, once each.

    Severity 3 or more unacknowledged for 7 days or past the next session held; a rating episode
    unrepaired after 3 rated sessions or 28 days. It amends the alert that it concerns and opens
    none.
    """

    id = "K2"
    slug = "troubleshoot"
    section = "Conclusion"
    concept = "To troubleshoot"
    source = Source.RATINGS
    occasions = ()
    clears = Clears.NEVER
    clears_when = "Ends with the alert."
    considerations: ClassVar = ("Bring the case to supervision or to a colleague.",)

    def about(
        self, course: Course, alert: Alert, reason: str, concerned: Finding | None
    ) -> Finding:
        """Return the finding that amends ``alert``; ``concerned`` is what was not regained."""
        lead = concerned or max(
            alert.holding() or alert.findings, key=lambda one: (one.severity, one.order)
        )
        trigger = lead.trigger._replace(time=course.now, at=course.now)
        statement = {
            "unacknowledged": f"Open since {day(alert.first.trigger.time)} and not yet answered.",
            "unrepaired": f"Not regained since {day(lead.trigger.time)}.",
        }[reason]
        evidence = (Evidence(trigger.fact, course.now, reason, 1.0),)
        return Finding(
            rule=self.id,
            type=lead.type,
            source=lead.source,
            severity=min(SAME_DAY, lead.severity + 1),
            trigger=trigger,
            evidence=evidence,
            statement=statement,
            clears=self.clears,
        )


class QuietWithdrawal(Rule):
    """K3: the ratings go flat while the client comes and answers less.

    The SD of the last 4 totals is below half of the earlier SD, and within the last 4
    appointments there are a client miss and a session whose form is missing; silent while another
    finding of severity 2 from ratings holds, and until the case has shown one form. Judged when a
    form turns out to be missing and at a client's miss; its trigger is the appointment whose form
    is missing. Limits are defaults.
    """

    id = "K3"
    slug = "quiet-withdrawal"
    section = "Conclusion"
    concept = "Quiet withdrawal"
    type = RuptureType.WITHDRAWAL
    source = Source.RATINGS
    occasions = ("form_missing", "appointment")
    clears = Clears.FORM
    clears_when = "Clears when the client fills the form again."
    considerations: ClassVar = (
        "Say that the client has been missed, and ask how the sessions have been lately.",
        "Make room for what is hard to say, before it is asked for.",
        "Check first whether something practical explains it.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.totals = self.numbers["totals"]
        self.earlier = self.numbers["earlier_totals"]
        self.spread_share = self.numbers["spread_share"]
        self.of_last = self.numbers["of_last"]

    def judge(self, course: Course) -> Finding | None:
        """Judge a missing form or a miss together with the other and the ratings before."""
        if course.due is None and not (course.outcome and course.outcome.is_client_miss):
            return None
        recent = course.outcomes.until(course.now, self.of_last)
        missed = [one for one in recent if one.is_client_miss]
        missing = self._missing_form(course, recent)
        if not missed or missing is None or missing.appointment is None:
            return None
        flat = self._flat(course)
        if flat is None or self._is_told_otherwise(course):
            return None
        spread, before = flat
        statement = (
            f"Ratings have varied little lately (spread {number(spread)}, before"
            f" {number(before)}); one appointment was missed ({day(missed[-1].start)}) and no form"
            f" came from the session of {day(missing.place)}."
        )
        trigger = trigger_of(missing.appointment, course.now)
        evidence = (
            Evidence(trigger.fact, missing.place, "form_missing", 1.0),
            Evidence(missed[-1].fact.name, missed[-1].start, missed[-1].fact.status, 1.0),
            Evidence(trigger.fact, course.now, "spread", round(spread, 2), round(before, 2)),
        )
        return replace(self.finding(course, statement, evidence), trigger=trigger)

    def _missing_form(self, course: Course, recent: list[Outcome]) -> Session | None:
        """Return the newest of the recent sessions whose form is known to be missing."""
        patience = int(course.engine["form_missing_days"] * DAY)
        for one in reversed(recent):
            if one.fact.status != "attended" or one.start + patience > course.now:
                continue
            session = course.by_key.get(session_key(one.fact))
            if session is not None and not session.client:
                return session
        return None

    def _flat(self, course: Course) -> tuple[float, float] | None:
        """Return the spread of the newest totals and the one before, where it has halved."""
        rated = course.last_rated(1)
        if not rated:
            return None
        for one in rated[0].client:
            if "total" not in one.points:
                continue
            points = course.series[(one.form.instrument, "client", "total")].points
            values = [point.value for point in points]
            recent, earlier = values[-self.totals :], values[: -self.totals]
            if len(recent) < self.totals or len(earlier) < self.earlier:
                continue
            spread, before = stdev(recent), stdev(earlier)
            if spread < self.spread_share * before:
                return spread, before
        return None

    def _is_told_otherwise(self, course: Course) -> bool:
        alert = course.book.open
        return alert is not None and any(
            one.source is Source.RATINGS and one.rule != self.id for one in alert.holding()
        )


class Attendance(Rule):
    """K4: the client stays away more often than people do.

    A client no-show before session 3 is a note, severity 2 with a rating or missing-form finding
    within 14 days. Later: posterior of the client's own no-show rate, Beta(10 p, 10 (1 - p)) with
    p = .12 (default), P(rate > 2 p) >= .8. Cancellations do not count.
    """

    id = "K4"
    slug = "attendance"
    section = "Conclusion"
    concept = "Attendance"
    type = RuptureType.WITHDRAWAL
    source = Source.ATTENDANCE
    occasions = ("appointment",)
    clears = Clears.KEPT
    clears_when = "Clears when two appointments in a row are kept."
    considerations: ClassVar = (
        "Reach out, and make it easy to come back.",
        "Ask what makes coming hard, in practice and otherwise.",
    )

    def prepare(self) -> None:
        """Bind the prior and the limits."""
        self.rate = self.numbers["rate"]
        self.weight = self.numbers["prior_weight"]
        self.sure = self.numbers["probability"]
        self.early = self.numbers["early_sessions"]
        self.window = self.numbers["early_window_days"] * DAY

    def judge(self, course: Course) -> Finding | None:
        """Judge the present no-show."""
        if course.outcome is None or not course.outcome.is_client_no_show:
            return None
        past = [one for one in course.outcomes.all if one.start <= course.now]
        missed = [one for one in past if one.is_client_no_show]
        kept = sum(one.fact.status == "attended" for one in past)
        evidence = tuple(Evidence(one.fact.name, one.start, "no_show", 1.0) for one in missed[-4:])
        if len(course.sessions) < self.early and not course.setting.truncated:
            near = self._rating_findings(course)
            statement = (
                f"The client did not come on {day(course.now)}, before session {self.early}."
            )
            return self.finding(
                course, statement, evidence, severity=self.severity if near else NOTE
            )
        tail = beta_tail(
            2 * self.rate,
            self.weight * self.rate + len(missed),
            self.weight * (1 - self.rate) + kept,
        )
        if tail < self.sure:
            return None
        statement = (
            f"The client did not come {times_said(len(missed))} in"
            f" {len(missed) + kept} appointments, last on {day(course.now)}."
        )
        return self.finding(course, statement, evidence)

    def _rating_findings(self, course: Course) -> bool:
        last = course.book.alerts[-1].findings if course.book.alerts else ()
        return any(
            one.source is Source.RATINGS and course.now - one.trigger.at <= self.window
            for one in chain(course.book.notes, last)
        )
