"""What rules that read a form have in common: the fall of a rating, in numbers and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.findings import Clears, Source, Watch
from rupture_watch.alliance.rules.rule import Rule
from rupture_watch.alliance.wording import SCALE_WORDS, days_listed, listed, number

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Evidence, Finding
    from rupture_watch.alliance.series import Point, Series

REGAINED = (
    "Clears when the rating regains half of the fall and is back within the client's usual range"
    " within the next rated sessions, or when a clinician confirms the repair."
)
ASK = "Ask what the last session was like, and what was missing in it."
DIGITS = 6
SHOWN = 3


class RatingRule(Rule):
    """A rule that reads the client's form and recovers with the rating."""

    source = Source.RATINGS
    occasions: ClassVar[tuple[str, ...]] = ("client_form",)
    clears = Clears.SCORE
    clears_when = REGAINED

    def fallen(
        self,
        course: Course,
        code: str,
        *,
        severity: int | None = None,
        shown: int = SHOWN,
        more: tuple[Evidence, ...] = (),
    ) -> Finding:
        """Return the finding that the present value of ``code`` fell below what is usual."""
        series = course.series_of(code)
        return self.finding(
            course,
            fall_in_words(series, shown),
            (evidence_of(series.last, code), *more),
            severity=severity,
            watch=watch_of(series, series.last),
        )


def judged(course: Course, code: str) -> Point | None:
    """Return the present form's value of ``code`` where own ratings enough came before it."""
    point = course.points(code)
    if point is None or point.deviation.prior_ratings < course.engine["judged_from"]:
        return None
    return point


def bond_code(course: Course) -> str | None:
    """Return the series of the present form that stands for the bond, if there is one."""
    rated = course.rated
    if rated is None:
        return None
    if "bond" in rated.points:
        return "bond"
    instrument = course.rules.ruleset.registry.find(rated.form.instrument)
    return "total" if instrument is not None and instrument.bond_like else None


def has_lines(course: Course) -> bool:
    """Tell whether the present form is one of session rating lines (the SRS and its kin)."""
    rated = course.rated
    if rated is None:
        return False
    instrument = course.rules.ruleset.registry.find(rated.form.instrument)
    return instrument is not None and instrument.by_line and instrument.measures == "alliance"


def fall(earlier: Point, later: Point) -> float:
    """Return how much a value fell, in its own units, rid of the noise of binary fractions."""
    return round(earlier.value - later.value, DIGITS)


def last_fall(series: Series) -> float:
    """Return the fall from the rating before the newest one; 0 where there is none."""
    points = series.points
    return fall(points[-2], points[-1]) if len(points) > 1 else 0.0


def watch_of(series: Series, point: Point) -> Watch:
    """Return what has to be regained: the client's own level and spread before ``point``."""
    deviation = point.deviation
    return Watch(series.key, deviation.mean, deviation.spread, float(series.scale.sign))


def fall_in_words(series: Series, count: int = SHOWN) -> str:
    """Return the newest values of a series as a sentence with dates and the usual range."""
    points = series.points[-count:]
    values = [number(point.value) for point in points]
    said = SCALE_WORDS.get(series.key[2], "Rating")
    deviation = points[-1].deviation
    usual = (
        f"; usual level {number(deviation.mean)}, usual spread {number(deviation.spread)}."
        if deviation.prior_ratings
        else "."
    )
    if len(points) == 1:
        return f"{said} was {values[0]} on {days_listed([points[0].time])}{usual}"
    return (
        f"{said} went {listed(values)} over the last {len(points)} rated sessions"
        f" ({days_listed([point.time for point in points])}){usual}"
    )
