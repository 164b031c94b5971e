"""The tail of a beta distribution, without a library: the core stays plain."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

CONVERGED = 1e-12
STEPS = 200


def beta_tail(limit: float, a: float, b: float) -> float:
    """Return P(X > limit) for X ~ Beta(a, b), by the continued fraction of Lentz."""
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(limit) + b * log1p(-limit))
    if limit < (a + 1) / (a + b + 2):
        return 1.0 - front * _fraction(limit, a, b) / a
    return front * _fraction(1.0 - limit, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    result = d
    for m in range(1, STEPS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / (1.0 + numerator * d)
            c = 1.0 + numerator / c
            change = c * d
            result *= change
        if abs(change - 1.0) < CONVERGED:
            break
    return result
