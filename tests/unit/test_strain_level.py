from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.alliance.baseline import Baseline
from rupture_watch.alliance.instruments import Registry
from rupture_watch.alliance.strain.level import (
    FRACTIONS,
    Level,
    Prior,
    distance,
    distance_prior,
    settle,
)

SCALE = Registry.default().get("WAI-SR").total
PRIOR = Prior(48.0, 7.5, 4.1)


@given(st.lists(st.integers(12, 60), max_size=20), st.integers(12, 60))
def test_with_full_weights_the_level_is_the_catalogues_own_baseline(
    values: list[int], after: int
) -> None:
    level, baseline = Level(), Baseline(PRIOR)
    for value in values:
        level.enter(value, 1.0, 1.0)
        baseline.enter(value, winsorise=False)
    mean, spread = level.expect(PRIOR, 6.0)
    assert (after - mean) / spread == pytest.approx(baseline.judge(after).z, abs=1e-3)


def test_a_value_counts_by_its_weight() -> None:
    twice, whole = Level(), Level()
    for value in (40.0, 50.0):
        twice.enter(value, 0.5, 1.0)
        twice.enter(value, 0.5, 1.0)
        whole.enter(value, 1.0, 1.0)
    assert twice.mean == pytest.approx(whole.mean)
    assert twice.squares == pytest.approx(whole.squares)
    assert twice.count == whole.count


def test_older_values_fade() -> None:
    level = Level()
    level.enter(40.0, 1.0, 0.5)
    level.enter(52.0, 1.0, 0.5)
    assert level.count == 1.5
    assert level.mean == pytest.approx(48.0, abs=1e-5)


def test_what_censoring_hid_widens_the_spread() -> None:
    open_eyed, censored = Level(), Level()
    for value in (50.0, 51.0, 52.0):
        open_eyed.enter(value, 1.0, 1.0)
        censored.enter(value, 1.0, 1.0, 9.0)
    assert censored.mean == open_eyed.mean
    assert censored.squares == pytest.approx(open_eyed.squares + 27.0)


@given(st.integers(12, 59))
def test_higher_is_higher_on_the_scale_of_distance(value: int) -> None:
    assert distance(SCALE, value) < distance(SCALE, value + 1)


def test_the_prior_on_the_scale_of_distance_is_the_first_order_one() -> None:
    mean, tau, s0 = distance_prior(SCALE)
    assert mean == distance(SCALE, SCALE.mean)
    step = 1e-4
    slope = (distance(SCALE, SCALE.mean + step) - distance(SCALE, SCALE.mean - step)) / (2 * step)
    assert tau == pytest.approx(SCALE.tau * slope, rel=1e-6)
    assert s0 == pytest.approx(SCALE.s0 * slope, rel=1e-6)


@given(st.floats(-100, 100))
def test_what_is_settled_is_a_whole_number_of_fractions(value: float) -> None:
    settled = settle(value)
    assert settled * FRACTIONS == int(settled * FRACTIONS)
    assert abs(settled - value) <= 0.5 / FRACTIONS
