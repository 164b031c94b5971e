"""What a demo counted."""

from __future__ import annotations

import statistics
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rupture_watch.operations.tail import PublishedAlert

REMEMBERED: Final = 50_000
"""Events whose sending is remembered, to measure the latency of alerts; bounds the memory."""
MILLISECONDS: Final = 1_000


@dataclass(slots=True)
class Tally:
    """Counts of one run; all times in seconds on this machine's clock."""

    sent: int = 0
    acknowledged: int = 0
    lag: int | None = None
    alerts: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    _sent_at: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)

    def note_sent(self, event_id: str, time: str, now: float) -> None:
        """Count an event on its way; the first sending of a repeated one is what counts."""
        self.sent += 1
        self._sent_at.setdefault((event_id, time), now)
        if len(self._sent_at) > REMEMBERED:
            self._sent_at.popitem(last=False)

    def note_acknowledged(self) -> None:
        """Count an event that every replica in sync has written."""
        self.acknowledged += 1

    def note_alert(self, alert: PublishedAlert, now: float) -> None:
        """Count an alert event and, where an event of the same moment caused it, its latency.

        An alert that a tick caused bears the time at which something was due, which no event has.
        """
        self.alerts[alert.kind] += 1
        causes = [
            sent
            for event_id in alert.data.causation
            if (sent := self._sent_at.get((event_id, alert.moment))) is not None
        ]
        if causes:
            self.latencies.append(now - max(causes))

    def counts(self) -> dict[str, object]:
        """Return the summary for a machine; the latency in milliseconds."""
        return {
            "sent": self.sent,
            "acknowledged": self.acknowledged,
            "alerts": dict(self.alerts),
            "dead_letters": dict(self.dead_letters),
            "lag": self.lag,
            "latency_p50_ms": self._p50(),
        }

    def lines(self) -> list[str]:
        """Return the summary for a person."""
        rows = [
            ("events", f"{self.sent:,} sent, {self.acknowledged:,} acknowledged"),
            ("alerts", _listed(self.alerts) or "none"),
            ("dead letters", _summed(self.dead_letters) or "none"),
            ("lag", "unknown" if self.lag is None else f"{self.lag:,}"),
        ]
        if (p50 := self._p50()) is not None:
            what = f"from event sent to alert read ({len(self.latencies)} alerts)"
            rows.append(("latency", f"p50 {p50:.0f} ms {what}"))
        return [f"{name:<14}{text}" for name, text in rows]

    def _p50(self) -> float | None:
        return statistics.median(self.latencies) * MILLISECONDS if self.latencies else None


def _summed(counts: Counter[str]) -> str:
    return f"{counts.total()} ({_listed(counts)})" if counts else ""


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())
