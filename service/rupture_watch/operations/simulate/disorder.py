"""Disorder on the way: the same event twice, and events that no clinic should send.

A wrong event is an extra one, a copy of a good event with one thing spoilt and an id of its own:
so the good data stay what they are, and every wrong event must end in the dead letters.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Final

from rupture_watch.alliance.facts import DAY, HOUR, MINUTE
from rupture_watch.operations.simulate.dice import chance
from rupture_watch.operations.simulate.wire import RATED, Arrival, Event, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

REPEATED: Final = 0.01
"""Share of events that a sender delivers twice (at least once is what most promise)."""


def repeat(arrivals: list[Arrival], rng: Random) -> list[Arrival]:
    """Return second deliveries of some events, seconds to hours after the first."""
    return [
        Arrival(
            arrival.at + int(rng.expovariate(1 / (20 * MINUTE))),
            arrival.case,
            len(arrivals) + arrival.place,
            arrival.event,
        )
        for arrival in arrivals
        if chance(rng, REPEATED)
    ]


def _out_of_range(event: Event) -> None:
    event["data"].pop("items", None)
    event["data"]["scores"] = {"relationship": 12.5}
    event["data"]["instrument"] = "SRS"


def _unknown_instrument(event: Event) -> None:
    event["data"]["instrument"] = "MOOD-RING"


def _invalid(event: Event) -> None:
    del event["data"]["session_id"]


def _invalid_number(event: Event) -> None:
    event["data"]["total"] = "36"


def _unknown_type(event: Event) -> None:
    event["type"] = "org.rupturewatch.session.liked.v1"


def _unknown_version(event: Event) -> None:
    event["type"] = event["type"].removesuffix("v1") + "v9"


def _not_cloudevent(event: Event) -> None:
    del event["specversion"]


FAULTS: Final[Mapping[str, tuple[str, Callable[[Event], None]]]] = {
    "range": ("out_of_range", _out_of_range),
    "instrument": ("unknown_instrument", _unknown_instrument),
    "field": ("invalid", _invalid),
    "number": ("invalid", _invalid_number),
    "type": ("unknown_type", _unknown_type),
    "version": ("unknown_version", _unknown_version),
    "envelope": ("not_cloudevent", _not_cloudevent),
}
"""What can be spoilt in a ratings event, with the reason it must be rejected for."""

CLOCKS: Final = {"late": "too_late", "future": "from_the_future"}
"""The same for its times."""


def reason_of(event_id: str) -> str | None:
    """Return why an event must be rejected, or None for a good one; the id tells."""
    _, mark, fault = event_id.partition("-x-")
    if not mark:
        return None
    return CLOCKS[fault] if fault in CLOCKS else FAULTS[fault][0]


def spoil(arrivals: list[Arrival], rng: Random, share: float) -> list[Arrival]:
    """Return wrong events, ``share`` of all, made from ratings of the case."""
    ratings = [arrival for arrival in arrivals if arrival.event["type"] == RATED]
    if not ratings:
        return []
    wrong = []
    for place, _ in enumerate(arrivals):
        if not chance(rng, share):
            continue
        model = rng.choice(ratings)
        event = deepcopy(model.event)
        fault = rng.choice([*FAULTS, *CLOCKS])
        event["id"] = f"{event['id']}.{place}-x-{fault}"
        at = model.at
        if fault == "late":
            at += 20 * DAY
            event["recordedtime"] = timestamp(at)
        elif fault == "future":
            event["time"] = timestamp(at + 2 * HOUR)
        else:
            FAULTS[fault][1](event)
        wrong.append(Arrival(at, model.case, 2 * len(arrivals) + place, event))
    return wrong
