"""What clients and therapists do besides rating: how often, and how an episode changes it.

Every rate has a client of its own (beta distributions); an episode multiplies its odds. Sources
where there are any stand beside the number; the others are defaults of this simulation. The two
tables differ on purpose: detectors must not depend on one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.operations.simulate.episodes import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random


class Conduct(NamedTuple):
    """How one state changes conduct.

    ``missing``, ``no_show``, ``late_cancel``, ``late`` and ``undone`` multiply the odds of a
    missing form, a missed appointment, a cancellation inside 24 hours, lateness and homework not
    done. ``sees`` and ``talks`` are the probabilities that the therapist notes a rupture and that
    the alliance is talked about. ``haste`` multiplies the time that a form takes.
    """

    missing: float = 1.0
    no_show: float = 1.0
    late_cancel: float = 1.0
    late: float = 1.0
    undone: float = 1.0
    sees: float = 0.04
    talks: float = 0.06
    haste: float = 1.0


RULES: Final[Mapping[State, Conduct]] = {
    State.STEADY: Conduct(),
    State.RUPTURE: Conduct(2.5, 2.5, 2.5, 2.0, 2.5, 0.35, 0.15),
    State.AFTER: Conduct(1.3, 1.3, 1.3, 1.2, 1.3, 0.15, 0.25),
    State.QUIET: Conduct(7.0, 4.0, 3.0, 2.0, 2.0, 0.10, 0.05, 0.7),
    State.COMPLY: Conduct(1.5, 2.5, 2.5, 1.5, 3.0, 0.08, 0.03, 0.6),
    State.REPAIR: Conduct(0.8, 0.7, 0.7, 1.0, 0.7, 0.30, 0.65),
    State.FRAME: Conduct(2.0, 2.0, 2.0, 2.0, 1.5, 0.30, 0.20),
}

ITEMS: Final[Mapping[State, Conduct]] = {
    State.STEADY: Conduct(talks=0.10),
    State.RUPTURE: Conduct(1.8, 2.0, 1.6, 1.5, 2.0, 0.25, 0.20, 1.2),
    State.AFTER: Conduct(1.5, 1.5, 1.2, 1.0, 1.5, 0.20, 0.25),
    State.QUIET: Conduct(5.0, 3.0, 4.0, 2.5, 1.5, 0.06, 0.08, 0.85),
    State.COMPLY: Conduct(1.2, 2.0, 3.0, 1.2, 2.0, 0.05, 0.08, 0.75),
    State.REPAIR: Conduct(1.0, 0.8, 0.8, 1.0, 0.8, 0.40, 0.50),
    State.FRAME: Conduct(1.6, 2.5, 2.0, 2.5, 2.0, 0.20, 0.15),
}
"""Therapists recognise a minority of the ruptures that observers see (Eubanks, Muran and Safran
2018): ``sees`` stays well below one half in both tables."""


def tilt(rate: float, odds: float) -> float:
    """Return ``rate`` with its odds multiplied."""
    return rate * odds / (1.0 - rate + rate * odds)


def personal(rng: Random, mean: float, concentration: float) -> float:
    """Draw one person's own rate from a beta distribution."""
    return rng.betavariate(mean * concentration, (1 - mean) * concentration)


class Habits(NamedTuple):
    """One client's own rates while all is steady, per session or appointment."""

    missing: float
    no_show: float
    late_cancel: float
    early_cancel: float
    reschedule: float
    late: float
    undone: float


def draw_habits(rng: Random) -> Habits:
    """Draw one client's habits.

    No-shows: 12 % on average, very unequal between clients (beta concentration 4 to 10). The
    rest are defaults.
    """
    return Habits(
        missing=personal(rng, 0.08, 8),
        no_show=personal(rng, 0.12, rng.uniform(4, 10)),
        late_cancel=personal(rng, 0.025, 20),
        early_cancel=personal(rng, 0.05, 20),
        reschedule=personal(rng, 0.04, 20),
        late=personal(rng, 0.06, 8),
        undone=personal(rng, 0.3, 6),
    )
