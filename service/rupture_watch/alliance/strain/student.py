"""Student's t with seven degrees of freedom: ratings have heavier tails than a normal curve.

Density up to a constant, and the exact upper tail (closed form for odd degrees of freedom:
Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.3).
"""

from __future__ import annotations

from math import atan, cos, erfc, exp, pi, sin, sqrt

_FREEDOM = 7.0
_ROOT = sqrt(_FREEDOM)
_FLOOR = 1e-9
"""Tails are divided by one another: none may be zero."""


def density(z: float) -> float:
    """Return the density at ``z``, relative to the density at 0."""
    power = 1.0 + z * z / _FREEDOM
    return 1.0 / (power * power * power * power)


def upper_tail(z: float) -> float:
    """Return the probability of a value above ``z``."""
    if z < 0.0:
        return 1.0 - upper_tail(-z)
    angle = atan(z / _ROOT)
    cosine = cos(angle)
    square = cosine * cosine
    series = cosine * (1.0 + square * (2.0 / 3.0 + square * (8.0 / 15.0)))
    return max(_FLOOR, 0.5 - (angle + sin(angle) * series) / pi)


def truncated_moments(z: float) -> tuple[float, float]:
    """Return mean and variance of a standard normal value known to be above ``z``.

    The normal curve stands in for t: only what a censored value teaches the level rests on it.
    """
    tail = 0.5 * erfc(z / sqrt(2.0))
    if tail < _FLOOR:
        return z, 0.0
    hazard = exp(-0.5 * z * z) / sqrt(2.0 * pi) / tail
    return hazard, max(0.0, 1.0 + z * hazard - hazard * hazard)
