"""Many schedules in one go, in whichever process."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypeAlias

from tests.simulation.schedule import play_all
from tests.simulation.traps import FOCUS, sprung

if TYPE_CHECKING:
    from tests.simulation.schedule import Outcome

Work: TypeAlias = "tuple[range, str | None, str]"
"""Seeds, a trap, and the name of a pipeline."""


def play_chunk(work: Work) -> list[Outcome]:
    """Play these seeds, with a trap put back in if one is named; timelines only of failures."""
    seeds, trap, pipeline = work
    with warnings.catch_warnings(), sprung(trap):
        warnings.simplefilter("ignore")  # coroutines of dead processes are never awaited
        return [
            outcome if outcome.failure or len(seeds) == 1 else outcome._replace(timeline=())
            for outcome in play_all(seeds, pipeline, FOCUS.get(trap or "", ()))
        ]
