"""Whether the worker is up, ready and alive."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from rupture_watch.probes import Pulse

if TYPE_CHECKING:
    from rupture_watch.metrics import Metrics

logger = logging.getLogger(__name__)


class Health(Pulse):
    """Answers the three probes, and keeps the metrics that say the same."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._metrics = metrics
        self._assigned = time.monotonic()
        self._paused_since: float | None = time.monotonic()
        self._flowing = False
        self.halted = False
        self._publish()

    @property
    def ready(self) -> bool:
        """Whether partitions are assigned and restored and events flow. False after a halt."""
        return self._flowing and not self.halted

    def pause(self) -> None:
        """Note the start of a rebalance; called from the consumer's thread."""
        self._flowing = False
        if self._paused_since is None:
            self._paused_since = time.monotonic()
        self._publish()

    def assigned(self) -> None:
        """Note that partitions are assigned, and their state incomplete."""
        self._assigned = time.monotonic()

    def restored(self) -> None:
        """Note that the state is complete."""
        self._metrics.observe("recovery_seconds", time.monotonic() - self._assigned)

    def resume(self) -> float:
        """Note that events flow again; return for how long they did not, in seconds."""
        self._flowing = True
        now = time.monotonic()
        seconds = now - (now if self._paused_since is None else self._paused_since)
        self._paused_since = None
        self._metrics.count("rebalances_total")
        self._metrics.observe("rebalance_seconds", seconds)
        self._publish()
        return seconds

    def halt(self) -> None:
        """Note that the flood guard has tripped; it takes a person and a restart from here."""
        self.halted = True
        self._publish()
        logger.critical(
            "halted: too many records of one partition are refused",
            extra={
                "remedy": "look at the dead letters' reasons; repair the sender or this service, "
                "then restart: nothing after the halt is committed"
            },
        )

    def _publish(self) -> None:
        self._metrics.level("ready", int(self.ready))
        self._metrics.level("halted", int(self.halted))
