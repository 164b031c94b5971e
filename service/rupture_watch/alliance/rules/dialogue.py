"""Dialogue: a conversation that the client enjoys, near to experience and not a threat."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.rules.bond_before import last_bond_before
from rupture_watch.alliance.rules.rating import (
    RatingRule,
    fall,
    fall_in_words,
    has_lines,
    judged,
    watch_of,
)
from rupture_watch.alliance.rules.rule import Rule
from rupture_watch.alliance.wording import SINGLE_WORDS, day, listed, number

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Series
    from rupture_watch.alliance.sessions import Rated, Session


class Enjoyment(RatingRule):
    """C1: the client no longer enjoys or is intrigued by the sessions.

    Engagement (the overall line of the SRS, or the single item) z < -2. Silent without it.
    """

    id = "C1"
    slug = "enjoyment"
    section = "Dialogue"
    concept = "Enjoys, is intrigued"
    type = RuptureType.WITHDRAWAL
    reads = ("engagement",)
    considerations: ClassVar = (
        "Ask which moments of the last sessions felt alive, and which did not.",
        "Follow what the client is curious about, rather than the plan.",
    )

    def prepare(self) -> None:
        """Bind the limit."""
        self.z = self.numbers["z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge engagement on the present form."""
        point = judged(course, "engagement")
        if point is None or point.deviation.z >= self.z:
            return None
        return self.fallen(course, "engagement")


