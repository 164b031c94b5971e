"""Whether a delivering process is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.probes import Pulse

if TYPE_CHECKING:
    from rupture_watch.metrics import Metrics


class Health(Pulse):
    """Answers the probes. ``ready``: it has the log to itself and reads the alerts topic."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._metrics = metrics
        self._ready = False

    @property
    def ready(self) -> bool:
        """Whether alerts are read and delivered."""
        return self._ready

    @ready.setter
    def ready(self, ready: bool) -> None:
        self._ready = ready
        self._metrics.level("ready", int(ready))
