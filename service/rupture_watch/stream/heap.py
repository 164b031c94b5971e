"""Python's cyclic garbage collector, told what this process is like."""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (50_000, 20, 100)
"""Allocations per young collection, young per middle, middle per full. The stock 700 (10, 10) walks
the decoded cases over and over: a third of the worker's time from a backlog."""


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
