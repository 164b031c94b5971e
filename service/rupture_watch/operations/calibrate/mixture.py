"""Levels and spreads of a clinic's clients from unlabelled ratings: empirical Bayes on a grid.

A client has a level m (instrument's units) and a spread s (on the filter's scale x, see
``alliance.strain.level``). A rating is normal around x(m), censored at the ceiling. In some clients
a few ratings are pulled down by a rupture: those follow Student's t (7) one of two falls lower, the
filter's own alternatives. So the ruptures that are in every log hardly widen the spread or lower
the level, without anybody having marked them.

Each client's likelihood at every node (m, s) of a grid is worked out once. Between clients m is
normal and log s is normal; their means and spreads follow by EM on the marginal likelihood, and a
bootstrap by client, all resamples at once, by the same steps (Robbins 1956; Efron, Large-Scale
Inference, 2010; EM: Dempster, Laird and Rubin 1977). A few unrestricted EM steps from there give
the joint distribution of levels and spreads as it is, skewed where it is (smoothing by
roughening: Shen and Louis, Statistics in Medicine 1999): null clients are drawn from that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, log, sqrt
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rupture_watch.alliance.strain.level import HEADROOM, distance, distance_prior
from rupture_watch.alliance.strain.parameters import Falls
from rupture_watch.alliance.strain.student import upper_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.instruments import Scale

Array: TypeAlias = NDArray[np.float64]

LEVELS: Final = 48
SPREADS: Final = 28
SPREAD_REACH: Final = (0.2, 5.0)
"""The grid: spreads from a fifth to five times the registry's."""

ABOVE: Final = 0.35
"""Share of the range above the top up to which latent levels are looked for."""

BELOW: Final = 0.05
"""Ratings below this quantile say nothing about where usual levels begin."""

PULLED_DOWN: Final = 0.15
"""Share of ratings that a rupture pulls down in a client who has one: two of 14 (default)."""

RUPTURED: Final = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Shares of clients with a rupture, of which the likeliest is taken; every clinic has some."""

STEPS: Final = 80
RESAMPLED_STEPS: Final = 20
ROUGHENING_STEPS: Final = 15
"""EM steps: fit, fit of a resample from there, unrestricted."""

LEAST_TAU: Final = 0.02
LEAST_LOG_SPREAD: Final = 0.1
"""Clients differ at least so much: in level, as a share of the range, and in log spread (defaults).
Else a log of very similar clients would have EM contract to a point."""

_FREEDOM = 7.0
_T_HEIGHT = 0.385
"""Density of Student's t (7) at its mode."""

_TINY = 1e-300


class Between(NamedTuple):
    """How clients differ: level (units), and log of the spread (filter's scale)."""

    mean: float
    tau: float
    log_spread: float
    log_spread_sd: float


@dataclass(frozen=True)
class Mixture:
    """Fitted clients of one series.

    ``joint`` weighs every node; ``levels`` and ``spreads`` are the nodes' coordinates, spreads in
    units at the level itself. ``resampled`` are the fits of the bootstrap, ``ruptured`` is the
    likeliest share of clients with a rupture.
    """

    between: Between
    resampled: tuple[Between, ...]
    ruptured: float
    levels: Array
    spreads: Array
    joint: Array


def s0_of(scale: Scale, between: Between) -> float:
    """Return the mean spread in the instrument's units, as the registry states it."""
    mean = exp(between.log_spread + between.log_spread_sd**2 / 2.0)
    return mean * _gap(scale, between.mean)


def _gap(scale: Scale, level: float) -> float:
    return scale.high + HEADROOM * (scale.high - scale.low) - level


def fit(series: Sequence[Sequence[float]], scale: Scale, *, resamples: int, seed: int) -> Mixture:
    """Fit clients to their ratings, high good, ``scale`` with the ceiling to censor at."""
    grid = _Grid(series, scale)
    steady, ruptured = grid.likelihoods(0.0), grid.likelihoods(PULLED_DOWN)
    tables = [_either(steady, ruptured, share) for share in RUPTURED]
    ones = np.ones((1, len(series)))
    fits = [_climb(table, grid, ones, grid.start(scale), STEPS) for table in tables]
    best = int(
        np.argmax([_marginal(table, grid, one) for table, one in zip(tables, fits, strict=True)])
    )
    table, between = tables[best], fits[best]
    rng = np.random.default_rng(seed)
    count = len(series)
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=resamples).astype(float)
    again = np.repeat(between, resamples, axis=0)
    resampled = _climb(table, grid, drawn, again, RESAMPLED_STEPS)
    return Mixture(
        Between(*map(float, between[0])),
        tuple(Between(*map(float, row)) for row in resampled),
        RUPTURED[best],
        grid.levels,
        grid.spreads * np.array([_gap(scale, level) for level in grid.levels]),
        _roughened(table, grid.weights(between)[0]),
    )


