"""A client's own baseline: empirical-Bayes mean and spread, and an EWMA of the deviations.

The client is compared with themselves; the registry's priors (between-client mean ``M`` and
spread ``tau``, within-client spread ``s0``) only fill in while little is known. Normal model with
a known-ratio prior on the mean and a scaled inverse chi-square prior on the variance
(Gelman et al., Bayesian Data Analysis, ch. 3); EWMA after Roberts (1959), exact standardisation.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple, Protocol

PRIOR_RATINGS = 6.0
"""nu0: what the prior spread weighs, in ratings (default)."""

EWMA_WEIGHT = 0.3
EWMA_CLIP = 3.0
LONG_RUN = 40
EWMA_SPREADS = tuple(
    sqrt(EWMA_WEIGHT / (2.0 - EWMA_WEIGHT) * (1.0 - (1.0 - EWMA_WEIGHT) ** (2 * step)))
    for step in range(1, LONG_RUN + 1)
)
"""Standard deviation of the EWMA of standard normal values after each step."""

WINSOR_SPREADS = 2.0
WINSORISED_RATINGS = 6
"""Ratings of an open episode that enter clipped; later ones are the client's new normal."""


class Prior(Protocol):
    """What the registry says of one scale before the client is known."""

    @property
    def mean(self) -> float:
        """Mean over clients, M."""

    @property
    def tau(self) -> float:
        """Spread between clients."""

    @property
    def s0(self) -> float:
        """Spread within a client."""


class Deviation(NamedTuple):
    """One rating against the client's own ratings before it.

    ``z`` and ``ewma`` are signed so that positive is better; ``mean`` and ``spread`` (own SD) are
    in the instrument's units and rest on ``prior_ratings`` ratings.
    """

    value: float
    z: float
    ewma: float
    mean: float
    spread: float
    prior_ratings: int


class Baseline:
    """The course of one series; judge a value first, then let it enter.

    ``sign`` is +1 where high is good and -1 where high is bad. The EWMA takes in no deviation
    beyond ``clip``, lest one very deep dip speak for weeks.
    """

    __slots__ = (
        "_clip",
        "_prior",
        "_prior_mean",
        "_prior_ratio",
        "_prior_sum_of_squares",
        "_prior_z",
        "_sign",
        "count",
        "ewma_level",
        "ewma_steps",
        "mean",
        "squares",
        "winsorised",
    )

    def __init__(self, prior: Prior, sign: float = 1.0, clip: float = EWMA_CLIP) -> None:
        self._sign = sign
        self._clip = clip
        self._prior = prior
        self._prior_mean = prior.mean
        self._prior_ratio = prior.s0**2 / prior.tau**2
        self._prior_sum_of_squares = PRIOR_RATINGS * prior.s0**2
        self._prior_z = sqrt(prior.tau**2 + prior.s0**2)
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0
        self.ewma_level = 0.0
        self.ewma_steps = 0
        self.winsorised = 0

    def fork(self) -> Baseline:
        """Return an equal baseline that goes on by itself."""
        other = Baseline(self._prior, self._sign, self._clip)
        other.count, other.mean, other.squares = self.count, self.mean, self.squares
        other.ewma_level, other.ewma_steps = self.ewma_level, self.ewma_steps
        other.winsorised = self.winsorised
        return other

    @property
    def level(self) -> float:
        """The client's own mean, shrunk towards the registry's."""
        ratio = self._prior_ratio
        return (ratio * self._prior_mean + self.count * self.mean) / (ratio + self.count)

    @property
    def spread(self) -> float:
        """The client's own SD, shrunk towards the registry's."""
        freedom = PRIOR_RATINGS + max(self.count, 1) - 1.0
        return sqrt((self._prior_sum_of_squares + self.squares) / freedom)

    def prior_z(self, value: float) -> float:
        """Return how far ``value`` lies from what clients of this scale give at all."""
        return self._sign * (value - self._prior_mean) / self._prior_z

    def judge(self, value: float, least: int = 0) -> Deviation:
        """Compare ``value`` with the ratings before it.

        The EWMA moves only where at least ``least`` ratings are there to compare with.
        """
        count, ratio = self.count, self._prior_ratio
        weight = ratio + count
        level = (ratio * self._prior_mean + count * self.mean) / weight
        freedom = PRIOR_RATINGS + (count - 1.0 if count else 0.0)
        variance = (self._prior_sum_of_squares + self.squares) / freedom
        z = self._sign * (value - level) / sqrt(variance * (1.0 + 1.0 / weight))
        ewma = self._smooth(z) if count >= least else 0.0
        return Deviation(value, z, ewma, level, sqrt(variance), count)

    def _smooth(self, z: float) -> float:
        clipped = min(self._clip, max(-self._clip, z))
        self.ewma_level += EWMA_WEIGHT * (clipped - self.ewma_level)
        steps = self.ewma_steps
        self.ewma_steps = steps + 1
        return self.ewma_level / EWMA_SPREADS[steps if steps < LONG_RUN else -1]

    def enter(self, value: float, *, winsorise: bool) -> None:
        """Let ``value`` teach the baseline; inside an open episode it enters clipped."""
        if winsorise and self.winsorised < WINSORISED_RATINGS:
            self.winsorised += 1
            floor = self._sign * self.level - WINSOR_SPREADS * self.spread
            value = self._sign * max(self._sign * value, floor)
        self.count += 1
        delta = value - self.mean
        self.mean += delta / self.count
        self.squares += delta * (value - self.mean)

    def episode_ended(self) -> None:
        """Start the EWMA again, lest one deep dip echo, and allow the next episode its clip."""
        self.ewma_level = 0.0
        self.ewma_steps = 0
        self.winsorised = 0
