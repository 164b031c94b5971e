"""Introduction, continued: the bond, its fall, and the first crack in perfect ratings."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.findings import RuptureType
from rupture_watch.alliance.rules.rating import (
    ASK,
    RatingRule,
    bond_code,
    fall,
    judged,
    watch_of,
)
from rupture_watch.alliance.wording import day, number

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Series


class Bond(RatingRule):
    """A4: the bond is far below the client's own level (z < -2; deeper, z < -3, same day).

    An instrument whose total reads like a bond (SAI) is judged by its total. Silent otherwise.
    """

    id = "A4"
    slug = "bond"
    section = "Introduction"
    concept = "The emotional bond"
    reads = ("bond", "total")
    considerations: ClassVar = (
        ASK,
        "Name that the contact felt different, and be curious about it.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.z = self.numbers["z"]
        self.deep_z = self.numbers["deep_z"]
        self.deep_severity = self.numbers["deep_severity"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the bond of the present form."""
        code = bond_code(course)
        point = judged(course, code) if code else None
        if code is None or point is None or point.deviation.z >= self.z:
            return None
        deep = self.deep_severity if point.deviation.z < self.deep_z else None
        return self.fallen(course, code, severity=deep)


class FallingBond(RatingRule):
    """A5: the bond falls from form to form.

    EWMA < -2.5, or three falls in a row totalling at least 1.5 own SD of which the first value was
    not the highest of the series (a fall from a peak is mostly the way back to the mean). A run is
    one of consecutive forms of one baseline. Silent without a bond.
    """

    id = "A5"
    slug = "falling-bond"
    section = "Introduction"
    concept = "A falling bond"
    type = RuptureType.WITHDRAWAL
    reads = ("bond", "total")
    considerations: ClassVar = (
        "Ask how the client has found the contact over the last weeks, not only the last session.",
        "Consider whether pace or topic has moved away from what the client came for.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.ewma = self.numbers["ewma"]
        self.falls = self.numbers["falls"]
        self.total_spreads = self.numbers["total_spreads"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the newest run of bond values."""
        code = bond_code(course)
        point = judged(course, code) if code else None
        if code is None or point is None:
            return None
        series = course.series_of(code)
        if point.deviation.ewma >= self.ewma and not self._falls(series):
            return None
        run = series.points[-(self.falls + 1) :]
        earlier = tuple(evidence_of(one, code) for one in run[:-1])
        return self.fallen(course, code, shown=len(run), more=earlier)

    def _falls(self, series: Series) -> bool:
        points = series.points
        run = points[-(self.falls + 1) :]
        if len(run) <= self.falls:
            return False
        if any(later.value >= earlier.value for earlier, later in pairwise(run)):
            return False
        if fall(run[0], run[-1]) < self.total_spreads * run[-1].deviation.spread:
            return False
        return run[0].value < max(one.value for one in points[: -self.falls])


class CeilingBroken(RatingRule):
    """A8: always at the maximum, then a little less.

    At least three totals in a row at the ceiling, then a fall of at least 2 SRS points (5 % of the
    range elsewhere, default). Silent for an instrument without a ceiling.
    """

    id = "A8"
    slug = "ceiling-broken"
    section = "Introduction"
    concept = "Excellent, then slightly worse"
    type = RuptureType.WITHDRAWAL
    reads = ("total",)
    considerations: ClassVar = (
        "Thank the client for a rating that is not the maximum: it may be the first candid one.",
        ASK,
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.run = self.numbers["run"]
        self.fall_share = self.numbers["fall_share"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the present total against the run before it."""
        series = course.series_of("total")
        before = series.points[-(self.run + 1) : -1]
        if len(before) < self.run or not series.at_ceiling(before[-1].value):
            return None
        least = self.fall_share * (series.scale.high - series.scale.low)
        if fall(before[-1], series.last) < round(least, 6):
            return None
        if not all(series.at_ceiling(one.value) for one in before):
            return None
        statement = (
            f"After {self.run} or more ratings at the maximum the rating of"
            f" {day(series.last.time)} is {number(series.last.value)}."
        )
        return self.finding(
            course,
            statement,
            (evidence_of(series.last, "total"),),
            watch=watch_of(series, series.last),
        )