class NotThreatened(Rule):
    """C2: the client says to have felt unsafe or judged; a single event.

    ``safety`` at 2 or less, or 2 lower than on the form before; ``judged`` at 4 or more, or 2
    higher (defaults; items 1-5). What the client says counts as said: no baseline is needed.
    Silent without these items.
    """

    id = "C2"
    slug = "not-threatened"
    section = "Dialogue"
    concept = "Not threatened"
    type = RuptureType.CONFRONTATION
    source = Source.RATINGS
    factual = True
    occasions = ("client_form",)
    reads = ("safety", "judged")
    clears = Clears.EVENT
    clears_when = "Clears when a clinician acknowledges it, or after 28 days."
    considerations: ClassVar = (
        "Offer time to talk about it before the next session.",
        "Ask what made it hard to feel safe, and listen without explaining.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.safety_at = self.numbers["safety_at_most"]
        self.judged_at = self.numbers["judged_at_least"]
        self.step = self.numbers["step"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the two items of the present form."""
        told = [code for code in self.reads if self._is_told(course, code)]
        if not told:
            return None
        parts = [self._in_words(course.series_of(code)) for code in told]
        evidence = tuple(evidence_of(course.series_of(code).last, code) for code in told)
        statement = f"On the form of {day(course.told)} {listed(parts)}."
        return self.finding(course, statement, evidence)

    def _is_told(self, course: Course, code: str) -> bool:
        point = course.points(code)
        if point is None:
            return False
        points = course.series_of(code).points
        change = -fall(points[-2], point) if len(points) > 1 else 0.0
        if code == "safety":
            return bool(point.value <= self.safety_at or change <= -self.step)
        return bool(point.value >= self.judged_at or change >= self.step)

    @staticmethod
    def _in_words(series: Series) -> str:
        points = series.points
        said = f"{SINGLE_WORDS[series.key[2]]} was marked {number(points[-1].value)} of 5"
        return f"{said} ({number(points[-2].value)} before)" if len(points) > 1 else said


class ExperienceNear(RatingRule):
    """C3: what was said was far from what the client feels.

    On a form of lines: relationship falls by at least 1.5 (default) with z < -1.25 while approach
    is at or above own median; or it falls so in a session tagged with an interpretation. Silent
    for other forms.
    """

    id = "C3"
    slug = "experience-near"
    section = "Dialogue"
    concept = "Experience-near, experience-distant"
    type = RuptureType.CONFRONTATION
    occasions = ("client_form", "note")
    reads = ("bond",)
    considerations: ClassVar = (
        "Go back to the client's own words for it, and stay with them a while.",
        "Ask whether something that was said came too early or from too far away.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.line_fall = self.numbers["line_fall"]
        self.z = self.numbers["z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the present form, or with its session's tags the forms that came before."""
        if course.rated is not None:
            if not has_lines(course) or not self._fell(course, course.rated):
                return None
            return self._found(course, course.rated, "") if self._approach_holds(course) else None
        session = course.session
        note = session.note if session is not None else None
        if session is None or note is None or "interpretation" not in note.interventions:
            return None
        for rated in session.client:
            if self._is_of_lines(course, rated) and self._fell(course, rated):
                if course.memory.get(self.id) == rated.form.name:
                    return None
                return self._found(course, rated, " The session is tagged with an interpretation.")
        return None

    def _is_of_lines(self, course: Course, rated: Rated) -> bool:
        instrument = course.rules.ruleset.registry.find(rated.form.instrument)
        return instrument is not None and instrument.by_line

    def _fell(self, course: Course, rated: Rated) -> bool:
        point = rated.points.get("bond")
        if point is None or point.deviation.z >= self.z:
            return False
        if point.deviation.prior_ratings < course.engine["judged_from"]:
            return False
        points = course.series[(rated.form.instrument, "client", "bond")].points
        place = points.index(point) if point in points else 0
        return place > 0 and fall(points[place - 1], point) >= self.line_fall

    def _approach_holds(self, course: Course) -> bool:
        approach = course.points("task")
        middle = course.series_of("task").earlier_median() if approach else None
        return approach is not None and middle is not None and approach.value >= middle

    def _found(self, course: Course, rated: Rated, more: str) -> Finding:
        course.memory[self.id] = rated.form.name
        point = rated.points["bond"]
        series = course.series[(rated.form.instrument, "client", "bond")]
        return self.finding(
            course,
            f"{fall_in_words(series, 2)}{more}",
            (evidence_of(point, "bond"),),
            watch=watch_of(series, point),
        )


class JumpingTheGun(RatingRule):
    """C4: an interpretation or a challenge came early, and the rating fell with it.

    Such a tag before session 4, or while the last bond before it was below own median, and total
    z < -1.25 on that session's form or the next. Judged from the second prior rating on. Silent
    without tags. Limits are defaults.
    """

    id = "C4"
    slug = "jumping-the-gun"
    section = "Dialogue"
    concept = "Jumping the gun"
    type = RuptureType.CONFRONTATION
    occasions = ("client_form", "note")
    reads = ("total",)
    considerations: ClassVar = (
        "Ask how the suggestion was for the client, and whether it fits at all.",
        "Stay longer with what the client has said before adding to it.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.before = self.numbers["before_session"]
        self.z = self.numbers["z"]
        self.judged_from = self.numbers["judged_from"]

    def judge(self, course: Course) -> Finding | None:
        """Judge a form after the tags of the session before, or tags after their own form."""
        session = course.session
        if session is None:
            return None
        if course.rated is None:
            return self._in_its_session(course, session)
        point = course.points("total")
        if point is None or point.deviation.z >= self.z:
            return None
        if point.deviation.prior_ratings < self.judged_from or session.number == 1:
            return None
        earlier = course.sessions[session.number - 2]
        if not self._is_early(course, earlier):
            return None
        return self._found(course, course.rated, earlier)

    def _in_its_session(self, course: Course, session: Session) -> Finding | None:
        for rated in session.client:
            point = rated.points.get("total")
            if (
                point is not None
                and point.deviation.z < self.z
                and point.deviation.prior_ratings >= self.judged_from
                and self._is_early(course, session)
            ):
                return self._found(course, rated, session)
        return None

    def _is_early(self, course: Course, session: Session) -> bool:
        note = session.note
        if note is None or not {"interpretation", "challenge"} & set(note.interventions):
            return False
        if session.number < self.before and not course.setting.truncated:
            return True
        found = last_bond_before(course, session)
        return found is not None and found.is_below_median

    def _found(self, course: Course, rated: Rated, tagged: Session) -> Finding:
        point = rated.points["total"]
        series = course.series[(rated.form.instrument, "client", "total")]
        tags = [
            tag
            for tag in ("interpretation", "challenge")
            if tagged.note is not None and tag in tagged.note.interventions
        ]
        statement = (
            f"Session {tagged.number} ({day(tagged.place)}) is tagged with {listed(tags)};"
            f" the rating of {day(point.time)} is {number(point.value)}, usual level"
            f" {number(point.deviation.mean)}."
        )
        evidence = (
            evidence_of(point, "total"),
            *(Evidence(tagged.key, tagged.place, tag, 1.0) for tag in tags),
        )
        return self.finding(course, statement, evidence, watch=watch_of(series, point))
