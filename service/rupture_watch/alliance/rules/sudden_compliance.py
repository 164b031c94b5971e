"""Demand factor: from a low straight to the maximum, as if to please."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.rules.conduct import stepped_back
from rupture_watch.alliance.rules.rating import fall
from rupture_watch.alliance.rules.rule import Rule
from rupture_watch.alliance.rules.symptoms import reliable, symptom_series
from rupture_watch.alliance.wording import day, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Point, Series
    from rupture_watch.alliance.sessions import Rated

PACKED = 2
PARTS = ("bond", "goal", "task")


class SuddenCompliance(Rule):
    """B1: from a low straight to the maximum, with signs that something was not said.

    A score of points; it needs the jump (2 points): the total (all subscales where there is none)
    at the ceiling within two rated sessions of z < -1.5, or a uniform maximum at least one own SD
    above the form before, after varied answers and with few earlier ceilings. Further points:
    answers lose all variance (1), bond flat or down while goal and task rise (1), a client miss or
    little homework in the last four (2), therapist's form flat or falling (1), symptoms without
    reliable change since before the low (1), filled faster than ever (1). Score 3 is severity 2,
    from 4 on severity 3. A recorded alliance talk, or a recovery over two or more rated sessions,
    is a repair and scores 0. Imported forms say nothing about variance. Points are defaults.
    """

    id = "B1"
    slug = "sudden-compliance"
    section = "Demand factor"
    concept = "Sudden compliance"
    type = RuptureType.WITHDRAWAL
    source = Source.RATINGS
    own_limit = True
    occasions = ("client_form",)
    clears = Clears.VOICED
    clears_when = (
        "Clears when an alliance talk is recorded, or when a later form below the maximum is in"
        " the client's usual range."
    )
    considerations: ClassVar = (
        "Say that critical ratings are welcome and useful, and leave room for one.",
        "Ask what could have gone better in the low session, rather than what went well now.",
        "Consider that it may simply be good news.",
    )

    def prepare(self) -> None:
        """Bind the limits and the points."""
        numbers = self.numbers
        self.low_z = numbers["low_z"]
        self.within = numbers["within_rated_sessions"]
        self.ceiling_share = numbers["ceiling_share"]
        self.rise_spreads = numbers["rise_spreads"]
        self.watch_at = numbers["watch_score"]
        self.discuss_at = numbers["discuss_score"]
        self.discuss_severity = numbers["discuss_severity"]
        self.tolerance = numbers["ceiling_tolerance"]
        self.recent = numbers["recent"]
        self.little_homework = numbers["little_homework"]
        self.duration_forms = numbers["duration_forms"]
        self.points = numbers["points"]
        self.signs: tuple[tuple[str, Callable[[Course, Rated, Series, Point], bool]], ...] = (
            ("answers_without_variance", self._is_flat),
            ("bond_flat_while_goal_and_task_rise", self._bond_lags),
            ("missed_or_little_homework", self._is_absent),
            ("therapist_form_flat_or_falling", self._therapist_lags),
            ("symptoms_unchanged", self._symptoms_unchanged),
            ("filled_faster_than_before", self._is_hasty),
        )

    def judge(self, course: Course) -> Finding | None:
        """Score the present form."""
        course.compliance = 0.0
        rated = course.rated
        if rated is None:
            return None
        code = "total" if "total" in rated.points else "bond"
        if code not in rated.points:
            return None
        series = course.series_of(code)
        if not self._is_at_top(rated, series):
            return None
        low = self._low_before(course, rated, series)
        if low is None:
            return None
        signs = [
            Evidence(rated.form.name, course.now, sign, float(self.points[sign]))
            for sign, holds in self.signs
            if holds(course, rated, series, low)
        ]
        score = course.compliance = self.points["jump"] + sum(one.value for one in signs)
        if score < self.watch_at:
            return None
        statement = (
            f"The rating rose to {number(series.last.value)} on {day(series.last.time)} after"
            f" {number(low.value)} on {day(low.time)}. This is common and often good; it can also"
            " mean difficulty voicing dissatisfaction."
        )
        evidence = (evidence_of(series.last, code), evidence_of(low, code), *signs)
        severe = score >= self.discuss_at
        return self.finding(
            course, statement, evidence, severity=self.discuss_severity if severe else None
        )

    def is_told(self, course: Course) -> bool:
        """Compliance has an own measure beside strain, and an own limit."""
        return course.is_compliant

    # the jump

    def _is_at_top(self, rated: Rated, series: Series) -> bool:
        scale = series.scale
        if scale.ceiling is None:
            return False
        if scale.code != "total":
            return rated.scores.at_ceiling
        tolerance = self.tolerance.get(series.key[0])
        if tolerance is None:
            tolerance = self.tolerance["elsewhere_share"] * (scale.high - scale.low)
        top: float = min(scale.ceiling, scale.high - tolerance)
        return series.last.value >= top

    def _low_before(self, course: Course, rated: Rated, series: Series) -> Point | None:
        """Return the rating from which the client jumped, or None where there is no jump."""
        least = course.engine["judged_from"]
        earlier = series.points[:-1]
        if len(earlier) < least:
            return None
        for point in reversed(earlier[-self.within :]):
            deviation = point.deviation
            if deviation.prior_ratings >= least and deviation.z < self.low_z:
                return None if self._is_repair(course, series, point) else point
        before = earlier[-1]
        if not rated.scores.uniform_maximum or series.at_ceiling(before.value):
            return None
        if fall(series.last, before) < self.rise_spreads * series.last.deviation.spread:
            return None
        share = sum(series.at_ceiling(point.value) for point in earlier) / len(earlier)
        if share >= self.ceiling_share or not self._was_varied(course, rated):
            return None
        return None if self._is_repair(course, series, before) else before

    def _is_repair(self, course: Course, series: Series, low: Point) -> bool:
        """Tell whether it was talked over, or recovered over several rated sessions."""
        since = course.sessions[low.session - 1 :]
        if any(session.note and session.note.alliance_discussed for session in since):
            return True
        between = series.points[series.points.index(low) + 1 : -1]
        return any(
            low.value + low.deviation.spread < point.value and not series.at_ceiling(point.value)
            for point in between
        )

    def _was_varied(self, course: Course, rated: Rated) -> bool:
        if rated.form.mode == "import":
            return False
        return any(_is_varied(one) for one in forms_of(course, rated)[:-1])

    # the signs

    def _is_flat(self, course: Course, rated: Rated, _series: Series, _low: Point) -> bool:
        if rated.form.mode == "import" or _is_varied(rated):
            return False
        varied = [_is_varied(one) for one in forms_of(course, rated)]
        return not any(varied[-PACKED:]) and any(varied[:-PACKED])

    def _bond_lags(self, course: Course, rated: Rated, _series: Series, low: Point) -> bool:
        changes = {}
        for role in PARTS:
            if role not in rated.points:
                return False
            points = course.series_of(role).points
            before = next((one for one in reversed(points) if one.fact == low.fact), None)
            if before is None:
                return False
            changes[role] = points[-1].value - before.value
        return changes["bond"] <= 0 < min(changes["goal"], changes["task"])

    def _is_absent(self, course: Course, _rated: Rated, _series: Series, _low: Point) -> bool:
        return stepped_back(course, self.recent, self.little_homework)

    def _therapist_lags(self, course: Course, _rated: Rated, _series: Series, _low: Point) -> bool:
        for key, series in course.series.items():
            if key[1:] == ("therapist", "total") and len(series.points) >= PACKED:
                newest = series.points[-1]
                if newest.session >= len(course.sessions) - 1:
                    return newest.value <= series.points[-2].value
        return False

    def _symptoms_unchanged(
        self, course: Course, _rated: Rated, _series: Series, low: Point
    ) -> bool:
        for series in symptom_series(course):
            before = [point for point in series.points if point.session < low.session]
            if before and series.points[-1].session >= low.session:
                return abs(series.points[-1].value - before[-1].value) < reliable(series)
        return False

    def _is_hasty(self, course: Course, rated: Rated, _series: Series, _low: Point) -> bool:
        duration = rated.form.duration_ms
        if duration is None:
            return False
        earlier = sorted(
            one.form.duration_ms
            for one in forms_of(course, rated)[:-1]
            if one.form.duration_ms is not None
        )
        if len(earlier) < self.duration_forms:
            return False
        return duration < earlier[int(0.05 * len(earlier))]


def forms_of(course: Course, rated: Rated) -> list[Rated]:
    """Return the client's forms of the same instrument that were not imported, oldest first."""
    return [
        one
        for session in course.sessions
        for one in session.client
        if one.form.instrument == rated.form.instrument and one.form.mode != "import"
    ]


def _is_varied(rated: Rated) -> bool:
    """Tell whether the answers of a form have any variance: its items, else its subscales."""
    answers = rated.scores.items
    if len(answers) < PACKED:
        values = rated.scores.values
        answers = tuple(values[role] for role in PARTS if role in values)
    return len(set(answers)) > 1
