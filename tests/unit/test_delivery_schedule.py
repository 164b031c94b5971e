"""When a failed delivery is tried again, and what becomes of it."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import pytest

from rupture_watch.alliance.facts import SECOND
from rupture_watch.delivery.results import Next, Outcome, Result, State, what_follows
from rupture_watch.delivery.schedule import JITTER, STANDARD, Schedule, retry_after

NOW = 1_760_000_000 * SECOND
PUNCTUAL = Schedule(chance=lambda: 0.0)
FAILED = Outcome(Result.UNAVAILABLE, 503)


def test_the_standard_schedule_goes_on_for_more_than_a_day() -> None:
    due, step, moment = [], 0, NOW
    while True:
        after = what_follows(FAILED, PUNCTUAL, step=step, due_at=moment, now=moment)
        if after.state is State.FAILED:
            break
        due.append((after.due_at - moment) / SECOND)
        step, moment = after.step, after.due_at
    assert tuple(due) == STANDARD
    assert sum(due) > 24 * 3600
    assert due[:3] == [5.0, 300.0, 1800.0]


def test_chance_only_ever_adds_and_at_most_a_fifth() -> None:
    late = Schedule(chance=lambda: 1.0)
    for step, delay in enumerate(STANDARD, start=1):
        latest = late.due(step, NOW, None)
        assert latest == NOW + int(delay * (1 + JITTER) * SECOND)
        assert PUNCTUAL.due(step, NOW, None) == NOW + int(delay * SECOND)


def test_a_receiver_is_not_tried_before_the_time_it_asked_for() -> None:
    assert PUNCTUAL.due(1, NOW, 120.0) == NOW + 120 * SECOND
    assert PUNCTUAL.due(2, NOW, 120.0) == NOW + 300 * SECOND


def test_an_attempt_ahead_of_its_time_uses_up_no_step() -> None:
    after = what_follows(FAILED, PUNCTUAL, step=3, due_at=NOW + 1, now=NOW)
    assert after == Next(State.PENDING, 3, NOW + 1)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome(Result.DELIVERED, 200), State.DELIVERED),
        (Outcome(Result.GONE, 410), State.FAILED),
        (Outcome(Result.REJECTED, 550, final=True), State.FAILED),
        (Outcome(Result.REJECTED, 422), State.PENDING),
        (Outcome(Result.UNREACHABLE), State.PENDING),
    ],
)
def test_what_becomes_of_a_delivery_follows_from_the_outcome(
    outcome: Outcome, state: State
) -> None:
    assert what_follows(outcome, PUNCTUAL, step=0, due_at=NOW, now=NOW).state is state


def _date(seconds: int) -> str:
    moment = dt.datetime.fromtimestamp(NOW // SECOND + seconds, dt.UTC)
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("86401", 86_400.0),
        ("9" * 400, 86_400.0),
        (_date(90), 90.0),
        (_date(-90), 0.0),
        (_date(10**7), 86_400.0),
        ("Fri, 31 Feb 2025 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds
