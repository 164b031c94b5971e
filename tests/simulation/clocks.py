"""The clocks of the process that is running, in place of the machine's."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from tests.simulation.virtual_loop import VirtualLoop

EPOCH: Final = 1_780_358_400.0
"""2026-06-02 in seconds."""
MACHINE: Final = time.perf_counter
"""The real clock, for whoever measures the simulation itself."""


@contextmanager
def virtual_clocks(loop: VirtualLoop, random_: random.Random) -> Iterator[None]:
    """Let ``time`` tell virtual time.

    The monotonic clock stands still while its machine is suspended, as Linux's does; the wall clock
    jumps. What the performance counter tells of a stretch of work is random.
    """
    spent = 0.0

    def monotonic() -> float:
        return loop.now - (loop.current.asleep if loop.current else 0.0)

    def wall() -> float:
        return EPOCH + loop.now + (loop.current.wall_jump if loop.current else 0.0)

    def spending() -> float:
        nonlocal spent
        spent += random_.random() * 0.06
        return spent

    def clock_gettime(_: int) -> float:
        return loop.now

    with patch.multiple(
        time, monotonic=monotonic, time=wall, perf_counter=spending, clock_gettime=clock_gettime
    ):
        yield
