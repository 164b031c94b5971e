"""Demand factor: a client who may be pleasing rather than telling."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.rules.conduct import (
    client_misses,
    homework_share,
    last_tagged,
    stepped_back,
)
from rupture_watch.alliance.rules.rule import Rule
from rupture_watch.alliance.rules.symptoms import gain, in_session, symptom_series
from rupture_watch.alliance.wording import day, days_listed, number, percent, times_said

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.sessions import Rated


class _DemandRule(Rule):
    """A rule of this section."""

    section = "Demand factor"
    type = RuptureType.WITHDRAWAL


class AgreeingWithTheTherapist(_DemandRule):
    """B2: everything is at the maximum, three times in a row, where answers used to vary.

    A uniform maximum on all items on three consecutive forms of one baseline, after own item
    variance above 0 and with less than 25 % ceilings before them. Said once, at the third form.
    Silent without items; imported forms do not count. Limits are defaults.
    """

    id = "B2"
    slug = "agreeing-with-the-therapist"
    concept = "Agreeing with the therapist"
    source = Source.RATINGS
    occasions = ("client_form",)
    clears = Clears.VOICED
    clears_when = (
        "Clears when an alliance talk is recorded, or when a later form below the maximum is in"
        " the client's usual range."
    )
    considerations: ClassVar = (
        "Say that the form helps most where it is honest, and that nothing hangs on it.",
        "Invite a disagreement: what would the client change about the sessions?",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.run = self.numbers["run"]
        self.ceiling_share = self.numbers["ceiling_share"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the run of forms that ends with the present one."""
        rated = course.rated
        if rated is None or not rated.scores.uniform_maximum or rated.form.mode == "import":
            return None
        forms = self._of_this_baseline(course, rated)
        run, before = forms[-self.run :], forms[: -self.run]
        if not before or before[-1].scores.uniform_maximum:
            return None
        if not all(one.scores.uniform_maximum for one in run):
            return None
        varied = any(len(set(one.scores.items)) > 1 for one in before)
        ceilings = sum(one.scores.at_ceiling for one in before)
        if not varied or ceilings >= self.ceiling_share * len(before):
            return None
        times = [one.points["total"].time for one in run if "total" in one.points]
        statement = (
            f"Every answer was at the maximum on the last {len(run)} forms"
            f" ({days_listed(times)}); before, answers varied. This can be good news."
        )
        evidence = tuple(
            Evidence(one.form.name, one.form.time, "uniform_maximum", 1.0) for one in run
        )
        return self.finding(course, statement, evidence)

    def _of_this_baseline(self, course: Course, rated: Rated) -> list[Rated]:
        judged = {point.fact for point in course.series_of(next(iter(rated.points))).points}
        return [
            one
            for session in course.sessions
            for one in session.client
            if one.form.instrument == rated.form.instrument and one.form.name in judged
        ]


