"""The client's own baseline against numbers worked out by hand."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from rupture_watch.alliance.baseline import WINSORISED_RATINGS, Baseline


class Prior(NamedTuple):
    mean: float
    tau: float
    s0: float


TEN = Prior(mean=10.0, tau=2.0, s0=1.0)
"""k = s0^2 / tau^2 = 1/4."""
WIDE = Prior(mean=10.0, tau=4.0, s0=3.0)
"""Before any rating z = (y - 10) / 5, for sqrt(tau^2 + s0^2) = 5."""


def after(*values: float, prior: Prior = TEN, sign: float = 1.0) -> Baseline:
    baseline = Baseline(prior, sign)
    for value in values:
        baseline.enter(value, winsorise=False)
    return baseline


def test_a_rating_is_compared_with_the_shrunken_own_mean_and_spread() -> None:
    # m = (10/4 + 3 * 10) / 3.25 = 10; v = (6 + 8) / 8 = 1.75; z = -3 / sqrt(1.75 * (1 + 1/3.25))
    deviation = after(8.0, 10.0, 12.0).judge(7.0)

    assert deviation.mean == pytest.approx(10.0)
    assert deviation.spread == pytest.approx(1.75**0.5)
    assert deviation.z == pytest.approx(-1.983122, abs=1e-6)
    assert deviation.prior_ratings == 3


def test_the_own_mean_is_pulled_towards_the_prior_by_a_quarter_of_a_rating() -> None:
    assert after(15.0).level == pytest.approx((2.5 + 15.0) / 1.25)
    assert after(15.0, 15.0, 15.0, 15.0).level == pytest.approx((2.5 + 60.0) / 4.25)


def test_the_own_spread_starts_at_the_prior_and_learns_slowly() -> None:
    assert after().spread == pytest.approx(1.0)
    assert after(10.0).spread == pytest.approx(1.0)
    # SS = 2 * 1.5^2 = 4.5 of two ratings: v = (6 + 4.5) / 7
    assert after(8.5, 11.5).spread == pytest.approx(1.5**0.5)


def test_judging_does_not_teach() -> None:
    baseline = after(8.0, 10.0, 12.0)

    assert baseline.judge(7.0).z == baseline.judge(7.0).z
    assert baseline.count == 3


def test_where_high_is_bad_a_higher_value_is_a_worse_z() -> None:
    good = after(8.0, 10.0, 12.0).judge(7.0)
    bad = after(8.0, 10.0, 12.0, sign=-1.0).judge(13.0)

    assert bad.z == pytest.approx(good.z)


def test_before_any_rating_only_the_registry_speaks() -> None:
    baseline = after(prior=WIDE)

    assert baseline.judge(5.0).z == pytest.approx(-1.0)
    assert baseline.prior_z(0.0) == pytest.approx(-2.0)


def test_the_ewma_is_standardised_exactly() -> None:
    baseline = after(prior=WIDE)

    # level .3, spread sqrt(.3/1.7 * (1 - .7^2)) = .3
    assert baseline.judge(15.0).ewma == pytest.approx(1.0)
    # level .3 + .3 * (-1 - .3) = -.09, spread sqrt(.3/1.7 * (1 - .7^4)) = .3661967
    assert baseline.judge(5.0).ewma == pytest.approx(-0.09 / 0.3661967, abs=1e-6)


def test_one_deep_dip_enters_the_ewma_clipped_to_three() -> None:
    baseline = after(prior=WIDE)

    deviation = baseline.judge(-90.0)

    assert deviation.z == pytest.approx(-20.0)
    assert deviation.ewma == pytest.approx(-3.0)


def test_the_ewma_stands_still_until_there_is_enough_to_compare_with() -> None:
    baseline = after(9.0, 11.0)

    assert baseline.judge(5.0, least=3).ewma == 0.0
    baseline.enter(10.0, winsorise=False)
    # the first step of an EWMA is the (clipped) z itself
    deviation = baseline.judge(9.0, least=3)
    assert deviation.ewma == pytest.approx(deviation.z)


def test_after_forty_steps_the_long_run_spread_is_used() -> None:
    baseline = after(prior=WIDE)
    for _ in range(60):
        last = baseline.judge(15.0)

    assert last.ewma == pytest.approx(1.0 / (0.3 / 1.7) ** 0.5, abs=1e-6)


def test_an_open_episode_teaches_no_more_than_two_spreads_below() -> None:
    baseline = after(10.0, 10.0, 10.0)
    # v = 6/8, floor = 10 - 2 * sqrt(.75) = 8.267949
    baseline.enter(2.0, winsorise=True)

    assert baseline.mean == pytest.approx((30.0 + 8.267949) / 4, abs=1e-6)


def test_an_open_episode_of_symptoms_is_clipped_above() -> None:
    baseline = after(10.0, 10.0, 10.0, sign=-1.0)
    baseline.enter(18.0, winsorise=True)

    assert baseline.mean == pytest.approx((30.0 + 11.732051) / 4, abs=1e-6)


def test_a_value_within_two_spreads_enters_as_it_is() -> None:
    baseline = after(10.0, 10.0, 10.0)
    baseline.enter(9.0, winsorise=True)

    assert baseline.mean == pytest.approx(9.75)


def test_after_six_ratings_of_an_episode_the_low_is_the_new_normal() -> None:
    baseline = after(10.0, 10.0, 10.0)
    for _ in range(WINSORISED_RATINGS):
        baseline.enter(2.0, winsorise=True)
    clipped = baseline.mean
    baseline.enter(2.0, winsorise=True)

    assert clipped > 6.0
    assert baseline.mean == pytest.approx(clipped + (2.0 - clipped) / 10)


def test_the_end_of_an_episode_stops_its_echo_and_allows_the_next_its_clip() -> None:
    baseline = after(10.0, 10.0, 10.0)
    baseline.judge(2.0)
    for _ in range(WINSORISED_RATINGS):
        baseline.enter(2.0, winsorise=True)
    mean, spread = baseline.mean, baseline.spread

    baseline.episode_ended()

    assert (baseline.mean, baseline.spread) == (mean, spread)
    deviation = baseline.judge(mean)
    assert deviation.ewma == pytest.approx(deviation.z)
    falls = []
    for _ in range(WINSORISED_RATINGS + 1):
        before = baseline.mean
        baseline.enter(-50.0, winsorise=True)
        falls.append(before - baseline.mean)
    assert max(falls[:-1]) < 1.0
    assert falls[-1] > 2.0


def test_a_fork_goes_its_own_way() -> None:
    baseline = after(10.0, 11.0, 12.0)
    baseline.judge(9.0)
    fork = baseline.fork()

    assert fork.judge(8.0) == baseline.judge(8.0)
    fork.enter(0.0, winsorise=True)
    assert baseline.count == 3
    assert baseline.level > fork.level
