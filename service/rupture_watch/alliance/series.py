"""The ratings of one series: one instrument, version, respondent and subscale of a case."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.baseline import EWMA_CLIP, Baseline, Deviation

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.instruments import Scale

SeriesKey = tuple[str, str, str]
"""Instrument, respondent, code of the scale."""


class Point(NamedTuple):
    """One rating in its series, told at its form's own time; ``session`` counts from 1."""

    fact: str
    time: Microseconds
    session: int
    value: float
    deviation: Deviation


class Series:
    """One series with the client's own baseline; it starts anew with every new baseline."""

    __slots__ = ("_clip", "baseline", "key", "points", "scale", "version")

    def __init__(self, key: SeriesKey, scale: Scale, version: str, clip: float = EWMA_CLIP) -> None:
        self._clip = clip
        self.key = key
        self.scale = scale
        self.version = version
        self.restart()

    def fork(self) -> Series:
        """Return an equal series that goes on by itself."""
        other = Series(self.key, self.scale, self.version, self._clip)
        other.points, other.baseline = self.points[:], self.baseline.fork()
        return other

    def restart(self) -> None:
        """Forget what was learned: another version, import mode or therapist measures anew."""
        self.points: list[Point] = []
        self.baseline = Baseline(self.scale, float(self.scale.sign), self._clip)

    def judge(self, fact: str, time: Microseconds, session: int, value: float, least: int) -> Point:
        """Add ``value`` judged against the ratings before it; see :meth:`Baseline.judge`."""
        point = Point(fact, time, session, value, self.baseline.judge(value, least))
        self.points.append(point)
        return point

    @property
    def last(self) -> Point:
        """Return the newest rating."""
        return self.points[-1]

    def at_ceiling(self, value: float) -> bool:
        """Tell whether ``value`` cannot get any better."""
        ceiling = self.scale.ceiling
        return ceiling is not None and value >= ceiling

    def earlier_median(self) -> float | None:
        """Return the client's own median before the newest rating, or None without one."""
        earlier = [point.value for point in self.points[:-1]]
        return median(earlier) if earlier else None