class SymptomGainAsCompliance(_DemandRule):
    """B3: a sudden gain in symptoms that the contact does not bear out.

    PHQ-9 at least 6, GAD-7 at least 4 or CORE-10 at least 6 better within two sessions (the
    published reliable changes), bond z <= 0 in the same session, and a client miss or homework at
    30 % or less in the last four (defaults). Silent unless symptoms and bond are rated in one
    session.
    """

    id = "B3"
    slug = "symptom-gain-as-compliance"
    concept = "Symptom gain as compliance"
    source = Source.RATINGS
    occasions = ("client_form", "symptom_form")
    clears = Clears.EVENT
    clears_when = "Clears when a clinician acknowledges it, or after 28 days."
    considerations: ClassVar = (
        "Welcome the gain, and ask what the client makes of it.",
        "Leave room for what has not become better.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.change = self.numbers["change"]
        self.within = self.numbers["within_sessions"]
        self.bond_z = self.numbers["bond_z"]
        self.recent = self.numbers["recent"]
        self.little_homework = self.numbers["little_homework"]

    def judge(self, course: Course) -> Finding | None:
        """Judge a gain once the bond of the same session is known."""
        session = course.session
        if session is None:
            return None
        bond = next((one.points["bond"] for one in session.client if "bond" in one.points), None)
        if bond is None or bond.deviation.z > self.bond_z:
            return None
        for series in symptom_series(course):
            least = self.change.get(series.key[0])
            newest = in_session(series, session.number)
            if least is None or newest is None:
                continue
            near = [
                point
                for point in series.points[-self.within - 1 : -1]
                if point.session >= session.number - self.within
            ]
            gains = [(gain(series, point, newest), point) for point in near]
            best = max(gains, default=None, key=lambda one: one[0])
            if (
                best is None
                or best[0] < least
                or not stepped_back(course, self.recent, self.little_homework)
            ):
                continue
            statement = (
                f"{series.key[0]} improved from {number(best[1].value)} ({day(best[1].time)}) to"
                f" {number(newest.value)} ({day(newest.time)}); the bond did not rise, and"
                " appointments or homework were left out."
            )
            evidence = (
                evidence_of(newest, series.key[0]),
                evidence_of(best[1], series.key[0]),
                evidence_of(bond, "bond"),
            )
            return self.finding(course, statement, evidence)
        return None


class AbidesWithoutGrowth(_DemandRule):
    """B4: homework is done, the goals stay where they are.

    At least 90 % of homework done and goal progress 0 in each of the last four sessions that were
    tagged with both (defaults). Silent without these tags.
    """

    id = "B4"
    slug = "abides-without-growth"
    concept = "Abides without growth"
    source = Source.NOTES
    occasions = ("note",)
    clears = Clears.EVENT
    clears_when = "Clears when a clinician acknowledges it, or after 28 days."
    considerations: ClassVar = (
        "Ask for whom the homework is done, and what the client would rather try.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.sessions = self.numbers["sessions"]
        self.share = self.numbers["homework_share"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the newest tagged sessions."""
        note = course.notes[-1]
        if note.goal_progress != 0 or not note.homework_assigned:
            return None
        tagged = last_tagged(
            course,
            self.sessions,
            lambda one: one.goal_progress is not None and one.homework_assigned,
        )
        if len(tagged) < self.sessions or any(one.goal_progress != 0 for one in tagged):
            return None
        share = homework_share(tagged)
        if share is None or share < self.share or not self.is_news(course, self.sessions):
            return None
        statement = (
            f"In the last {len(tagged)} tagged sessions {percent(share)} of the homework was done"
            " and no progress towards the goals was noted."
        )
        evidence = (
            Evidence(tagged[-1].name, course.now, "homework_share", round(share, 2)),
            *(Evidence(one.name, one.time, "goal_progress", 0.0) for one in tagged),
        )
        return self.finding(course, statement, evidence)


class NotFreeToBeHonest(_DemandRule):
    """B6: a client who used to fill the form leaves it out.

    The form is missing on at least two of the last three attended sessions, own rate below 20 %
    before. Silent until the case has shown one form. Limits are defaults.
    """

    id = "B6"
    slug = "form-left-out"
    concept = "Not free to be honest"
    source = Source.RATINGS
    occasions = ("form_missing",)
    clears = Clears.FORM
    clears_when = "Clears when the client fills the form again."
    considerations: ClassVar = (
        "Ask what it is like to fill the form, and who is thought to read it.",
        "Check first whether the form was simply not offered.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.of_last = self.numbers["of_last"]
        self.missing = self.numbers["missing"]
        self.own_rate = self.numbers["own_rate"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the newest sessions held up to the one whose form is missing."""
        session = course.session
        if session is None:
            return None
        held = [one for one in course.sessions if one.appointment and one.number <= session.number]
        recent, before = held[-self.of_last :], held[: -self.of_last]
        missing = [one for one in recent if not one.client]
        if len(missing) < self.missing or not any(one.client for one in held):
            return None
        if not before or sum(not one.client for one in before) >= self.own_rate * len(before):
            return None
        statement = (
            f"No form came from {len(missing)} of the last {len(recent)} sessions held"
            f" ({days_listed([one.place for one in missing])}); before, forms were usual."
        )
        evidence = tuple(Evidence(one.name, one.place, "form_missing", 1.0) for one in missing)
        return self.finding(course, statement, evidence)


class RatingContradictsBehaviour(_DemandRule):
    """B7: the rating is at its maximum while appointments are missed.

    Total at the ceiling and at least two of the last four appointments missed, or cancelled less
    than 24 hours before, by the client. Practical reasons do not count. Limits are defaults.
    """

    id = "B7"
    slug = "rating-contradicts-behaviour"
    concept = "The rating contradicts what is done"
    source = Source.RATINGS
    occasions = ("client_form",)
    reads = ("total",)
    clears = Clears.KEPT
    clears_when = "Clears when two appointments in a row are kept."
    considerations: ClassVar = (
        "Ask about the missed appointments with interest, not with reproach.",
        "Consider that a maximum rating can be a polite one.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.of_last = self.numbers["of_last"]
        self.missed = self.numbers["missed"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the present form together with the newest appointments."""
        rated = course.rated
        if rated is None or not rated.scores.at_ceiling:
            return None
        missed = client_misses(course, self.of_last)
        if len(missed) < self.missed:
            return None
        statement = (
            f"The rating of {day(course.now)} is at its maximum; of the last"
            f" {self.of_last} appointments the client missed or cancelled late"
            f" {times_said(len(missed))} ({days_listed([one.start for one in missed])})."
        )
        evidence = (
            evidence_of(rated.points["total"], "total"),
            *(Evidence(one.fact.name, one.start, one.fact.status, 1.0) for one in missed),
        )
        return self.finding(course, statement, evidence)
