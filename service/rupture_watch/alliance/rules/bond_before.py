"""How the bond stood when a session began: the last one rated before it."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.series import Point, Series
    from rupture_watch.alliance.sessions import Session


class BondBefore(NamedTuple):
    """A bond rating and the ratings of its series before it."""

    point: Point
    earlier: tuple[float, ...]

    @property
    def is_below_median(self) -> bool:
        """Tell whether it was below the client's own median until then."""
        return bool(self.earlier) and self.point.value < median(self.earlier)


def last_bond_before(course: Course, session: Session) -> BondBefore | None:
    """Return the client's newest bond rating before ``session``, or None."""
    newest: tuple[Series, int] | None = None
    for (_, respondent, code), series in course.series.items():
        if respondent != "client" or code != "bond":
            continue
        at = len(series.points) - 1
        while at >= 0 and series.points[at].session >= session.number:
            at -= 1
        if at < 0:
            continue
        if newest is None or series.points[at].session > newest[0].points[newest[1]].session:
            newest = series, at
    if newest is None:
        return None
    series, at = newest
    return BondBefore(series.points[at], tuple(point.value for point in series.points[:at]))
