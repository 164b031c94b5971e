"""All numbers that are fitted to one log: priors by scale, and base rates beside the ratings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from rupture_watch.alliance.instruments import TOTAL
from rupture_watch.alliance.strain.sources import OUTCOMES
from rupture_watch.operations.calibrate.ceiling import ceiling_in
from rupture_watch.operations.calibrate.failure import TooLittle
from rupture_watch.operations.calibrate.mixture import Mixture, fit, s0_of
from rupture_watch.operations.calibrate.rates import Interval, Rate, fit_rate
from rupture_watch.operations.calibrate.readings import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rupture_watch.alliance.instruments import Scale
    from rupture_watch.alliance.ruleset import RuleSet
    from rupture_watch.operations.calibrate.readings import Readings, SeriesName

LEAST_CLIENTS: Final = 40
LEAST_FORMS: Final = 300
LEAST_OF_A_CLIENT: Final = 3
"""Fewer clients with three forms, or fewer forms, leave a scale's spread too uncertain (defaults):
at 40 clients the interval of s0 is about a quarter wide."""

RESAMPLES: Final = 100

UNTELLABLE: Final = frozenset({"client_late", "provider_late"})
"""A clinic is known to record lateness by its first instance only: a rate of those would be one
of the late."""


class Prior(NamedTuple):
    """The fitted prior of one scale in its units; ``known`` is what the base rule set had.

    ``piled`` is the share of resamples that show the same ceiling, or any where none was taken.
    """

    known: Scale
    mean: Interval
    tau: Interval
    s0: Interval
    ceiling: float | None
    piled: float
    clients: int
    forms: int
    mixture: Mixture

    @property
    def scale(self) -> Scale:
        """The scale with the fitted numbers."""
        ceiling = self.known.ceiling if self.ceiling is None else self.ceiling
        mean = min(max(self.mean.value, self.known.low), self.known.high)
        return replace(self.known, mean=mean, tau=self.tau.value, s0=self.s0.value, ceiling=ceiling)


@dataclass(frozen=True)
class Fitted:
    """Everything that one log told; ``outcomes`` are rates of appointments."""

    priors: Mapping[SeriesName, Prior]
    channels: Mapping[str, Rate]
    outcomes: Mapping[str, Rate]
    skipped: Mapping[SeriesName, tuple[int, int]]
    """Series with too few clients or forms: (clients, forms)."""


class _Draws(NamedTuple):
    """The bootstrap: its seed, and how many resamples by client."""

    seed: int
    resamples: int


def fit_all(
    readings: Readings,
    base: RuleSet,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    progress: Callable[[int], object] | None = None,
) -> Fitted:
    """Fit all that the readings bear.

    Raises:
        TooLittle: not one instrument's total can be fitted.

    """
    priors: dict[SeriesName, Prior] = {}
    skipped: dict[SeriesName, tuple[int, int]] = {}
    for number, name in enumerate(readings.series(), start=1):
        values = [one for one in readings.values(name) if len(one) >= LEAST_OF_A_CLIENT]
        scale = base.registry.scale(*name)
        forms = sum(map(len, values))
        if scale is None or len(values) < LEAST_CLIENTS or forms < LEAST_FORMS:
            skipped[name] = len(values), forms
        else:
            priors[name] = _prior(values, scale, _Draws(seed, resamples))
        if progress is not None:
            progress(number)
    if not any(code == TOTAL for _, code in priors):
        raise TooLittle(_how_little(skipped))
    draws = _Draws(seed, resamples)
    return Fitted(priors, _channels(readings, draws), _outcomes(readings, draws), skipped)


def _how_little(skipped: Mapping[SeriesName, tuple[int, int]]) -> str:
    most = max(skipped.values(), default=(0, 0))
    return (
        f"too little to fit: needed are {LEAST_CLIENTS} clients with {LEAST_OF_A_CLIENT} forms "
        f"of one alliance measure, {LEAST_FORMS} forms in all; there are {most[0]} clients with "
        f"{most[1]} forms; keep the rule set that you have until then"
    )


def _prior(values: Sequence[Sequence[float]], known: Scale, draws: _Draws) -> Prior:
    ceiling, piled = _ceiling(values, known, draws.seed)
    scale = known if ceiling is None else replace(known, ceiling=ceiling)
    mixture = fit(values, scale, resamples=draws.resamples, seed=draws.seed)
    between, again = mixture.between, mixture.resampled
    return Prior(
        known,
        _interval(between.mean, [one.mean for one in again]),
        _interval(between.tau, [one.tau for one in again]),
        _interval(s0_of(scale, between), [s0_of(scale, one) for one in again]),
        ceiling,
        piled,
        len(values),
        sum(map(len, values)),
        mixture,
    )


def _ceiling(
    values: Sequence[Sequence[float]], scale: Scale, seed: int
) -> tuple[float | None, float]:
    """Return the ceiling, and in what share of 20 resamples by client it is the same one."""
    found = ceiling_in([value for one in values for value in one], scale)
    rng = np.random.default_rng(seed)
    same = 0
    resamples = 20
    for _ in range(resamples):
        drawn = rng.integers(len(values), size=len(values))
        again = ceiling_in([value for k in drawn for value in values[k]], scale)
        same += again == found
    return found, same / resamples


def _interval(value: float, again: Sequence[float]) -> Interval:
    low, high = np.percentile(again, (2.5, 97.5))
    return Interval(float(value), float(low), float(high))


def _channels(readings: Readings, draws: _Draws) -> dict[str, Rate]:
    names = sorted({name for one in readings.clients for name in one.rates})
    found = {}
    for name in names:
        rate = _rate([one.rates[name] for one in readings.clients if name in one.rates], draws)
        if rate is not None and name not in UNTELLABLE:
            found[name] = rate
    return found


def _outcomes(readings: Readings, draws: _Draws) -> dict[str, Rate]:
    known = [one.outcomes for one in readings.clients if sum(one.outcomes) > 0.0]
    found = {}
    for place, name in enumerate(OUTCOMES[1:], start=1):
        rate = _rate([Counts(counts[place], sum(counts)) for counts in known], draws)
        if rate is not None:
            found[name] = rate
    return found


def _rate(counts: Sequence[Counts], draws: _Draws) -> Rate | None:
    counts = [one for one in counts if one.known > 0.0]
    if len(counts) < LEAST_CLIENTS or sum(one.known for one in counts) < LEAST_FORMS:
        return None
    return fit_rate(counts, resamples=draws.resamples, seed=draws.seed)
