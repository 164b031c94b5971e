"""Base rates of what is seen beside the ratings, and how much clients differ in them.

Beta-binomial by moments (Kleinman, JASA 1973): the mean over clients, and the concentration, which
is what the clinic's rate weighs against a client's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.operations.calibrate.readings import Counts

WEIGHTS: Final = (2.0, 20.0)
"""Concentrations outside of these are not told apart by clients of a usual length (default)."""

LEAST_RATE: Final = 0.002
"""No rate is held to be lower: a fact never seen yet is not impossible (default)."""


class Interval(NamedTuple):
    """A fitted number with its 95 % interval from a bootstrap by client."""

    value: float
    low: float
    high: float


class Rate(NamedTuple):
    """A base rate per session, and its weight in sessions; ``clients`` and ``facts`` behind it."""

    rate: Interval
    weight: Interval
    clients: int
    facts: int


def fit_rate(counts: Sequence[Counts], *, resamples: int, seed: int) -> Rate:
    """Fit one channel; ``counts`` are clients who have any fact of it."""
    seen = np.array([one.seen for one in counts])
    known = np.array([one.known for one in counts])
    rng = np.random.default_rng(seed)
    size = len(counts)
    drawn = rng.multinomial(size, np.full(size, 1.0 / size), size=resamples)
    found = np.array([_moments(seen, known, row) for row in (np.ones(size), *drawn)])
    low, high = np.percentile(found[1:], (2.5, 97.5), axis=0)
    rate, weight = (Interval(float(found[0, k]), float(low[k]), float(high[k])) for k in range(2))
    return Rate(rate, weight, size, round(float(known.sum())))


def _moments(seen: np.ndarray, known: np.ndarray, times: np.ndarray) -> tuple[float, float]:
    """Return mean and concentration where client i is in ``times[i]`` times."""
    facts = float(times @ known)
    mean = min(max(float(times @ seen) / facts, LEAST_RATE), 1.0 - LEAST_RATE)
    clients = float(times.sum())
    own = seen / known
    spread = float(times @ (known * (own - mean) ** 2))
    chance = mean * (1.0 - mean)
    excess = spread - chance * (clients - 1.0)
    room = chance * (facts - float(times @ known**2) / facts - (clients - 1.0))
    if excess <= 0.0 or room <= 0.0:
        return mean, WEIGHTS[1]
    correlation = min(excess / room, 0.999)
    return mean, min(max(1.0 / correlation - 1.0, WEIGHTS[0]), WEIGHTS[1])
