"""Trust, continued: a steady schedule, and a therapist who stays."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.facts import DAY, Appointment, FrameFact
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.frame_load import PRACTICAL_REASONS, is_halved
from rupture_watch.alliance.rules.frame import FrameRule
from rupture_watch.alliance.rules.rating import fall, judged
from rupture_watch.alliance.rules.rule import Clause, Rule
from rupture_watch.alliance.wording import FRAME_WORDS, day, days_listed, listed, number

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.sessions import Outcome

TOLD_SHARE = 0.5
"""Breaks with less than half a point left are not worth a word."""


class FrameViolations(FrameRule):
    """I3: the frame was broken several times, or once badly.

    Frame load (28-day half-life) at least 3, from 5 on severity 3; a single weight of at least 4
    is severity 3 at once; or the provider cancelled at least two of the last six appointments
    (practical reasons and shared causes count half). Weights and limits are defaults.
    """

    id = "I3"
    slug = "frame-violations"
    concept = "Scheduling and the steadiness of the frame"
    occasions = ("appointment", "frame", "session", "due_session_over")
    clears = Clears.LOAD
    clears_when = "Clears when the frame has been steady for some weeks (load below 2)."
    considerations: ClassVar = (
        "Say openly that the frame has been unsteady, and ask how that has been.",
        "Agree on what will be kept steady from here on.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.load = self.numbers["load"]
        self.heavy_load = self.numbers["heavy_load"]
        self.heavy_weight = self.numbers["heavy_weight"]
        self.heavy_severity = self.numbers["heavy_severity"]
        self.cancelled = self.numbers["provider_cancelled"]
        self.of_last = self.numbers["of_last"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the load when a break was added, or the provider's cancellations."""
        breaks = course.load.breaks
        if not breaks or breaks[-1].time != course.now:
            return None
        name = course.trigger().fact
        newest = [one for one in breaks if one.time == course.now and one.fact == name]
        if not newest:
            return None
        load = course.load.at(course.now)
        heavy = any(one.weight >= self.heavy_weight for one in newest)
        if load >= self.load or heavy:
            severe = heavy or load >= self.heavy_load
            return self._loaded(course, load, self.heavy_severity if severe else None)
        if course.outcome is None or not _is_cancelled_by_provider(course.outcome):
            return None
        recent = course.outcomes.last(self.of_last)
        cancelled = [one for one in recent if _is_cancelled_by_provider(one)]
        if sum(_provider_share(one) for one in cancelled) < self.cancelled:
            return None
        return self._cancelled(course, cancelled, len(recent))

    def _loaded(self, course: Course, load: float, severity: int | None) -> Finding:
        told = [
            one for one in course.load.breaks if course.load.share(one, course.now) >= TOLD_SHARE
        ]
        parts = [f"{FRAME_WORDS[one.label]} ({day(one.time)})" for one in told]
        statement = f"The frame was unsteady: {listed(parts)}."
        evidence = (
            Evidence(course.trigger().fact, course.now, "frame_load", round(load, 2)),
            *(Evidence(one.fact, one.time, one.label, round(one.weight, 2)) for one in told),
        )
        return self.finding(course, statement, evidence, severity=severity)

    def _cancelled(self, course: Course, cancelled: list[Outcome], of_last: int) -> Finding:
        statement = (
            f"The clinic cancelled {len(cancelled)} of the last {of_last} appointments"
            f" ({days_listed([one.start for one in cancelled])})."
        )
        evidence = tuple(
            Evidence(one.fact.name, one.start, "provider_cancel", _provider_share(one))
            for one in cancelled
        )
        return self.finding(course, statement, evidence)


