"""What clinics use today, and its calibrated successors, on the very same totals.

A detector turns the totals of one client into one number per session, nan where there is no
rating or not yet enough of them; above its native limit it would raise an alarm.
"""

from __future__ import annotations

from itertools import pairwise
from math import nan, sqrt
from statistics import fmean
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.accuracy.sudden_change import Criteria, is_gain, reliable_change
from rupture_watch.operations.simulate.answers import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.accuracy.cohorts import Course

SRS_CUTOFF: Final = 36
OWN_PRIOR: Final = 4
EB_PRIOR: Final = 3
CHART: Final = 2.66
NU: Final = 6
WEIGHT: Final = 0.3
CLIP: Final = 3.0
"""Empirical Bayes with six prior ratings of spread; EWMA of z clipped to +-3, lambda .3."""

SUDDEN_SHARE: Final = 0.0
"""A quarter of the score before, the second criterion, is meant for symptoms that go to zero."""

LEAST_SPREAD: Final = 0.05
"""Own SD below the smallest step of any scale is no SD; it stands in for zero."""


class Detector(NamedTuple):
    """One detector: its statistic per session, its own limit, and whether it is for all scales."""

    judge: Callable[[Course], list[float]]
    limit: float
    srs_only: bool = False


def _totals(course: Course) -> list[float | None]:
    return [sighting.client for sighting in course.sightings]


def _by_history(
    course: Course, least: int, judge: Callable[[Sequence[float], float], float]
) -> list[float]:
    """Judge each total by those before it, from ``least`` of them on."""
    found, past = [], list[float]()
    for value in _totals(course):
        if value is None:
            found.append(nan)
            continue
        found.append(judge(past, value) if len(past) >= least else nan)
        past.append(value)
    return found


def cutoff_or_fall(course: Course) -> list[float]:
    """SRS below 36 or one point lower than last time (Duncan et al. 2003), over its limit at 0."""

    def judge(past: Sequence[float], value: float) -> float:
        fall = past[-1] - value - 1 if past else -1.0
        below = SRS_CUTOFF - value
        return max(below if below > 0 else below - 1e-6, fall + 1e-9)

    return _by_history(course, 0, judge)


def _spread(values: Sequence[float]) -> float:
    """Return the sample SD."""
    mean = fmean(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def own_spread(course: Course) -> list[float]:
    """Own SD below the own mean."""
    return _by_history(
        course, OWN_PRIOR, lambda past, y: (fmean(past) - y) / max(_spread(past), LEAST_SPREAD)
    )


def individuals_chart(course: Course) -> list[float]:
    """Distance below the own mean in units of the chart's limit, 2.66 mean moving ranges."""

    def judge(past: Sequence[float], value: float) -> float:
        ranges = fmean(abs(b - a) for a, b in pairwise(past))
        return (fmean(past) - value) / (CHART * max(ranges, LEAST_SPREAD))

    return _by_history(course, OWN_PRIOR, judge)


def _empirical_bayes(course: Course, pick: Callable[[float, float], float]) -> list[float]:
    """Judge by z against the shrunk own mean and spread, and by the EWMA of z.

    Written out here, not taken from the engine: a yardstick does not change with what it measures.
    """
    layout = LAYOUTS[course.label.instrument]
    ratio = layout.s0**2 / layout.tau**2
    level, steps = 0.0, 0

    def judge(past: Sequence[float], value: float) -> float:
        nonlocal level, steps
        count = len(past)
        mean = (ratio * layout.mean + sum(past)) / (ratio + count)
        squares = sum((y - fmean(past)) ** 2 for y in past) if past else 0.0
        variance = (NU * layout.s0**2 + squares) / (NU + max(count - 1, 0))
        z = (value - mean) / sqrt(variance * (1 + 1 / (ratio + count)))
        level += WEIGHT * (min(max(z, -CLIP), CLIP) - level)
        steps += 1
        spread = sqrt(WEIGHT / (2 - WEIGHT) * (1 - (1 - WEIGHT) ** (2 * steps)))
        return pick(z, level / spread) if count >= EB_PRIOR else nan

    return _by_history(course, 0, judge)


def sudden_loss(course: Course) -> list[float]:
    """Tang and DeRubeis's criteria turned round: 1 where the alliance falls suddenly, else 0.

    Reliable is what exceeds measurement error. The criteria look back from sessions later: they
    label a series that is over, and find in it what no rule could tell in time.
    """
    layout = LAYOUTS[course.label.instrument]
    variance = layout.tau**2 + layout.s0**2
    criteria = Criteria(reliable_change(sqrt(variance), layout.tau**2 / variance), SUDDEN_SHARE)
    totals = _totals(course)
    found = [nan]
    for session in range(1, len(totals)):
        sudden = is_gain(totals, session, criteria)  # a fall, which for symptoms is a gain
        found.append(nan if sudden is None else float(sudden))
    return found[: len(totals)]


LOOKING_BACK: Final = "sudden loss, looking back"

DETECTORS: Final[Mapping[str, Detector]] = {
    "SRS < 36 or fall of 1": Detector(cutoff_or_fall, 0.0, srs_only=True),
    "own mean - 1 SD": Detector(own_spread, 1.0),
    "own mean - 2 SD": Detector(own_spread, 2.0),
    "individuals chart": Detector(individuals_chart, 1.0),
    "EB z < -2": Detector(lambda course: _empirical_bayes(course, lambda z, _: -z), 2.0),
    "EWMA < -2.5": Detector(lambda course: _empirical_bayes(course, lambda _, e: -e), 2.5),
    "EB z or EWMA": Detector(
        lambda course: _empirical_bayes(course, lambda z, e: max(-z / 2.0, -e / 2.5)), 1.0
    ),
    LOOKING_BACK: Detector(sudden_loss, 0.5),
}
