"""What else than the rating speaks for or against a rupture, and how strongly.

A code says what one sees while a case is in some state; an effect says how much that code raises
the odds of a fact, or shifts a value. All effects are round defaults of about odds 2 for what is
plainly bad, more where the fact is part of what the state means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from rupture_watch.alliance.strain.level import Prior

if TYPE_CHECKING:
    from rupture_watch.alliance.instruments import Scale

CODES = ("normal", "rupture", "after", "quiet", "comply", "repair", "frame", "strained")
"""``strained`` is the fall after a break of the frame."""

OUTCOMES = ("attended", "no_show", "late_cancel", "early_cancel", "provider_cancel")

Effects: TypeAlias = Mapping[str, float]
"""By code; where a code is absent all is as in ``normal``."""


def effects(**by_code: float) -> Effects:
    """Return effects by code."""
    return MappingProxyType(by_code)


def _check(given: Effects) -> None:
    if unknown := sorted(set(given) - set(CODES[1:])):
        raise ValueError(f"no such effect: {', '.join(unknown)} (one of {', '.join(CODES[1:])})")


@dataclass(frozen=True, slots=True)
class YesNo:
    """A fact that is there or not: clinic rate, its weight in sessions, log odds by code."""

    rate: float
    weight: float
    effects: Effects

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        _check(self.effects)
        if not 0.0 < self.rate < 1.0 or self.weight <= 0.0:
            raise ValueError("rate must lie between 0 and 1, weight must be positive")


@dataclass(frozen=True, slots=True)
class Measured:
    """A value judged against the client's own earlier ones: shift in own spreads by code.

    ``mean``, ``tau`` and ``s0`` are its prior where the value has no scale of its own; where it
    has, its prior mean lies ``below`` the scale's by so many ``tau``. ``two_sided``: a positive
    shift may go either way.
    """

    effects: Effects
    mean: float = 0.0
    tau: float = 1.0
    s0: float = 1.0
    below: float = 0.0
    two_sided: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        _check(self.effects)
        if self.tau <= 0.0 or self.s0 <= 0.0:
            raise ValueError("tau and s0 must be positive")

    def prior(self, scale: Scale | None) -> Prior:
        """Return what is expected before the client is known."""
        if scale is None:
            return Prior(self.mean, self.tau, self.s0)
        return Prior(scale.mean - self.below * scale.tau, scale.tau, scale.s0)


def _default_rates() -> Mapping[str, float]:
    # The no-show rate is the rule catalogue's (section 8).
    return MappingProxyType(
        {"no_show": 0.12, "late_cancel": 0.04, "early_cancel": 0.05, "provider_cancel": 0.02}
    )


def _default_effects() -> Mapping[str, Effects]:
    missed = effects(after=0.7, quiet=1.4, comply=0.7, strained=0.3)
    return MappingProxyType(
        {
            "no_show": missed,
            "late_cancel": missed,
            "early_cancel": effects(quiet=0.4),
            "provider_cancel": effects(frame=3.0),
        }
    )


@dataclass(frozen=True, slots=True)
class Appointments:
    """Outcomes of appointments: clinic rates, their weight, log multipliers by outcome and code.

    ``attended`` is the rest. ``weight`` is in appointments (beta concentration 4 to 10: rule
    catalogue, section 8).
    """

    rates: Mapping[str, float] = field(default_factory=_default_rates)
    weight: float = 8.0
    effects: Mapping[str, Effects] = field(default_factory=_default_effects)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if set(self.rates) != set(OUTCOMES[1:]):
            raise ValueError(f"rates must be of {', '.join(OUTCOMES[1:])}")
        if min(self.rates.values()) <= 0.0 or sum(self.rates.values()) >= 1.0 or self.weight <= 0.0:
            raise ValueError("rates must be positive and below 1 in all, weight must be positive")
        if unknown := sorted(set(self.effects) - set(OUTCOMES)):
            raise ValueError(f"no such outcome: {', '.join(unknown)}")
        for by_code in self.effects.values():
            _check(by_code)


def default_channels() -> dict[str, YesNo]:
    """Return the yes/no facts: clinic rates and weights are defaults as well."""
    return {
        "missing_form": YesNo(0.10, 6.0, effects(rupture=0.7, after=0.7, quiet=1.8, strained=0.7)),
        "client_late": YesNo(
            0.10, 6.0, effects(rupture=0.7, after=0.5, quiet=1.0, comply=0.4, strained=0.7)
        ),
        "provider_late": YesNo(0.05, 6.0, effects(frame=1.5, strained=1.5)),
        "homework_undone": YesNo(
            0.33,
            6.0,
            effects(rupture=0.7, after=0.5, quiet=0.7, comply=0.8, repair=-0.3, strained=0.7),
        ),
        # Therapists note a minority of ruptures: odds 7 of a rare note are about one in four.
        "therapist_sees_rupture": YesNo(
            0.05,
            8.0,
            effects(rupture=2.0, after=1.0, quiet=0.7, comply=0.2, repair=1.5, strained=1.8),
        ),
        "alliance_discussed": YesNo(
            0.10, 8.0, effects(rupture=1.0, after=1.0, comply=-0.7, repair=2.0, strained=1.0)
        ),
        "frame_break": YesNo(0.03, 8.0, effects(frame=3.0, strained=2.0)),
    }


def default_measures() -> dict[str, Measured]:
    """Return the measured values; ``bond_gap`` is the bond against the form's other parts."""
    return {
        # Therapists rate .41 SD below their clients (rule catalogue, section 8).
        "therapist_form": Measured(
            effects(rupture=-0.7, after=-0.2, quiet=-0.2, comply=-0.5, strained=-0.7), below=0.41
        ),
        # Natural logarithm of milliseconds: a minute, give or take a factor of two.
        "log_duration": Measured(effects(comply=-1.0, quiet=-0.3), mean=11.0, tau=0.6, s0=0.35),
        "bond_gap": Measured(
            effects(rupture=0.9, comply=-0.9, strained=0.9), tau=0.8, s0=1.0, two_sided=True
        ),
    }
