"""A client's own level and spread of one value, learned as one goes.

Empirical Bayes as in the catalogue's own baseline (normal model, prior mean with a known ratio of
variances, scaled inverse chi-square spread), with weights: a value counts as much as it is
believed to be ordinary, and fades with every later one.
"""

from __future__ import annotations

from math import floor, log, sqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rupture_watch.alliance.instruments import Scale

HEADROOM = 0.5
"""Share of the range added above the top, so that no distance from there is zero (default)."""

FRACTIONS = 1 << 20
"""What is learned is kept in whole fractions of this size: exact as integers, equal everywhere."""


class Prior(NamedTuple):
    """Mean and spread ``tau`` between clients, spread ``s0`` within a client."""

    mean: float
    tau: float
    s0: float


class Expected(NamedTuple):
    """The next value's predictive distribution."""

    mean: float
    spread: float


def settle(value: float) -> float:
    """Return ``value`` in whole ``FRACTIONS``."""
    return floor(value * FRACTIONS + 0.5) / FRACTIONS


def distance(scale: Scale, value: float) -> float:
    """Return ``value`` on the scale x = -log(distance to a point above the top).

    So a fall counts for a little more near the top, where raters spread less; high stays good.
    """
    return -log(scale.high + HEADROOM * (scale.high - scale.low) - value)


def distance_prior(scale: Scale) -> Prior:
    """Return the scale's prior on the scale of ``distance``, to first order."""
    gap = scale.high + HEADROOM * (scale.high - scale.low) - scale.mean
    return Prior(-log(gap), scale.tau / gap, scale.s0 / gap)


class Level:
    """Weighted count, mean and sum of squares of one series."""

    __slots__ = ("count", "mean", "squares")

    def __init__(self, count: float = 0.0, mean: float = 0.0, squares: float = 0.0) -> None:
        self.count = count
        self.mean = mean
        self.squares = squares

    def expect(self, prior: Prior, freedom: float) -> Expected:
        """Return what the next value is expected to be; ``freedom`` weighs the prior spread."""
        mean, tau, s0 = prior
        count = self.count
        variance = s0 * s0
        weight = variance / (tau * tau)
        level = (weight * mean + count * self.mean) / (weight + count)
        known = freedom + count - 1.0 if count > 1.0 else freedom
        squares = freedom * variance + self.squares
        return Expected(level, sqrt(squares / known * (1.0 + 1.0 / (weight + count))))

    def enter(self, value: float, weight: float, forgetting: float, unseen: float = 0.0) -> None:
        """Let ``value`` teach the level; ``unseen`` is the variance that censoring hid."""
        count = self.count * forgetting + weight
        delta = value - self.mean
        step = delta * weight / count
        squares = self.squares * forgetting + weight * (delta * (delta - step) + unseen)
        self.count = settle(count)
        self.mean = settle(self.mean + step)
        self.squares = settle(squares)