class StrengthAndStability(Rule):
    """I7: the therapist's steadiness, as the client may meet it.

    The provider cancels or is at least 5 minutes late in at least three of six appointments
    (practical reasons and shared causes count half); the therapist's own form falls three times
    in a row by at least 1.5 own SD in all (source therapist_form); the therapist changed without
    a handover (a single event; silent where nothing is said of one). The first two can happen by
    chance. Limits are defaults.
    """

    id = "I7"
    slug = "strength-and-stability"
    section = "Trust"
    concept = "Strength and stability"
    type = RuptureType.FRAME
    source = Source.ATTENDANCE
    occasions = ("appointment", "therapist_form", "frame")
    clears = Clears.KEPT
    clears_when = "Clears when two appointments in a row are kept as agreed."
    considerations: ClassVar = (
        "Ask how the changes of the last weeks have been for the client.",
        "Consider what support the treatment needs just now.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.unsteady = self.numbers["unsteady"]
        self.of_last = self.numbers["of_last"]
        self.late = self.numbers["late_minutes"]
        self.falls = self.numbers["falls"]
        self.total_spreads = self.numbers["total_spreads"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the present appointment, therapist's form or change of therapist."""
        if course.rated is not None:
            return self._own_form(course)
        fact = course.fact
        if isinstance(fact, FrameFact):
            return self._changed(course, fact)
        return self._appointments(course)

    def _changed(self, course: Course, fact: FrameFact) -> Finding | None:
        if fact.kind != "therapist_changed" or fact.handover is not False:
            return None
        statement = f"The therapist changed on {day(course.now)} without a recorded handover."
        evidence = (Evidence(fact.name, course.now, "event", 1.0),)
        clause = Clause(Source.FRAME, Clears.EVENT, factual=True)
        return self.finding(course, statement, evidence, clause=clause)

    def _appointments(self, course: Course) -> Finding | None:
        if course.outcome is None or not self._is_unsteady(course.outcome):
            return None
        recent = course.outcomes.last(self.of_last)
        unsteady = [one for one in recent if self._is_unsteady(one)]
        if sum(_provider_share(one) for one in unsteady) < self.unsteady:
            return None
        statement = (
            f"Of the last {len(recent)} appointments {len(unsteady)} were cancelled by the clinic"
            f" or began late ({days_listed([one.start for one in unsteady])})."
        )
        evidence = tuple(
            Evidence(one.fact.name, one.start, "cancelled_or_late", _provider_share(one))
            for one in unsteady
        )
        return self.finding(course, statement, evidence)

    def _is_unsteady(self, one: Outcome) -> bool:
        late = one.fact.status == "attended" and (one.fact.provider_late_minutes or 0) >= self.late
        return late or _is_cancelled_by_provider(one)

    def _own_form(self, course: Course) -> Finding | None:
        point = judged(course, "total")
        if point is None:
            return None
        run = course.series_of("total").points[-(self.falls + 1) :]
        falling = len(run) > self.falls and all(
            later.value < earlier.value for earlier, later in pairwise(run)
        )
        if not falling or fall(run[0], point) < self.total_spreads * point.deviation.spread:
            return None
        values = listed([number(one.value) for one in run])
        statement = (
            f"The therapist's own form went {values} ({days_listed([one.time for one in run])})."
        )
        evidence = tuple(evidence_of(one, "therapist_total") for one in run)
        clause = Clause(Source.THERAPIST_FORM, Clears.KEPT, factual=False)
        return self.finding(course, statement, evidence, clause=clause)


class TooMuchToHandle(FrameRule):
    """I8: after something hard to hear the clinic steps back; a single event.

    The provider cuts a session short by at least 5 minutes, or cancels, within 7 days after a
    complaint or a session with total z < -2 (defaults). Illness, holiday and closures: severity 2.
    """

    id = "I8"
    slug = "too-much-to-handle"
    concept = "Too much to handle"
    occasions = ("appointment",)
    considerations: ClassVar = (
        "Say plainly why it happened, and that what the client said is welcome.",
        "Offer another time soon, and keep it.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.cut = self.numbers["cut_short_minutes"]
        self.window = self.numbers["days"] * DAY
        self.z = self.numbers["z"]
        self.practical = self.numbers["practical_severity"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the present appointment by what the client said in the days before."""
        fact, outcome = course.fact, course.outcome
        if outcome is None or not isinstance(fact, Appointment):
            return None
        cut = (
            fact.status == "attended"
            and (fact.overrun_minutes or 0) <= -self.cut
            and fact.ended_by == "provider"
        )
        if not cut and not _is_cancelled_by_provider(outcome):
            return None
        said = self._hard_to_hear(course)
        if said is None:
            return None
        done = "cut short" if cut else "cancelled by the clinic"
        statement = (
            f"An appointment was {done} on {day(course.now)}, soon after"
            f" {said[0]} on {day(said[1].time)}."
        )
        label = "cut_short" if cut else "provider_cancel"
        evidence = (Evidence(fact.name, course.now, label, 1.0), said[1])
        severity = self.practical if is_halved(fact) else None
        return self.finding(course, statement, evidence, severity=severity)

    def _hard_to_hear(self, course: Course) -> tuple[str, Evidence] | None:
        since = course.now - self.window
        complaints = course.frame.get("complaint", ())
        if complaints and complaints[-1].time >= since:
            said = complaints[-1]
            return "a complaint", Evidence(said.name, said.time, said.kind, 1.0)
        for session in reversed(course.sessions):
            if session.place < since:
                break
            for rated in session.client:
                point = rated.points.get("total")
                if (
                    point is not None
                    and point.deviation.z < self.z
                    and point.deviation.prior_ratings >= course.engine["judged_from"]
                ):
                    return f"a rating of {number(point.value)}", evidence_of(point, "total")
        return None


def _is_cancelled_by_provider(one: Outcome) -> bool:
    return one.fact.status == "cancelled" and one.fact.initiator == "provider"


def _provider_share(one: Outcome) -> float:
    """Return how much an appointment counts on the provider's side: half where nobody chose it."""
    practical = one.fact.shared_cause or one.fact.reason_code in PRACTICAL_REASONS
    return 0.5 if practical else 1.0