class _Grid:
    """Nodes, and what each client's ratings say at each of them."""

    def __init__(self, series: Sequence[Sequence[float]], scale: Scale) -> None:
        values = np.concatenate([np.asarray(one, float) for one in series])
        ceiling = scale.high if scale.ceiling is None else scale.ceiling
        self._is_capped = values >= ceiling
        self._x = np.array([distance(scale, value) for value in values])
        self._first = np.cumsum([0, *(len(one) for one in series)])[:-1]
        self._top = distance(scale, ceiling)
        lowest = max(scale.low, float(np.quantile(values, BELOW)) - 0.1 * (scale.high - scale.low))
        highest = scale.high + ABOVE * (scale.high - scale.low)
        places = np.linspace(distance(scale, lowest), distance(scale, highest), LEVELS)
        low, high = (log(reach * distance_prior(scale).s0) for reach in SPREAD_REACH)
        logs = np.linspace(low, high, SPREADS)
        self._places, self._logs = places, logs
        top = scale.high + HEADROOM * (scale.high - scale.low)
        self.levels: Array = np.tile(top - np.exp(-places), SPREADS)
        self.log_spreads: Array = np.repeat(logs, LEVELS)
        self.spreads: Array = np.exp(self.log_spreads)
        self.least_tau = LEAST_TAU * (scale.high - scale.low)
        self._width: Array = np.tile(np.exp(-places), SPREADS)

    def start(self, scale: Scale) -> Array:
        """Return where EM begins: the registry's prior."""
        prior = distance_prior(scale)
        return np.array([[scale.mean, scale.tau, log(prior.s0), 0.35]])

    def likelihoods(self, pulled_down: float) -> Array:
        """Return log likelihoods by client and node, up to a constant of the client."""
        falls = Falls()
        rows = []
        for log_spread in self._logs:
            spread = exp(log_spread)
            z = (self._x[:, None] - self._places[None, :]) / spread
            ordinary = np.exp(-0.5 * z * z) / 2.5066
            low = (_student(z + falls.dip) + _student(z + falls.deep_dip)) / 2.0
            density = ((1.0 - pulled_down) * ordinary + pulled_down * low) / spread
            density[self._is_capped] = self._capped(spread, pulled_down)
            rows.append(np.add.reduceat(np.log(density + _TINY), self._first, axis=0))
        table: Array = np.concatenate(rows, axis=1)
        return table

    def _capped(self, spread: float, pulled_down: float) -> Array:
        """Return the probability of a rating at the ceiling, by level."""
        falls = Falls()
        found = []
        for place in self._places:
            z = (self._top - place) / spread
            low = (upper_tail(z + falls.dip) + upper_tail(z + falls.deep_dip)) / 2.0
            found.append((1.0 - pulled_down) * _normal_tail(z) + pulled_down * low)
        return np.array(found)

    def weights(self, between: Array) -> Array:
        """Return every node's prior weight, a row for each row of ``between``."""
        mean, tau, log_spread, sd = (between[:, [k]] for k in range(4))
        level = -0.5 * ((self.levels - mean) / tau) ** 2 + np.log(self._width)
        spread = -0.5 * ((self.log_spreads - log_spread) / sd) ** 2
        weights = np.exp(level + spread) + _TINY
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _either(steady: Array, ruptured: Array, share: float) -> Array:
    """Return log likelihoods of clients of whom a share has a rupture."""
    return np.logaddexp(log(1.0 - share) + steady, log(share) + ruptured)


def _normal_tail(z: float) -> float:
    return 0.5 * erfc(z / sqrt(2.0))


def _student(z: Array) -> Array:
    power = 1.0 + z * z / _FREEDOM
    return np.asarray(_T_HEIGHT / (power * power * power * power))


def _scaled(table: Array) -> Array:
    return np.asarray(np.exp(table - table.max(axis=1, keepdims=True)))


def _climb(table: Array, grid: _Grid, counts: Array, between: Array, steps: int) -> Array:
    """Take EM steps for every row of ``counts`` (how often each client is in) at once."""
    likelihood = _scaled(table)
    levels, logs = grid.levels, grid.log_spreads
    clients = counts.sum(axis=1, keepdims=True)
    for _ in range(steps):
        weights = grid.weights(between)
        shares = counts / (likelihood @ weights.T).T
        joint = weights * (shares @ likelihood) / clients
        mean = joint @ levels
        spread = joint @ logs
        tau = np.sqrt(np.maximum(joint @ levels**2 - mean**2, grid.least_tau**2))
        sd = np.sqrt(np.maximum(joint @ logs**2 - spread**2, LEAST_LOG_SPREAD**2))
        between = np.stack([mean, tau, spread, sd], axis=1)
    return between


def _marginal(table: Array, grid: _Grid, between: Array) -> float:
    peaks = table.max(axis=1)
    return float(np.sum(np.log(_scaled(table) @ grid.weights(between)[0]) + peaks))


def _roughened(table: Array, weights: Array) -> Array:
    likelihood = _scaled(table)
    for _ in range(ROUGHENING_STEPS):
        shares = 1.0 / (likelihood @ weights)
        weights = weights * (shares @ likelihood) / len(likelihood)
    return np.asarray(weights / weights.sum())
