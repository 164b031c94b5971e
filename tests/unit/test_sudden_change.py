"""Sudden gains and losses at, below and above each criterion."""

from __future__ import annotations

import pytest

from benchmarks.accuracy.sudden_change import (
    Change,
    Criteria,
    gains,
    is_gain,
    is_loss,
    is_reversed,
    losses,
    reliable_change,
)

BDI = Criteria(cutoff=7)
STEP = (30.0, 31.0, 30.0, 20.0, 21.0, 20.0)


def test_a_clear_step_is_one_gain_and_no_loss() -> None:
    assert gains(STEP, BDI) == [Change(3, 30.0, 20.0)]
    assert losses(STEP, BDI) == []
    assert gains(STEP, BDI)[0].magnitude == 10.0


def test_the_same_step_upwards_is_one_loss() -> None:
    rise = tuple(50.0 - score for score in STEP)
    assert losses(rise, BDI) == [Change(3, 20.0, 30.0)]
    assert gains(rise, BDI) == []


@pytest.mark.parametrize(("cutoff", "found"), [(10.0, True), (10.1, False)])
def test_a_change_of_just_the_cut_off_counts(cutoff: float, *, found: bool) -> None:
    assert is_gain(STEP, 3, Criteria(cutoff)) is found


@pytest.mark.parametrize(("share", "found"), [(1 / 3, True), (0.34, False)])
def test_a_change_of_just_the_share_of_the_score_before_counts(
    share: float, *, found: bool
) -> None:
    assert is_gain(STEP, 3, Criteria(7.0, share)) is found


@pytest.mark.parametrize(("swing", "found"), [(10.6, True), (10.8, False)])
def test_a_score_that_moves_as_much_anyway_has_no_sudden_gain(swing: float, *, found: bool) -> None:
    scores = (30.0, 30.0 + swing, 30.0, 20.0, 20.0 - swing, 20.0)
    assert is_gain(scores, 3, BDI) is found


def test_two_sessions_on_either_side_are_enough_and_one_is_not() -> None:
    assert is_gain((None, 30.0, 30.0, 20.0, 20.0, None), 3, BDI) is True
    assert is_gain((None, None, 30.0, 20.0, 20.0, 20.0), 3, BDI) is None
    assert is_gain((30.0, 30.0, 30.0, 20.0, None, None), 3, BDI) is None
    assert is_loss((30.0, 30.0, None, 20.0, 20.0, 20.0), 3, BDI) is None


def test_a_gain_is_reversed_where_half_of_it_is_lost_later() -> None:
    [gain] = gains(STEP, BDI)
    assert not is_reversed((*STEP, 24.9), gain)
    assert is_reversed((*STEP, 25.0), gain)
    assert not is_reversed((26.0, 26.0, *STEP[2:]), gain)


def test_a_perfectly_reliable_measure_has_no_error_to_exceed() -> None:
    assert reliable_change(6.0, 1.0) == 0.0
    assert reliable_change(6.0, 0.0) == pytest.approx(1.96 * 2**0.5 * 6.0)
