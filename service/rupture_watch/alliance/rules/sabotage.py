"""Sabotage: stepping back after progress, the habitual position, risks to oneself."""

from __future__ import annotations

from statistics import stdev
from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.rules.rating import fall
from rupture_watch.alliance.rules.rule import Rule
from rupture_watch.alliance.rules.studio_and_canvas import ACKNOWLEDGED
from rupture_watch.alliance.rules.symptoms import gain, reliable, symptom_series
from rupture_watch.alliance.timeline import session_key
from rupture_watch.alliance.wording import (
    DOMAIN_WORDS,
    day,
    days_listed,
    listed,
    number,
    times_said,
)

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Series
    from rupture_watch.alliance.sessions import Outcome


class _SabotageRule(Rule):
    """A rule of this section: the client steps back from what would help."""

    section = "Sabotage"
    type = RuptureType.WITHDRAWAL


class SelfSabotageAfterProgress(_SabotageRule):
    """G1: progress, and then the next appointment is missed; twice in eight appointments.

    A client miss (no-show, or cancelled less than 24 hours before) at the appointment after a
    session with the client's best alliance total so far (from the third prior rating on) or with
    a reliable symptom gain against the form before. Practical reasons do not count. Limits are
    defaults.
    """

    id = "G1"
    slug = "self-sabotage-after-progress"
    concept = "Self-sabotage after progress"
    source = Source.ATTENDANCE
    occasions = ("appointment",)
    clears = Clears.KEPT
    clears_when = "Clears when two appointments in a row are kept."
    considerations: ClassVar = (
        "Say what went well, and be curious about what came after it.",
        "Ask what progress asks of the client, and what it would cost.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.times = self.numbers["times"]
        self.of_last = self.numbers["of_last"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the present miss by the session before it."""
        outcome = course.outcome
        if outcome is None or not outcome.is_client_miss or not self._progressed(course, outcome):
            return None
        recent = {one.fact.name: one.start for one in course.outcomes.last(self.of_last)}
        known: tuple[str, ...] = course.memory.get(self.id, ())
        after_progress = tuple(name for name in (*known, outcome.fact.name) if name in recent)
        course.memory[self.id] = after_progress
        if len(after_progress) < self.times:
            return None
        starts = [recent[name] for name in after_progress]
        statement = (
            f"An appointment was missed right after progress {times_said(len(starts))} in the last"
            f" {len(recent)} appointments ({days_listed(starts)})."
        )
        evidence = tuple(
            Evidence(name, recent[name], "missed_after_progress", 1.0) for name in after_progress
        )
        return self.finding(course, statement, evidence)

    def _progressed(self, course: Course, outcome: Outcome) -> bool:
        every = course.outcomes.all
        place = every.index(outcome)
        before = every[place - 1].fact if place else None
        if before is None or before.status != "attended":
            return False
        session = course.by_key.get(session_key(before))
        if session is None:
            return False
        return any(
            self._is_best(course, series, session.number)
            for (_, respondent, code), series in course.series.items()
            if respondent == "client" and code == "total" and series.scale.ceiling is not None
        ) or any(self._is_gain(series, session.number) for series in symptom_series(course))

    def _is_best(self, course: Course, series: Series, session: int) -> bool:
        points = series.points
        if len(points) <= course.engine["judged_from"] or points[-1].session != session:
            return False
        return points[-1].value > max(point.value for point in points[:-1])

    def _is_gain(self, series: Series, session: int) -> bool:
        points = series.points
        if len(points) < 2 or points[-1].session != session:  # noqa: PLR2004 - a gain needs two
            return False
        return gain(series, points[-2], points[-1]) >= reliable(series)


class DefaultPosition(_SabotageRule):
    """G2: nothing moves, neither the symptoms nor the ratings.

    Over the last 8 rated sessions no reliable symptom change between any two forms, and the SD of
    the alliance total below half of the registry's s0, with none of these at the ceiling
    (defaults). Silent without two symptom forms in that time.
    """

    id = "G2"
    slug = "default-position"
    concept = "The default position"
    source = Source.RATINGS
    occasions = ("client_form",)
    reads = ("total",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Look together at what has stayed the same, and what it is good for.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.sessions = self.numbers["sessions"]
        self.spread_share = self.numbers["spread_share"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the newest ratings together with the symptoms of the same time."""
        series = course.series_of("total")
        if len(series.points) < self.sessions:
            return None
        points = series.points[-self.sessions :]
        values = [point.value for point in points]
        limit = self.spread_share * series.scale.s0
        # The SD of n values is at least their range / sqrt(2 (n - 1)): most cases end here.
        if (max(values) - min(values)) ** 2 >= 2 * (len(values) - 1) * limit**2:
            return None
        spread = stdev(values)
        if spread >= limit or any(series.at_ceiling(value) for value in values):
            return None
        still = self._is_still(course, points[0].session)
        if not still or not self.is_news(course, self.sessions):
            return None
        statement = (
            f"Over the last {len(values)} rated sessions (since {day(points[0].time)}) the ratings"
            f" stayed within a spread of {number(spread)}, and symptoms did not change reliably."
        )
        evidence = (
            evidence_of(points[-1], "total"),
            Evidence(points[-1].fact, points[-1].time, "spread", round(spread, 2), series.scale.s0),
        )
        return self.finding(course, statement, evidence)

    def _is_still(self, course: Course, since: int) -> bool:
        known = False
        for series in symptom_series(course):
            values = [point.value for point in series.points if point.session >= since]
            if len(values) > 1:
                known = True
                if round(max(values) - min(values), 6) >= reliable(series):
                    return False
        return known


class Domains(_SabotageRule):
    """G3: at least two different ``self_harmful_domains`` within 28 days (defaults).

    Said when another one joins. Silent without the tag.
    """

    id = "G3"
    slug = "domains"
    concept = "Domains of self-sabotage"
    source = Source.NOTES
    occasions = ("note",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = ("Ask where the client takes care of themselves, and where less.",)

    def prepare(self) -> None:
        """Bind the limits."""
        self.domains = self.numbers["domains"]
        self.window = self.numbers["days"] * DAY

    def judge(self, course: Course) -> Finding | None:
        """Judge the present tags together with those of the weeks before."""
        note = course.notes[-1]
        present = set(note.self_harmful_domains)
        if not present:
            return None
        before: set[str] = set()
        for one in course.notes[-2::-1]:
            session = course.by_key.get(one.session_id)
            if course.now - (one.time if session is None else session.place) > self.window:
                break
            before.update(one.self_harmful_domains)
        found = sorted(before | present)
        if len(found) < self.domains or present <= before:
            return None
        statement = (
            f"Within {self.numbers['days']} days, up to {day(course.now)}, risks the client takes"
            f" were tagged in {len(found)} domains: {listed([DOMAIN_WORDS[one] for one in found])}."
        )
        evidence = (Evidence(note.name, course.now, "domains", float(len(found))),)
        return self.finding(course, statement, evidence)


class ExternalMoralLens(_SabotageRule):
    """G4: ``shame`` is at least 2 higher than on the form before (item 1-5, default)."""

    id = "G4"
    slug = "external-moral-lens"
    concept = "The external moral lens"
    source = Source.RATINGS
    occasions = ("client_form",)
    reads = ("shame",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = ("Ask by whose measure the client looks at themselves just now.",)

    def prepare(self) -> None:
        """Bind the limit."""
        self.rise = self.numbers["rise"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the item on the present form."""
        points = course.series_of("shame").points
        if len(points) < 2 or -fall(points[-2], points[-1]) < self.rise:  # noqa: PLR2004 - a rise
            return None
        statement = (
            f"Shame was marked {number(points[-1].value)} of 5 on {day(points[-1].time)},"
            f" {number(points[-2].value)} before."
        )
        return self.finding(course, statement, (evidence_of(points[-1], "shame"),))
