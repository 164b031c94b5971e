"""What a seed decides: the events, the size of the cluster, and everything that goes wrong."""

from __future__ import annotations

import random
from itertools import cycle
from typing import Final, NamedTuple

from tests.simulation.ordered import BAD, ONCE, RISK

FAULTS: Final = {
    "kill": 5,
    "kill at a step": 5,
    "stop": 2,
    "join": 3,
    "freeze": 4,
    "suspend": 2,
    "cut off": 4,
    "broker away": 2,
    "slow place": 4,
    "lossy": 3,
    "clock jump": 1,
    "compact": 4,
    "gap": 2,
}
"""Kinds of fault and their weights."""


class Event(NamedTuple):
    """A record to be sent at a moment to one of the input topics."""

    at: float
    topic: int
    key: bytes
    value: bytes


class Fault(NamedTuple):
    """Something that goes wrong; ``length`` in seconds, ``choice`` picks the victim."""

    at: float
    kind: str
    length: float
    choice: float


class Plan(NamedTuple):
    """One schedule."""

    seed: int
    partitions: int
    workers: int
    session: float
    limit: float
    commit_interval: float
    tick_interval: float
    poll: float
    pace: float
    events: tuple[Event, ...]
    faults: tuple[Fault, ...]
    quiet: float
    """When all faults are over."""


def plan(seed: int, focus: tuple[str, ...] = ()) -> Plan:
    """Return the same plan for the same seed; the kinds of ``focus``, if any, take turns in it."""
    rng = random.Random(seed)
    span = rng.uniform(0.6, 2.0)
    cases = rng.randint(1, 6)
    partitions = rng.choice((1, 2, 2, 3))
    events = sorted(_event(rng, span, cases, number) for number in range(rng.randint(6, 45)))
    faults = sorted(_fault(rng, span) for _ in range(rng.choice((0, 1, 2, 2, 3, 3, 4, 6))))
    if focus:
        faults = [f._replace(kind=kind) for f, kind in zip(faults, cycle(focus), strict=False)]
    return Plan(
        seed=seed,
        partitions=partitions,
        workers=rng.choice((1, 2, 2, 2, 3)),
        session=rng.choice((0.6, 1.0)),
        limit=rng.choice((1.5, 3.0)),
        commit_interval=rng.choice((0.05, 0.2, 0.5)),
        tick_interval=rng.choice((0.3, 0.7, 2.0)),
        poll=rng.choice((0.05, 0.2, 0.4)),
        pace=rng.choice((0.05, 0.1, 0.2)),
        events=tuple(events),
        faults=tuple(faults),
        quiet=max([span, *(fault.at + fault.length for fault in faults)]) + 0.1,
    )


def _event(rng: random.Random, span: float, cases: int, number: int) -> Event:
    kind = rng.random()
    if kind < 0.06:
        return Event(rng.uniform(0, span), rng.randrange(2), b"once%d" % number, ONCE)
    value = BAD if kind < 0.10 else RISK if kind < 0.14 else b"x"
    return Event(rng.uniform(0, span), rng.randrange(2), b"c%d" % rng.randrange(cases), value)


def _fault(rng: random.Random, span: float) -> Fault:
    kind = rng.choices(list(FAULTS), weights=list(FAULTS.values()))[0]
    length = rng.choice((rng.uniform(0.01, 0.3), rng.uniform(0.3, 1.6)))
    return Fault(rng.uniform(0.1, span + 0.3), kind, length, rng.random())
