"""What the forms beside the alliance say: symptoms and outcome, their reliable changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.series import Point, Series

DIGITS = 6


def symptom_series(course: Course) -> Iterator[Series]:
    """Yield the client's series of which a reliable change is known."""
    for (_, respondent, code), series in course.series.items():
        if respondent == "client" and code == "total" and series.scale.reliable_change is not None:
            yield series


def in_session(series: Series, number: int) -> Point | None:
    """Return the newest value if it was given in the session of this ``number``."""
    points = series.points
    return points[-1] if points and points[-1].session == number else None


def gain(series: Series, earlier: Point, later: Point) -> float:
    """Return how much better ``later`` is, in the instrument's own units."""
    return round((later.value - earlier.value) * series.scale.sign, DIGITS)


def reliable(series: Series) -> float:
    """Return the smallest change that is more than measurement error."""
    change = series.scale.reliable_change
    return float("inf") if change is None else change
