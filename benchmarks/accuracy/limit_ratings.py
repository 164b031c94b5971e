"""How likely a client's totals are under every course, for somebody who knows the client."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rupture_watch.operations.simulate import graded
from rupture_watch.operations.simulate.answers import GROWTH, LAYOUTS, GaussianClient

if TYPE_CHECKING:
    from rupture_watch.operations.simulate.graded import GradedClient

NOTHING: Final = 1e-300
"""Keeps logarithms finite."""


@dataclass(frozen=True)
class Moments:
    """Fall, noise and ceiling of every course: one row per session, one column per course."""

    fall: Any
    noise: Any
    ceiling: Any

    @cached_property
    def distinct(self) -> list[tuple[Any, Any]]:
        """The different pairs of fall and noise of each row, to a tenth, and where they stand."""
        found = []
        for fall, noise in zip(self.fall, self.noise, strict=True):
            both = np.round(np.stack([fall, noise]), 1)
            pairs, where = np.unique(both, axis=1, return_inverse=True)
            found.append((pairs, where.ravel()))
        return found


def upper_tail(z: Any) -> Any:
    """Return P(Z > z) of the standard normal to about 2e-4 (Page 1977)."""
    return 1 / (1 + np.exp(np.minimum(1.5976 * z + 0.07056 * z**3, 700)))


class GaussianRatings:
    """The likelihood of one client's totals under every course, session by session."""

    def __init__(self, truth: GaussianClient, instrument: str, moments: Moments) -> None:
        self._truth = truth
        self._layout = LAYOUTS[instrument]
        self._moments = moments
        self._last = np.zeros(moments.fall.shape[1])
        self._gap = 0

    def step(self, row: int, total: float | None) -> Any:
        """Return the log likelihood of a total, or 0 for none."""
        self._gap += 1
        if total is None:
            return 0.0
        moments, layout, truth = self._moments, self._layout, self._truth
        known = truth.phi**self._gap if row + 1 > self._gap else 0.0
        mean = known * self._last
        spread = np.sqrt(1 - known**2)
        growth = GROWTH * np.log(row + 1) / np.log(16)
        self._gap = 0
        fall, noise = moments.fall[row], moments.noise[row]
        ceiling = moments.ceiling[row]
        half = layout.step / 2
        edge = total - half if total >= layout.high else total
        deviation = ((edge - truth.level) / truth.spread - growth + fall) / noise
        z = (deviation - mean) / spread
        if total < layout.high:
            self._last = deviation
            width = layout.step / (truth.spread * noise * spread)
            density = width * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
            return np.log((1 - ceiling) * density + NOTHING)
        tail = upper_tail(z)
        hazard = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) / np.maximum(tail, 1e-12)
        self._last = mean + spread * np.minimum(hazard, np.maximum(z, 0) + 1)
        return np.log(ceiling + (1 - ceiling) * tail + NOTHING)


REACH: Final = np.linspace(-5.0, 3.0, 65)
"""Deviations from a client's usual level, on the latent scale, for which totals are tabled."""

COMMON: Final = np.linspace(-5.0, 5.0, 31)
"""Common fluctuation of a session, in own SD."""

DRAWS: Final = 200


class GradedRatings:
    """The same for the graded model.

    Every factor falls alike here, and sessions are independent: the filter knows neither the
    aspect of an episode nor the autocorrelation.
    """

    def __init__(self, truth: GradedClient, instrument: str, moments: Moments) -> None:
        """Table how likely each total is at each deviation."""
        self._truth = truth
        self._moments = moments
        layout = LAYOUTS[instrument]
        self._step, self._low, self._high = layout.step, layout.low, layout.high
        lines = instrument != "WAI-SR"
        self._table = _marks(truth) if lines else _grades(truth, layout.keys)
        heavy = (1 + COMMON**2 / 2) ** -2.5  # t with 4 degrees of freedom at variance 1
        self._weights = heavy / heavy.sum()
        self._unit = np.sqrt(truth.spread**2 + graded.MEASUREMENT**2)

    def step(self, row: int, total: float | None) -> Any:
        """Return the log likelihood of a total, or 0 for none."""
        if total is None:
            return 0.0
        pairs, where = self._moments.distinct[row]
        ceiling = self._moments.ceiling[row]
        growth = graded.growth_by(row + 1)
        deviation = (
            self._truth.spread * (growth + pairs[1][:, None] * COMMON)
            - pairs[0][:, None] * self._unit
        )
        column = self._table[:, round((total - self._low) / self._step)]
        places = np.clip((deviation - REACH[0]) / (REACH[1] - REACH[0]), 0, len(REACH) - 1)
        likely = (column[np.round(places).astype(int)] * self._weights).sum(axis=1)[where]
        at_ceiling = ceiling if total >= self._high else 0.0
        return np.log(at_ceiling + (1 - ceiling) * likely + NOTHING)


def _grades(truth: GradedClient, keys: Any) -> Any:
    """Return P(total | deviation) of the WAI-SR by convolving its items."""
    table = np.ones((len(REACH), 1))
    for factor, numbers in zip(truth.factors, keys.values(), strict=True):
        for number in numbers:
            slope = graded.DISCRIMINATIONS[number - 1]
            level = truth.level + factor + REACH[:, None] - graded.DIFFICULTIES[number - 1]
            above = 1 / (1 + np.exp(-slope * (level - np.array(graded.THRESHOLDS))))
            steps = np.hstack([np.ones((len(REACH), 1)), above, np.zeros((len(REACH), 1))])
            shares = steps[:, :-1] - steps[:, 1:]
            longer = np.zeros((len(REACH), table.shape[1] + 4))
            for answer in range(5):
                longer[:, answer : answer + table.shape[1]] += shares[:, answer, None] * table
            table = longer
    return table


def _marks(truth: GradedClient) -> Any:
    """Return P(total | deviation) of four lines in steps of .1, by a smoothed simulation."""
    bond, task, goal = truth.factors
    means = truth.level + np.array([bond, goal, task, (bond + task + goal) / 3])
    level = means + graded.OWN_WAY * truth.spread * _LUCK.ways + _LUCK.hand + REACH[:, None, None]
    place = 10 / (1 + np.exp(-graded.LINE_SLOPE * (level + graded.LINE_SHIFT)))
    place = np.where((place > graded.NEAR_THE_END) & _LUCK.snaps, 10.0, place)
    totals = np.minimum(np.round(place.sum(axis=2) * 10).astype(int), 400)
    rows = np.arange(len(REACH))[:, None] * 401
    counts = np.bincount((totals + rows).ravel(), minlength=len(REACH) * 401)
    table = counts.reshape(len(REACH), 401) / DRAWS
    # The very end keeps a mass of its own.
    return np.hstack([table[:, :-1] @ _LUCK.kernel, table[:, -1:]]) + 1e-6


class _Luck:
    """Random numbers of the simulated marks, the same for every client, and how to smooth."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        own = rng.normal(0, 1, (DRAWS, 3))
        self.ways = np.column_stack([own[:, 0], own[:, 2], own[:, 1], own.mean(axis=1)])
        self.hand = rng.normal(0, graded.LINE_NOISE, (DRAWS, 4))
        self.snaps = rng.random((DRAWS, 4)) < graded.SNAP
        apart = np.subtract.outer(np.arange(400), np.arange(400)) / 4
        kernel = np.exp(-(apart**2) / 2)
        self.kernel = kernel / kernel.sum(axis=1, keepdims=True)


_LUCK: Final = _Luck()
