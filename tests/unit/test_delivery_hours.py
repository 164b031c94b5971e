"""Quiet hours and daily times follow the clock on the wall, over summer time and its end."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.alliance.facts import SECOND
from rupture_watch.delivery.hours import DailyTime, QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(dt.time(20), dt.time(7), BERLIN)
NOON = QuietHours(dt.time(12), dt.time(14), BERLIN)
WEEKEND = QuietHours(dt.time(20), dt.time(7), BERLIN, frozenset({5, 6}))


def _at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("hours", "noted", "released"),
    [
        (NIGHT, "2026-01-13T19:59:59+01:00", "2026-01-13T19:59:59+01:00"),
        (NIGHT, "2026-01-13T20:00:00+01:00", "2026-01-14T07:00:00+01:00"),
        (NIGHT, "2026-01-13T23:30:00+01:00", "2026-01-14T07:00:00+01:00"),
        (NIGHT, "2026-01-14T00:30:00+01:00", "2026-01-14T07:00:00+01:00"),
        (NIGHT, "2026-01-14T07:00:00+01:00", "2026-01-14T07:00:00+01:00"),
        (NOON, "2026-01-14T12:30:00+01:00", "2026-01-14T14:00:00+01:00"),
        (NOON, "2026-01-14T14:00:00+01:00", "2026-01-14T14:00:00+01:00"),
        # the night in which the clocks go forward is an hour shorter, the other an hour longer
        (NIGHT, "2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"),
        (NIGHT, "2026-10-24T23:00:00+02:00", "2026-10-25T07:00:00+01:00"),
        (WEEKEND, "2026-01-16T21:00:00+01:00", "2026-01-19T07:00:00+01:00"),
        (WEEKEND, "2026-01-17T12:00:00+01:00", "2026-01-19T07:00:00+01:00"),
        (WEEKEND, "2026-01-16T12:00:00+01:00", "2026-01-16T12:00:00+01:00"),
    ],
)
def test_what_comes_in_quiet_hours_waits_for_their_end(
    hours: QuietHours, noted: str, released: str
) -> None:
    assert hours.released(_at(noted)) == _at(released)


def test_an_end_that_the_clocks_jump_over_comes_an_hour_later() -> None:
    hours = QuietHours(dt.time(22), dt.time(2, 30), BERLIN)
    assert hours.released(_at("2026-03-28T23:00:00+01:00")) == _at("2026-03-29T03:30:00+02:00")


def test_of_an_end_that_comes_twice_the_first_counts() -> None:
    hours = QuietHours(dt.time(22), dt.time(2, 30), BERLIN)
    assert hours.released(_at("2026-10-24T23:00:00+02:00")) == _at("2026-10-25T02:30:00+02:00")


MOMENTS = st.integers(1_700_000_000, 1_900_000_000).map(lambda seconds: seconds * SECOND)
TIMES = st.times().map(lambda time: time.replace(microsecond=0))
ZONES = st.sampled_from(
    ["Europe/Berlin", "UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
).map(ZoneInfo)


@given(MOMENTS, TIMES, TIMES, ZONES, st.frozensets(st.integers(0, 6), max_size=5))
def test_a_released_moment_is_never_quiet_nor_before_its_time(
    moment: int, begin: dt.time, end: dt.time, zone: ZoneInfo, silent: frozenset[int]
) -> None:
    hours = QuietHours(begin, end, zone, silent)
    released = hours.released(moment)
    assert released >= moment
    assert hours.released(released) == released
    assert released - moment <= 8 * 24 * 3600 * SECOND


@pytest.mark.parametrize(
    ("after", "next_time"),
    [
        ("2026-01-14T07:29:59+01:00", "2026-01-14T07:30:00+01:00"),
        ("2026-01-14T07:30:00+01:00", "2026-01-15T07:30:00+01:00"),
        ("2026-03-28T12:00:00+01:00", "2026-03-29T07:30:00+02:00"),
        ("2026-10-24T12:00:00+02:00", "2026-10-25T07:30:00+01:00"),
    ],
)
def test_a_daily_time_comes_at_the_same_hour_on_the_wall(after: str, next_time: str) -> None:
    daily = DailyTime(dt.time(7, 30), BERLIN)
    assert daily.following(_at(after)) == _at(next_time)


def test_a_daily_time_keeps_to_its_days() -> None:
    mondays = DailyTime(dt.time(7, 30), BERLIN, frozenset({0}))
    assert mondays.following(_at("2026-01-13T12:00:00+01:00")) == _at("2026-01-19T07:30:00+01:00")


@given(MOMENTS, TIMES, ZONES)
def test_daily_times_are_about_a_day_apart(moment: int, at: dt.time, zone: ZoneInfo) -> None:
    daily = DailyTime(at, zone)
    first = daily.following(moment)
    second = daily.following(first)
    assert moment < first < second
    assert 22 * 3600 <= (second - first) / SECOND <= 26 * 3600
