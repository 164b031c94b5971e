"""Python's cyclic garbage collector, told what this process is like."""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (10_000, 5, 1_000)
"""Net allocations per young collection, young per middle, middle per full. The stock (700, 10, 10)
walks all decoded cases over and over, for a fifth of the worker's time and 0.4 s at a stretch with
850 of them. These walk each object twice; a middle one takes up to 50 ms."""


def settle_heap() -> None:
    """Take what is alive now out of the collector's sight, and let it look more seldom.

    Cases are trees without cycles, freed by their reference counts; there is next to nothing for
    the collector to find among them, and the more there are, the longer it looks. For the moment
    after start-up, when what is alive stays. Not after a restore: restored states are bytes, which
    it does not look at, and with the decoded cases of kept partitions it would take seconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
