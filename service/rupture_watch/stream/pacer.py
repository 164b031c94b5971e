"""When a checkpoint is due."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rupture_watch.metrics import Metrics
    from rupture_watch.stream.backlog import Backlog
    from rupture_watch.stream.lane import Lane

STRETCH: Final = 5
"""Under backlog checkpoints may be this many intervals apart: a case is then written once for many
events, and a replay after a crash changes nothing."""
MOST_DIRTY: Final = 20_000
"""Cases; a bound on memory ahead of the changelog, and on what a shutdown has to write."""


class Pacer:
    """One checkpoint per interval (seconds), fewer under backlog, none when nothing changed."""

    def __init__(self, lane: Lane, backlog: Backlog, metrics: Metrics, *, interval: float) -> None:
        self._lane = lane
        self._backlog = backlog
        self._metrics = metrics
        self._interval = interval
        self._last = time.monotonic()

    def due(self) -> bool:
        """Tell whether there is something to write and it has waited long enough."""
        if not (self._lane.ledger.behind or self._lane.ledger.pending() or self._lane.dirty):
            return False
        waited = time.monotonic() - self._last
        if self._backlog.large and self._lane.dirty < MOST_DIRTY:
            return waited >= STRETCH * self._interval
        return waited >= self._interval

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Time one checkpoint; the next is due an interval after its start."""
        self._last = time.monotonic()
        yield
        self._metrics.observe("checkpoint_seconds", time.monotonic() - self._last)
