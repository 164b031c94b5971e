from __future__ import annotations

from math import erfc, exp, gamma, pi, sqrt

import pytest

from rupture_watch.alliance.strain.student import density, truncated_moments, upper_tail

NORMALISED = gamma(4.0) / (sqrt(7.0 * pi) * gamma(3.5))


def integral(low: float, high: float, steps: int = 20_000) -> float:
    width = (high - low) / steps
    return NORMALISED * width * sum(density(low + (i + 0.5) * width) for i in range(steps))


def test_the_density_is_one_in_the_middle_and_alike_on_both_sides() -> None:
    assert density(0.0) == 1.0
    assert density(1.5) == density(-1.5) < density(1.0)


@pytest.mark.parametrize("z", [-2.5, -0.7, 0.0, 0.4, 1.0, 2.0, 3.5])
def test_the_tail_is_the_integral_of_the_density(z: float) -> None:
    far = integral(60.0, 2000.0)
    assert upper_tail(z) == pytest.approx(integral(z, 60.0) + far, abs=1e-6)


def test_the_tail_meets_published_quantiles() -> None:
    assert upper_tail(1.894579) == pytest.approx(0.05, abs=1e-6)
    assert upper_tail(3.499483) == pytest.approx(0.005, abs=1e-6)


def test_a_tail_is_never_zero() -> None:
    assert upper_tail(1e6) > 0.0


def test_truncated_moments_are_those_of_the_normal_curve() -> None:
    mean, variance = truncated_moments(0.0)
    assert mean == pytest.approx(sqrt(2.0 / pi))
    assert variance == pytest.approx(1.0 - 2.0 / pi)
    mean, variance = truncated_moments(-8.0)
    assert (mean, variance) == pytest.approx((0.0, 1.0), abs=1e-6)


def test_far_out_the_truncated_value_is_at_the_edge() -> None:
    assert 0.5 * erfc(7.0 / sqrt(2.0)) < exp(-20.0)
    assert truncated_moments(7.0) == (7.0, 0.0)
