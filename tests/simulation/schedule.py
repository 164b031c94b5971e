"""One schedule from its seed, and many of them."""

from __future__ import annotations

import gc
import logging
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.simulation.alliance import AllianceScript
from tests.simulation.light import LightScript
from tests.simulation.plan import plan
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.simulation.plan import Plan
    from tests.simulation.script import Script

COLLECT_EVERY: Final = 50
SCRIPTS: Final[dict[str, Callable[[Plan], Script]]] = {
    "light": LightScript,
    "alliance": AllianceScript,
}
"""What can be played, by the name of its pipeline."""


class Outcome(NamedTuple):
    """What became of a seed; ``failure`` is empty where every promise was kept."""

    seed: int
    failure: str
    timeline: tuple[str, ...]
    faults: tuple[str, ...]
    deaths: int
    steps: int
    seconds: float
    """Of virtual time."""


def play(seed: int, pipeline: str, focus: tuple[str, ...]) -> Outcome:
    """Play one schedule to its end and judge it."""
    planned = plan(seed, focus)
    world = World(planned, SCRIPTS[pipeline](planned))
    failure = ""
    try:
        world.run()
    except Exception as error:  # noqa: BLE001 - whatever a schedule brings to light
        failure = _described(error)
    return Outcome(
        seed,
        failure,
        tuple(world.timeline),
        tuple(world.faults),
        len(world.errors),
        world.loop.steps,
        world.loop.now,
    )


def play_all(seeds: Iterable[int], pipeline: str, focus: tuple[str, ...] = ()) -> Iterator[Outcome]:
    """Play these, quietly and without the collector in between."""
    logging.disable(logging.CRITICAL)
    said, sys.unraisablehook = sys.unraisablehook, lambda _: None  # coroutines of dead processes
    gc.disable()
    try:
        for number, seed in enumerate(seeds):
            yield play(seed, pipeline, focus)
            if number % COLLECT_EVERY == 0:
                gc.collect()
    finally:
        gc.enable()
        with suppress(Exception):
            sys.unraisablehook = said
        logging.disable(logging.NOTSET)


def _described(error: Exception) -> str:
    if isinstance(error, AssertionError) and error.args:
        return str(error)
    return "".join(traceback.format_exception(error)).strip()
