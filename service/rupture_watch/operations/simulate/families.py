"""Two families of simulated clients: the one the rules describe, and one they never saw.

``rules``: Gaussian totals with the registry's priors and the episode shapes that the rules'
operating points come from. ``items``: graded responses, heavy tails, other shapes, other odds.
Limits may be chosen on the first; the second only ever measures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from rupture_watch.operations.simulate import conduct
from rupture_watch.operations.simulate.answers import GaussianClient, Respondent
from rupture_watch.operations.simulate.clients import INSTRUMENTS, Feeds, draw_feeds
from rupture_watch.operations.simulate.conduct import draw_habits
from rupture_watch.operations.simulate.dice import chance
from rupture_watch.operations.simulate.episodes import (
    AFTER,
    SHAPES,
    Episode,
    Kind,
    Moment,
    Shape,
    State,
)
from rupture_watch.operations.simulate.graded import GradedClient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from rupture_watch.operations.simulate.conduct import Conduct, Habits


class Respond(Protocol):
    """Makes the respondent of one case."""

    def __call__(
        self, rng: Random, instrument: str, *, spread: float, phi: float, aspect: str
    ) -> Respondent:
        """Draw one respondent; arguments as of ``GaussianClient``."""
        ...


@dataclass(frozen=True)
class Family:
    """Everything that two simulations may disagree about.

    ``autocorrelation`` is the range from which each client's AR(1) coefficient is drawn;
    ``instruments`` are shares by code, ``habits`` and ``feeds`` draw one client's.
    """

    name: str
    respond: Respond
    shapes: Mapping[Kind, tuple[float, Shape]]
    conduct: Mapping[State, Conduct]
    autocorrelation: tuple[float, float]
    instruments: Mapping[str, float] = field(default_factory=lambda: INSTRUMENTS)
    habits: Callable[[Random], Habits] = draw_habits
    feeds: Callable[[Random, str], Feeds] = draw_feeds


def _fading_dip(rng: Random, onset: int, size: float) -> Episode:
    """A fall at once that fades by half or two thirds a session."""
    keep = rng.uniform(0.15, 0.5)
    course = (
        Moment(State.RUPTURE, size),
        Moment(State.AFTER, size * keep),
        Moment(State.AFTER, size * keep**2),
    )
    return Episode(Kind.DIP, onset, onset, size, repaired=True, course=course)


def _abrupt_compliance(rng: Random, onset: int, size: float) -> Episode:
    """One to three uneven low sessions, then the maximum, now and then with a point off."""
    low = tuple(
        Moment(State.RUPTURE, size * rng.uniform(0.6, 1.1)) for _ in range(rng.randint(1, 3))
    )
    jump = onset + len(low)
    course = (*low, Moment(State.COMPLY, -0.5, 0.5, 0.9), Moment(State.COMPLY, -0.5, 0.5, 0.85))
    rest = Moment(State.COMPLY, -0.5, 0.6, 0.6)
    return Episode(
        Kind.COMPLIANCE, onset, jump + 1, size, repaired=False, course=course, rest=rest, jump=jump
    )


def _gradual_repair(rng: Random, onset: int, size: float) -> Episode:
    """One or two low sessions, then back over one to three."""
    low = (Moment(State.RUPTURE, size),) * rng.randint(1, 2)
    steps = rng.randint(1, 3)
    back = tuple(Moment(State.REPAIR, size * (1 - (k + 1) / steps)) for k in range(steps))
    return Episode(
        Kind.REPAIR,
        onset,
        onset + len(low) - 1,
        size,
        repaired=True,
        course=low + back,
        jump=onset + len(low),
    )


def _bending_slope(rng: Random, onset: int, size: float) -> Episode:
    """A fall that gets steeper over three to seven sessions, then stays."""
    length = rng.randint(3, 7)
    course = tuple(Moment(State.RUPTURE, size * ((k + 1) / length) ** 1.6) for k in range(length))
    rest = Moment(State.AFTER, size * 0.9)
    return Episode(
        Kind.SLOPE, onset, onset + length - 1, size, repaired=False, course=course, rest=rest
    )


def _sagging_step(rng: Random, onset: int, size: float) -> Episode:
    """A fall at once of which a part is made good in the long run."""
    course = tuple(Moment(State.RUPTURE, size * rng.uniform(0.8, 1.1)) for _ in range(3))
    rest = Moment(State.AFTER, size * 0.7)
    return Episode(Kind.STEP, onset, onset + 2, size, repaired=False, course=course, rest=rest)


def _fading_out(rng: Random, onset: int, _: float) -> Episode:
    """Ratings that lose their movement step by step while the client stays away more and more."""
    drift = rng.uniform(-0.2, 0.5)
    course = tuple(Moment(State.QUIET, drift, max(0.25, 0.8 - 0.12 * k)) for k in range(6))
    return Episode(
        Kind.QUIET,
        onset,
        onset + 5,
        0.0,
        repaired=False,
        course=course,
        rest=Moment(State.QUIET, drift, 0.25),
    )


def _strained_frame(rng: Random, onset: int, size: float) -> Episode:
    """A break by the clinic, then one to three low sessions of falling depth."""
    length = rng.randint(1, 3)
    low = tuple(Moment(State.FRAME, size * (1 - 0.25 * k)) for k in range(length))
    return Episode(
        Kind.FRAME,
        onset,
        onset + length - 1,
        size,
        repaired=chance(rng, 0.6),
        course=(*low, AFTER),
    )


FAMILIES: Final[Mapping[str, Family]] = {
    "rules": Family("rules", GaussianClient, SHAPES, conduct.RULES, (0.0, 0.4)),
    "items": Family(
        "items",
        GradedClient,
        {
            Kind.DIP: (0.40, _fading_dip),
            Kind.COMPLIANCE: (0.12, _abrupt_compliance),
            Kind.REPAIR: (0.12, _gradual_repair),
            Kind.SLOPE: (0.12, _bending_slope),
            Kind.STEP: (0.06, _sagging_step),
            Kind.QUIET: (0.10, _fading_out),
            Kind.FRAME: (0.08, _strained_frame),
        },
        conduct.ITEMS,
        (0.0, 0.5),
    ),
}
