"""Quiet hours and daily times by a wall clock, summer time included."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.facts import SECOND, Microseconds

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))
WEEK = 7


class QuietHours(NamedTuple):
    """From ``begin`` until ``end`` by the clock on the wall, over midnight where ``end`` is less.

    ``silent`` days (Monday is 0) are quiet from midnight to midnight.
    """

    begin: dt.time
    end: dt.time
    zone: ZoneInfo
    silent: Collection[int] = frozenset()

    def released(self, moment: Microseconds) -> Microseconds:
        """Return the first moment from ``moment`` on that is not quiet."""
        local = _local(moment, self.zone)
        for _ in range(2 * WEEK + 2):  # each round ends a night or a silent day
            if local.weekday() in self.silent:
                local = self._wall(local.date() + dt.timedelta(days=1), dt.time())
            elif self._is_night(local):
                day = local.date()
                if local.time() >= self.end:
                    day += dt.timedelta(days=1)
                local = self._wall(day, self.end)
            else:
                break
        return max(moment, _since_epoch(local))

    def _is_night(self, local: dt.datetime) -> bool:
        time = local.time()
        if self.begin <= self.end:
            return self.begin <= time < self.end
        return time >= self.begin or time < self.end

    def _wall(self, day: dt.date, time: dt.time) -> dt.datetime:
        return _existing(day, time, self.zone)


class DailyTime(NamedTuple):
    """A time of the day by the clock on the wall, on some days of the week (Monday is 0)."""

    at: dt.time
    zone: ZoneInfo
    days: Collection[int] = EVERY_DAY

    def following(self, moment: Microseconds) -> Microseconds:
        """Return the first such moment after ``moment``."""
        day = _local(moment, self.zone).date() - dt.timedelta(days=1)
        while True:
            day += dt.timedelta(days=1)
            if day.weekday() in self.days:
                then = _since_epoch(_existing(day, self.at, self.zone))
                if then > moment:
                    return then


def _existing(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """Return a time of a day; one that summer time leaves out is as much later, a double the first.

    Passing through UTC is what turns a time that the clocks jump over into one that exists.
    """
    return dt.datetime.combine(day, time, zone).astimezone(dt.UTC).astimezone(zone)


def _local(moment: Microseconds, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.fromtimestamp(moment // SECOND, dt.UTC).astimezone(zone)


def _since_epoch(moment: dt.datetime) -> Microseconds:
    return int(moment.timestamp()) * SECOND
