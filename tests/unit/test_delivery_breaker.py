"""A receiver that is down is asked now and then, and everything flows again when it is back."""

from __future__ import annotations

import pytest

from rupture_watch.alliance.facts import SECOND
from rupture_watch.delivery.breaker import THRESHOLD, Breaker, Pauses
from rupture_watch.delivery.results import ABOUT_THE_RECEIVER, Outcome, Result

NOW = 1_760_000_000 * SECOND
DOWN = Outcome(Result.UNREACHABLE)
WELL = Outcome(Result.DELIVERED, 200)
PAUSES = Pauses(first=5.0, most=60.0)


def _opened() -> Breaker:
    breaker = Breaker(PAUSES)
    for _ in range(THRESHOLD):
        breaker.note(DOWN, NOW)
    return breaker


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker(PAUSES)
    for _ in range(THRESHOLD - 1):
        breaker.note(DOWN, NOW)
    breaker.note(WELL, NOW)
    for _ in range(THRESHOLD - 1):
        breaker.note(DOWN, NOW)
    assert breaker.until == 0
    breaker.note(DOWN, NOW)
    assert breaker.until == NOW + 5 * SECOND


def test_a_message_that_is_refused_says_nothing_of_the_receiver() -> None:
    breaker = Breaker(PAUSES)
    for _ in range(3 * THRESHOLD):
        breaker.note(Outcome(Result.REJECTED, 422), NOW)
    assert breaker.closed


def test_pauses_double_up_to_the_longest() -> None:
    breaker, pauses, moment = _opened(), [], NOW
    for _ in range(6):
        pauses.append((breaker.until - moment) / SECOND)
        moment = breaker.until
        assert breaker.lets_one_through(moment)
        breaker.note(DOWN, moment)
    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_one_delivery_brings_the_receiver_back() -> None:
    breaker = _opened()
    assert breaker.note(WELL, breaker.until)
    assert breaker.closed
    assert not breaker.note(WELL, breaker.until)


def test_answers_still_under_way_when_it_opens_do_not_lengthen_the_pause() -> None:
    breaker = _opened()
    until = breaker.until
    for _ in range(10):
        breaker.note(DOWN, NOW + SECOND)
    assert breaker.until == until


def test_a_wish_to_be_left_alone_is_granted_at_once_and_for_as_long() -> None:
    breaker = Breaker(PAUSES)
    breaker.note(Outcome(Result.UNAVAILABLE, 429, 3600.0), NOW)
    assert not breaker.lets_one_through(NOW + 3599 * SECOND)
    assert breaker.lets_one_through(NOW + 3600 * SECOND)


def test_a_pause_is_remembered_over_a_restart() -> None:
    breaker = Breaker(PAUSES, until=NOW + 7)
    assert not breaker.closed
    assert not breaker.lets_one_through(NOW)
    assert breaker.lets_one_through(NOW + 7)


@pytest.mark.parametrize("result", sorted(ABOUT_THE_RECEIVER))
def test_every_failure_about_the_receiver_counts(result: Result) -> None:
    breaker = Breaker(PAUSES)
    for _ in range(THRESHOLD):
        breaker.note(Outcome(result), NOW)
    assert not breaker.closed


def test_a_receiver_that_refuses_one_message_is_back_all_the_same() -> None:
    breaker = _opened()
    assert breaker.note(Outcome(Result.REJECTED, 422), breaker.until)
    assert breaker.closed


def test_an_answer_still_under_way_does_not_end_a_pause() -> None:
    breaker = _opened()
    assert not breaker.note(WELL, breaker.until - 1)
    assert not breaker.closed
