"""The pattern of a client's form, by which sudden compliance shows: how much stands at the top."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.instruments import Scale

TOTAL = "total"
BOND = "bond"

UNIFORM = "uniform"
CEILING = "ceiling"
LOPSIDED = "lopsided"
NEAR = "near"
OTHER = "other"

_LEAST = 1e-3
"""No pattern is held to be rarer than this in ordinary sessions."""


def ceiling_of(scale: Scale) -> float:
    """Return the value from which on a scale is at its ceiling."""
    return scale.high if scale.ceiling is None else scale.ceiling


def near_top(scale: Scale, near_range: float) -> float:
    """Return the value from which on a form is near the top."""
    return scale.high - near_range * (scale.high - scale.low)


def pattern_of(
    main: str,
    scales: Mapping[str, Scale],
    values: Mapping[str, float],
    *,
    near_range: float,
    uniform: bool,
) -> str:
    """Return the pattern of a form that is judged by its series ``main``."""
    scale, value = scales[main], values[main]
    if value >= ceiling_of(scale):
        return UNIFORM if uniform else CEILING
    others = [series for series in values if series not in (TOTAL, BOND)]
    if others and all(values[series] >= ceiling_of(scales[series]) for series in others):
        return LOPSIDED
    return NEAR if value >= near_top(scale, near_range) else OTHER


def ordinarily(
    pattern: str, *, reached: float, nearly: float, uniform: float, lopsided: float
) -> float:
    """Return how probable a pattern is in an ordinary session of this client.

    ``reached`` and ``nearly`` are the probabilities of a value at the ceiling, and at least near
    the top; ``uniform`` and ``lopsided`` the own shares among forms at, and below, the ceiling.
    """
    if pattern == UNIFORM:
        probability = reached * uniform
    elif pattern == CEILING:
        probability = reached * (1.0 - uniform)
    elif pattern == LOPSIDED:
        probability = (1.0 - reached) * lopsided
    elif pattern == NEAR:
        probability = (nearly - reached) * (1.0 - lopsided)
    else:
        probability = (1.0 - nearly) * (1.0 - lopsided)
    return max(_LEAST, probability)


def bond_gap(scales: Mapping[str, Scale], values: Mapping[str, float]) -> float | None:
    """Return how far the bond stands above the other parts, each in its usual spread.

    None without the bond or without another part.
    """
    if BOND not in values:
        return None
    others, parts = 0.0, 0
    for series, value in values.items():
        if series not in (TOTAL, BOND):
            others += (value - scales[series].mean) / scales[series].s0
            parts += 1
    if not parts:
        return None
    return (values[BOND] - scales[BOND].mean) / scales[BOND].s0 - others / parts
