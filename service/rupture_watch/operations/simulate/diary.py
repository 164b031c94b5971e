"""The clinic's diary: office hours, closure days and the therapists' leave.

What hits many cases at once is drawn once for the clinic or for a therapist, never per case.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from rupture_watch.alliance.facts import DAY, HOUR, Microseconds
from rupture_watch.operations.simulate.dice import chance, dice

WEEK: Final[Microseconds] = 7 * DAY
FIRST_HOUR: Final = 8
LAST_HOUR: Final = 19
SATURDAY: Final = 5
EPOCH_WEEKDAY: Final = 3
"""1970-01-01 was a Thursday (Monday is 0)."""


def office_hours(moment: Microseconds) -> Microseconds:
    """Return ``moment``, or the same minute of the next morning's first hour."""
    hour = moment % DAY // HOUR
    if FIRST_HOUR <= hour < LAST_HOUR:
        return moment
    day = moment // DAY + (hour >= LAST_HOUR)
    return day * DAY + FIRST_HOUR * HOUR + moment % HOUR


class Leave(NamedTuple):
    """One absence of a therapist: first and last moment, and when it was announced."""

    starts: Microseconds
    ends: Microseconds
    announced: Microseconds

    @property
    def notice_days(self) -> int:
        """Days between the announcement and the start."""
        return round((self.starts - self.announced) / DAY)


class Diary:
    """Closures and leave between ``first`` and ``last``, functions of the seed alone."""

    CLOSURE: Final = 0.012
    """Share of working days on which the whole clinic is closed at short notice (default)."""

    LEAVE_EVERY: Final = 26 * WEEK
    SHORT_NOTICE: Final = 0.02

    def __init__(self, seed: int, first: Microseconds, last: Microseconds) -> None:
        """Open the diary."""
        self._seed = seed
        self._first = first
        self._last = last
        days = range(first // DAY, last // DAY + 1)
        rng = dice(seed, "closures")
        self.closures = frozenset(day for day in days if chance(rng, self.CLOSURE))
        self.leave = lru_cache(maxsize=None)(self._leave)

    def _leave(self, therapist: int) -> tuple[Leave, ...]:
        """Return a therapist's absences in order."""
        rng = dice(self._seed, "leave", therapist)
        found = []
        start = self._first // WEEK * WEEK + 4 * DAY + int(rng.random() * self.LEAVE_EVERY)
        while start < self._last:
            notice = rng.randint(4, 12) if chance(rng, self.SHORT_NOTICE) else rng.randint(21, 60)
            weeks = rng.choice((1, 1, 2))
            found.append(Leave(start, start + weeks * WEEK, start - notice * DAY + 10 * HOUR))
            start += self.LEAVE_EVERY + int(rng.uniform(-4, 4)) * WEEK
        return tuple(found)

    def away(self, therapist: int, moment: Microseconds) -> bool:
        """Tell whether the therapist is on leave then."""
        return any(leave.starts <= moment < leave.ends for leave in self.leave(therapist))

    def workday(self, moment: Microseconds) -> Microseconds:
        """Return ``moment``, or the same hour of the following Monday."""
        weekday = (moment // DAY + EPOCH_WEEKDAY) % 7
        return moment if weekday < SATURDAY else moment + (7 - weekday) * DAY

    def next_slot(self, after: Microseconds, weekday: int, hour: int) -> Microseconds:
        """Return the first ``weekday`` (Monday is 0) at ``hour`` that is not before ``after``."""
        day = after // DAY
        ahead = (weekday - (day + EPOCH_WEEKDAY)) % 7
        slot = (day + ahead) * DAY + hour * HOUR
        return slot if slot >= after else slot + WEEK
