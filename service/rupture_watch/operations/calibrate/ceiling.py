"""The value from which on a clinic's forms stand at the top, as its log shows it.

Answers pile up at the top: there the density is far higher than just below. The ceiling is the
lowest value from which a band of one and a quarter percent of the range holds at least twice as
many forms as the band below it. A clinic whose forms never reach the printed maximum, as where a
slider stops short of it, has its ceiling where they do stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.instruments import Scale

BAND: Final = 0.0125
"""Share of the range: half a point of the SRS, as the rule set's own tolerance (default)."""

LOOKED_AT: Final = 0.10
"""Share of the range below the highest form in which a pile is looked for (default)."""

PILE: Final = 2.0
LEAST_SHARE: Final = 0.02
"""A pile is twice as dense as what is below it, and at least 2 % of the forms (defaults)."""

_DIGITS = 6


def ceiling_in(values: Sequence[float], scale: Scale) -> float | None:
    """Return the ceiling that these values show, or None where they show no pile."""
    span = scale.high - scale.low
    band = BAND * span
    highest = max(values)
    least = LEAST_SHARE * len(values)
    candidates = sorted({value for value in values if value >= highest - LOOKED_AT * span})
    for candidate in candidates:
        if highest - candidate > band:
            continue  # what piles up here is not the top
        above = sum(value >= candidate for value in values)
        below = sum(candidate - band <= value < candidate for value in values)
        if above >= least and above >= PILE * max(below, 1):
            return round(candidate, _DIGITS)
    return None
