"""What can happen to an alliance: episodes as courses over the sessions of a case.

A course is a list of moments, one per session held from the onset on; before it and, where a
course ends, after it, everything is steady. The shapes and their shares are those of the
simulation that the rules' operating points rest on; sizes are falls in the client's own
standard deviations. No public series of alliance ratings session by session exists from which
they could be taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple, TypeAlias

from rupture_watch.operations.simulate.dice import chance


class State(StrEnum):
    """What a session is part of; conduct (attendance, missing forms, notes) depends on it."""

    STEADY = "steady"
    RUPTURE = "rupture"
    AFTER = "after"
    QUIET = "quiet"
    COMPLY = "comply"
    REPAIR = "repair"
    FRAME = "frame"


class Kind(StrEnum):
    """The shape of an episode, as the labels name it."""

    NONE = "none"
    DIP = "dip"
    COMPLIANCE = "compliance"
    REPAIR = "repair"
    SLOPE = "slope"
    STEP = "step"
    QUIET = "quiet_withdrawal"
    FRAME = "frame"


class Moment(NamedTuple):
    """One session of a course.

    ``fall`` is in own SD below the usual level; ``noise`` scales the usual fluctuation;
    ``ceiling`` is the probability that every question is answered at its maximum.
    """

    state: State
    fall: float = 0.0
    noise: float = 1.0
    ceiling: float = 0.0


STEADY: Final = Moment(State.STEADY)
AFTER: Final = Moment(State.AFTER)


class Episode(NamedTuple):
    """One episode: ``course[k]`` is session ``onset + k`` of the sessions held (from 1).

    ``last`` is the last session of the disturbance itself, ``jump`` the session of a sudden
    rise, ``rest`` what every session after the course is like. ``aspect`` says which questions
    carry the fall: ``all``, ``bond`` or ``task`` (tasks and goals).
    """

    kind: Kind
    onset: int
    last: int
    size: float
    repaired: bool
    course: tuple[Moment, ...]
    rest: Moment = STEADY
    jump: int | None = None
    aspect: str = "all"

    def at(self, session: int) -> Moment:
        """Return what session number ``session`` (from 1) is like."""
        place = session - self.onset
        if place < 0:
            return STEADY
        return self.course[place] if place < len(self.course) else self.rest


NOTHING: Final = Episode(Kind.NONE, 10**9, 10**9, 0.0, repaired=False, course=())

SIZES: Final = (1.0, 1.5, 2.0, 3.0, 4.0)
"""Falls in own SD; discrete, so that sensitivity can be read off by size."""

LASTING_SIZES: Final = (2.0, 3.0, 4.0)
"""Sizes of slopes and steps: a smaller lasting change is a new level rather than a rupture (the
published operating points use 3)."""

FIRST_ONSET: Final = 4
"""Three ratings come before any onset: the baseline rules judge from the fourth."""

LAST_ONSET: Final = 12

Shape: TypeAlias = Callable[[Random, int, float], Episode]


def _dip(rng: Random, onset: int, size: float) -> Episode:
    """A V: one session, or two in three of ten cases, then the old level again."""
    length = 2 if chance(rng, 0.3) else 1
    low = Moment(State.RUPTURE, size)
    return Episode(
        Kind.DIP,
        onset,
        onset + length - 1,
        size,
        repaired=True,
        course=(low,) * length + (AFTER,) * 2,
    )


def _decline(rng: Random, size: float) -> tuple[Moment, ...]:
    """Two or three sessions down to ``size``, as the start of a compliance or a repair."""
    steps = rng.choice((2, 3))
    return tuple(Moment(State.RUPTURE, size * (k + 1) / steps) for k in range(steps))


def _compliance(rng: Random, onset: int, size: float) -> Episode:
    """A decline, then all questions at the maximum at once, and little variation since."""
    course = _decline(rng, size)
    jump = onset + len(course)
    course += (Moment(State.COMPLY, 0.0, 0.4, 1.0), Moment(State.COMPLY, 0.0, 0.4, 0.9))
    rest = Moment(State.COMPLY, 0.0, 0.4, 0.75)
    return Episode(
        Kind.COMPLIANCE, onset, jump + 1, size, repaired=False, course=course, rest=rest, jump=jump
    )


def _repair(rng: Random, onset: int, size: float) -> Episode:
    """A decline, then a talk and the old level or better, at once or over two sessions."""
    course = _decline(rng, size)
    jump = onset + len(course)
    if chance(rng, 0.5):
        course += (Moment(State.REPAIR, size / 3),)
    course += (Moment(State.REPAIR, -0.5), Moment(State.REPAIR, -0.5))
    return Episode(
        Kind.REPAIR,
        onset,
        jump - 1,
        size,
        repaired=True,
        course=course,
        rest=Moment(State.STEADY, -0.3),
        jump=jump,
    )


def _slope(_: Random, onset: int, size: float) -> Episode:
    """A straight fall over five sessions that then stays."""
    course = tuple(Moment(State.RUPTURE, size * (k + 1) / 5) for k in range(5))
    rest = Moment(State.AFTER, size)
    return Episode(Kind.SLOPE, onset, onset + 4, size, repaired=False, course=course, rest=rest)


def _step(_: Random, onset: int, size: float) -> Episode:
    """A fall from one session to the next that stays."""
    low = Moment(State.RUPTURE, size)
    return Episode(
        Kind.STEP,
        onset,
        onset + 2,
        size,
        repaired=False,
        course=(low,) * 3,
        rest=Moment(State.AFTER, size),
    )


def _quiet(_: Random, onset: int, __: float) -> Episode:
    """Ratings that hardly move any more, while forms and appointments go missing."""
    still = Moment(State.QUIET, 0.2, 0.3)
    return Episode(
        Kind.QUIET, onset, onset + 5, 0.0, repaired=False, course=(still,) * 6, rest=still
    )


def _frame(rng: Random, onset: int, size: float) -> Episode:
    """A break of the frame by the clinic just before ``onset``, then two low sessions."""
    course = (Moment(State.FRAME, size), Moment(State.FRAME, size * 0.7), AFTER)
    return Episode(Kind.FRAME, onset, onset + 1, size, repaired=chance(rng, 0.5), course=course)


SHAPES: Final[Mapping[Kind, tuple[float, Shape]]] = {
    Kind.DIP: (0.45, _dip),
    Kind.COMPLIANCE: (0.10, _compliance),
    Kind.REPAIR: (0.10, _repair),
    Kind.SLOPE: (0.10, _slope),
    Kind.STEP: (0.05, _step),
    Kind.QUIET: (0.10, _quiet),
    Kind.FRAME: (0.10, _frame),
}


def draw(rng: Random, shapes: Mapping[Kind, tuple[float, Shape]], sessions: int) -> Episode:
    """Draw one episode for a case planned for ``sessions`` sessions; none if it is too short."""
    kind = rng.choices(list(shapes), [share for share, _ in shapes.values()])[0]
    size = rng.choice(LASTING_SIZES if kind in (Kind.SLOPE, Kind.STEP) else SIZES)
    latest = min(LAST_ONSET, sessions - 3)
    onset = rng.randint(FIRST_ONSET, max(FIRST_ONSET, latest))
    aspect = rng.choices(("all", "bond", "task"), (0.5, 0.25, 0.25))[0]
    if latest < FIRST_ONSET:
        return NOTHING
    return shapes[kind][1](rng, onset, size)._replace(aspect=aspect)
