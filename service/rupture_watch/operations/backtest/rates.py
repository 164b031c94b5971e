"""Alarms per something, with an interval: a ratio of sums over cases, which are independent.

Delta method for ratio estimators (Cochran, Sampling Techniques, 1977, section 6.3): cases, not
sessions, are what was sampled, so that a client who sets off many alarms counts as one client.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

_MIDDLE = 1.96
"""Standard errors on either side of 95 % of a normal distribution."""


class Rate(NamedTuple):
    """A rate with the 95 % interval over cases."""

    value: float
    low: float
    high: float


class Ratio:
    """Sums over cases that a rate and its interval need; add a case at a time."""

    __slots__ = ("_counts", "_counts_squared", "_products", "_sizes", "_sizes_squared")

    def __init__(self) -> None:
        self._counts = self._sizes = 0.0
        self._counts_squared = self._sizes_squared = self._products = 0.0

    def add(self, count: float, size: float) -> None:
        """Add a case with ``count`` alarms in ``size`` units."""
        self._counts += count
        self._sizes += size
        self._counts_squared += count * count
        self._sizes_squared += size * size
        self._products += count * size

    def per(self, units: float) -> Rate | None:
        """Return alarms per ``units``, or None where nothing was counted over."""
        if not self._sizes:
            return None
        ratio = self._counts / self._sizes
        residual = (
            self._counts_squared - 2 * ratio * self._products + ratio * ratio * self._sizes_squared
        )
        margin = _MIDDLE * sqrt(max(0.0, residual)) / self._sizes
        return Rate(units * ratio, units * (ratio - margin), units * (ratio + margin))
