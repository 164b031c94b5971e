"""How many records wait in the owned partitions."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from rupture_watch.stream.ledger import Place

LARGE: Final = 5_000
"""Records; more than a poll's worth: throughput then matters more than latency."""


class Backlog:
    """Lag per input partition, as of the last batch; unknown counts as large."""

    def __init__(self, ticks: str) -> None:
        self._ticks = ticks
        self._lag: dict[Place, int] = {}
        self.unknown: set[Place] = set()

    def expect(self, places: Collection[Place]) -> None:
        """Note newly assigned partitions: their lag is unknown until their first fetch."""
        self.unknown |= set(places)

    def note(self, place: Place, lag: int) -> None:
        """Note how many records wait there."""
        self.unknown.discard(place)
        self._lag[place] = max(0, lag)

    def forget(self, places: Collection[Place]) -> None:
        """Drop partitions that are given up."""
        self.unknown -= set(places)
        for place in places:
            self._lag.pop(place, None)

    @property
    def large(self) -> bool:
        """Whether to work for throughput. Ticks do not count: most of them find nothing due."""
        if any(topic != self._ticks for topic, _ in self.unknown):
            return True
        return sum(lag for (topic, _), lag in self._lag.items() if topic != self._ticks) > LARGE

    def by_topic(self) -> dict[str, int]:
        """Return the lag per topic, in records."""
        totals: dict[str, int] = defaultdict(int)
        for (topic, _), lag in self._lag.items():
            totals[topic] += lag
        return totals
