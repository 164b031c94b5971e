"""The tail of the Beta distribution against closed forms and against plain summation."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.alliance.rules.beta import beta_tail

CELLS = 20_000


def summed(limit: float, a: float, b: float) -> float:
    """Return P(X > limit) by the midpoint rule; good for a, b >= 1."""
    width = (1.0 - limit) / CELLS
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    middles = (limit + (cell + 0.5) * width for cell in range(CELLS))
    return width * sum(exp(scale + (a - 1) * log(x) + (b - 1) * log1p(-x)) for x in middles)


@pytest.mark.parametrize(
    ("limit", "a", "b", "expected"),
    [
        (0.3, 1.0, 1.0, 0.7),
        (0.5, 2.0, 1.0, 0.75),
        (0.2, 1.0, 3.0, 0.512),
        (0.25, 2.0, 2.0, 0.84375),
        (0.9, 2.0, 2.0, 0.028),
        (0.5, 7.0, 7.0, 0.5),
    ],
)
def test_the_tail_has_its_closed_form(limit: float, a: float, b: float, expected: float) -> None:
    assert beta_tail(limit, a, b) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("missed", "kept"), [(0, 0), (1, 0), (2, 2), (3, 1), (4, 12), (1, 30), (9, 9)]
)
def test_the_rate_of_no_shows_has_the_tail_of_its_posterior(missed: int, kept: int) -> None:
    a, b = 1.2 + missed, 8.8 + kept

    assert beta_tail(0.24, a, b) == pytest.approx(summed(0.24, a, b), abs=1e-6)


@given(st.floats(0.05, 0.95), st.integers(0, 40), st.integers(0, 200))
def test_the_tail_is_a_probability_that_grows_with_every_miss(
    limit: float, missed: int, kept: int
) -> None:
    tail = beta_tail(limit, 1.2 + missed, 8.8 + kept)

    assert -1e-9 <= tail <= 1 + 1e-9
    assert beta_tail(limit, 2.2 + missed, 8.8 + kept) >= tail - 1e-9
    assert beta_tail(limit, 1.2 + missed, 9.8 + kept) <= tail + 1e-9
