"""Every number that strain rests on; the rule set file replaces any of them.

Unless a source is given a number is a default: a round guess made before any data, as no public
session-by-session series of alliance ratings exists to estimate it from. ``calibrate`` fits them
to a clinic's own log, without labels. Whatever is impossible is refused with a ``ValueError``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from rupture_watch.alliance.strain.sources import (
    Appointments,
    Measured,
    YesNo,
    default_channels,
    default_measures,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_ROUNDING = 1e-6


def _shares(shares: Iterable[float], what: str) -> None:
    found = tuple(shares)
    if min(found) < 0.0 or sum(found) > 1.0:
        raise ValueError(f"{what} must be shares of 1")


@dataclass(frozen=True, slots=True)
class Onsets:
    """How often, per session of a steady case, each course begins (defaults).

    A few per cent in all; brief falls are the common form of a rupture, slow falls and withdrawal
    without a fall the rarer ones. ``compliance``: without a fall before it.
    """

    dip: float = 0.012
    deep_dip: float = 0.008
    slope: float = 0.004
    step: float = 0.003
    quiet: float = 0.004
    frame: float = 0.004
    compliance: float = 0.0005

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        falls = (self.dip, self.deep_dip, self.slope, self.step)
        _shares((*falls, self.quiet, self.frame, self.compliance), "onsets")


@dataclass(frozen=True, slots=True)
class Falls:
    """How deep each course falls, in the client's own spreads (defaults)."""

    dip: float = 1.6
    deep_dip: float = 3.0
    slope_stage: float = 0.6
    step: float = 2.5
    frame: float = 2.0
    repair: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        falls = (self.dip, self.deep_dip, self.slope_stage, self.step, self.frame, self.repair)
        if min(falls) <= 0.0:
            raise ValueError("falls must be positive")


@dataclass(frozen=True, slots=True)
class Ends:
    """How each course goes on at the next session: probabilities (defaults).

    After a dip: a second session of it, else compliance, repair, or simply afterwards; a slope
    that stops before its time goes the same ways. ``quiet``, ``hold``, ``afterwards`` and
    ``compliance`` are the probabilities of staying so.
    """

    second_dip: float = 0.35
    to_compliance: float = 0.12
    to_repair: float = 0.20
    slope_stops: float = 0.15
    quiet: float = 0.75
    hold: float = 0.85
    afterwards: float = 0.3
    compliance: float = 0.6

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        _shares((self.to_compliance, self.to_repair), "ends after a dip")
        for share in (self.second_dip, self.slope_stops, self.quiet, self.hold):
            _shares((share,), "ends")
        for share in (self.afterwards, self.compliance):
            _shares((share,), "ends")


@dataclass(frozen=True, slots=True)
class Patterns:
    """What a form looks like in sudden compliance: probabilities of its pattern (defaults).

    ``uniform``: the total at its ceiling, every item at its best; ``ceiling``: the total alone;
    ``lopsided``: every part but the bond at its ceiling; ``near``: within ``near_range`` of the
    range below the top; ``other``: anything else. ``own_uniform`` and ``own_lopsided`` are prior
    shares among an ordinary client's forms at, and below, the ceiling; ``weight`` theirs in forms.
    """

    uniform: float = 0.50
    ceiling: float = 0.15
    lopsided: float = 0.20
    near: float = 0.10
    other: float = 0.05
    near_range: float = 0.05
    own_uniform: float = 0.7
    own_lopsided: float = 0.03
    weight: float = 4.0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        patterns = (self.uniform, self.ceiling, self.lopsided, self.near, self.other)
        if min(patterns) <= 0.0 or abs(sum(patterns) - 1.0) > _ROUNDING:
            raise ValueError("patterns must be positive and add up to 1")
        for share in (self.near_range, self.own_uniform, self.own_lopsided):
            if not 0.0 < share < 1.0:
                raise ValueError("near_range and own shares must lie between 0 and 1")
        if self.weight <= 0.0:
            raise ValueError("weight must be positive")

    def of(self, pattern: str) -> float:
        """Return the probability of a pattern by its name."""
        probability: float = getattr(self, pattern)
        return probability


@dataclass(frozen=True, slots=True)
class StrainParameters:
    """All parameters of strain.

    ``freedom`` is nu0, the weight of the prior spread in ratings, as in the own baseline of the
    catalogue. ``forgetting`` is what a session's weight keeps per later session; ``clip`` bounds a
    value's pull on the own level, in own spreads; ``least_weight`` is what the least ordinary
    value still weighs (left out altogether, each false alarm would shrink the spread).
    ``first_session`` is the first one at which a course may begin. ``measure_clip`` bounds one
    measured value's log ratio; ``quiet_noise`` is how much of their spread ratings keep in quiet
    withdrawal (catalogue, K3: half; more here, lest an even rater be held for a quiet one).
    ``limit`` and ``compliance_limit`` are log odds: about 2 and .5 alarms per 100 rated sessions
    of simulated cases to whom nothing happens.
    """

    onsets: Onsets = Onsets()
    falls: Falls = Falls()
    ends: Ends = Ends()
    patterns: Patterns = Patterns()
    channels: Mapping[str, YesNo] = field(
        default_factory=lambda: MappingProxyType(default_channels())
    )
    measures: Mapping[str, Measured] = field(
        default_factory=lambda: MappingProxyType(default_measures())
    )
    appointments: Appointments = field(default_factory=Appointments)
    freedom: float = 6.0
    forgetting: float = 0.97
    clip: float = 2.5
    least_weight: float = 0.5
    first_session: int = 3
    measure_clip: float = 3.0
    quiet_noise: float = 0.7
    limit: float = -1.5
    compliance_limit: float = -2.75

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name in ("freedom", "clip", "measure_clip", "quiet_noise"):
            if getattr(self, name) <= 0.0:
                raise ValueError(f"{name} must be positive")
        for name in ("forgetting", "least_weight"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be above 0 and at most 1")
