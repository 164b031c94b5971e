from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from rupture_watch.alliance.instruments import Registry
from rupture_watch.alliance.strain import Filter, Model, StrainParameters
from rupture_watch.alliance.strain.sources import OUTCOMES, default_channels

if TYPE_CHECKING:
    from collections.abc import Callable


MODEL = Model(StrainParameters())


WAI = Registry.default().get("WAI-SR")


SRS = Registry.default().get("SRS")


ROUNDING = 1e-5


class Telling(NamedTuple):
    """One call, so that a case can be told again."""

    tell: Callable[[Filter], object]


def outcome(name: str) -> Telling:
    return Telling(lambda case: case.appointment("appointment", name))


def flag(channel: str, *, seen: bool) -> Telling:
    return Telling(lambda case: case.flag(channel, channel, seen=seen))


def form(total: float, *, bond: float | None = None, uniform: bool = False) -> Telling:
    values = {"total": total}
    if bond is not None:
        rest = (total - bond) / 2.0
        values |= {"bond": bond, "task": rest, "goal": rest}
    return Telling(lambda case: case.rating("form", "WAI-SR", WAI.scales, values, uniform=uniform))


def therapist(total: float) -> Telling:
    return Telling(lambda case: case.measure("therapist", "therapist_form", total, WAI.total))


def haste(milliseconds: float) -> Telling:
    return Telling(lambda case: case.measure("pace", "log_duration", math.log(milliseconds)))


def tell(case: Filter, *session: Telling) -> None:
    for telling in session:
        telling.tell(case)


def usual(rng: Random, level: float = 48.0) -> list[Telling]:
    """An ordinary session: everybody there, a form near the usual level, nothing to note."""
    return [
        outcome("attended"),
        *(flag(channel, seen=False) for channel in default_channels()),
        form(min(60.0, round(rng.gauss(level, 2.5)))),
        therapist(round(rng.gauss(45.0, 3.0))),
    ]


def known_case(sessions: int = 8, level: float = 48.0, seed: int = 1) -> Filter:
    rng = Random(seed)
    case = Filter(MODEL)
    for _ in range(sessions):
        tell(case, *usual(rng, level))
        case.close_session()
    return case


def strain_after(case: Filter, *session: Telling) -> float:
    forked = case.fork()
    tell(forked, *session)
    return forked.close_session().strain


TELLINGS = st.one_of(
    st.sampled_from(OUTCOMES).map(outcome),
    st.builds(
        lambda channel, seen: flag(channel, seen=seen),
        st.sampled_from(sorted(default_channels())),
        st.booleans(),
    ),
    st.builds(
        lambda total, bond, uniform: form(total, bond=bond, uniform=uniform),
        st.integers(12, 60).map(float),
        st.none() | st.integers(4, 20).map(float),
        st.booleans(),
    ),
    st.integers(12, 60).map(float).map(therapist),
    st.floats(1e3, 1e6).map(haste),
)


CASES = st.lists(st.lists(TELLINGS, max_size=7), min_size=1, max_size=14)
