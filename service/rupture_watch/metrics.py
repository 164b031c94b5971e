"""Every metric of a worker, in one closed and documented list.

Names carry the prefix ``rupture_watch_``; times are seconds. No label ever holds an identifier:
label values come from closed sets, and what is not in its set is counted as ``other``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import INPUT_TYPES, OUTPUT_TYPES, Channel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_Kind = TypeVar("_Kind", Counter, Gauge)

PREFIX: Final = "rupture_watch_"
OTHER: Final = "other"

OUTCOMES: Final = ("accepted", "repeated", "superseded", "forgotten", "rejected")
STAGES: Final = ("consumed", "published", "committed", "ticked")
SEVERITIES: Final = ("1", "2", "3", "4")
TYPES: Final = (
    *sorted(t for types in INPUT_TYPES.values() for t in types),
    "tick",
    *(channel.value for channel in INPUT_TYPES),
)
"""Event types; of a record whose type is not known, because it was refused, its topic."""
CHANGES: Final = tuple(sorted(t.split(".")[-2] for t in OUTPUT_TYPES[Channel.ALERTS]))
INPUTS: Final = (*(channel.value for channel in INPUT_TYPES), Channel.TICKS.value)

LATENCY_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
PAUSE_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
CHECKPOINT_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metric(NamedTuple):
    """One documented metric; ``labels`` maps each label to its closed set of values.

    An info is a gauge that is always 1; its label's value is made by the service itself.
    """

    name: str
    kind: str
    help: str
    labels: Mapping[str, Collection[str]]
    buckets: tuple[float, ...] = ()


NO_LABELS: Final[Mapping[str, Collection[str]]] = {}

CATALOGUE: Final = (
    Metric(
        "events_total",
        "counter",
        "Records read, by event type and what became of them.",
        {"type": (*TYPES, OTHER), "outcome": (*OUTCOMES, OTHER)},
    ),
    Metric(
        "dead_letters_total",
        "counter",
        "Records refused, by reason.",
        {"reason": (*(reason.value for reason in Reason), OTHER)},
    ),
    Metric(
        "alerts_total",
        "counter",
        "Alert events published, by change and severity.",
        {"change": (*CHANGES, OTHER), "severity": (*SEVERITIES, OTHER)},
    ),
    Metric("safety_items_total", "counter", "Marked risk items passed on.", NO_LABELS),
    Metric(
        "event_to_alert_seconds",
        "histogram",
        "From a case's causing record, by the broker's clock, to its alerts' acknowledgement.",
        NO_LABELS,
        LATENCY_BUCKETS,
    ),
    Metric(
        "lag_records",
        "gauge",
        "Records that wait in the owned partitions of a topic.",
        {"topic": (*INPUTS, OTHER)},
    ),
    Metric(
        "checkpoint_seconds",
        "histogram",
        "Time that one checkpoint of state and offsets took.",
        NO_LABELS,
        CHECKPOINT_BUCKETS,
    ),
    Metric(
        "changelog_records_total", "counter", "State records written and acknowledged.", NO_LABELS
    ),
    Metric(
        "changelog_holes_total",
        "counter",
        "Own writes that did not continue the changelog: somebody else wrote to it.",
        NO_LABELS,
    ),
    Metric("commits_refused_total", "counter", "Offset commits that the group refused.", NO_LABELS),
    Metric("cases", "gauge", "Cases in memory, over all owned partitions.", NO_LABELS),
    Metric("dirty_cases", "gauge", "Cases whose state is not in the changelog yet.", NO_LABELS),
    Metric("partitions", "gauge", "Partitions owned by this worker.", NO_LABELS),
    Metric("rebalances_total", "counter", "Changes of the assignment seen.", NO_LABELS),
    Metric(
        "rebalance_seconds",
        "histogram",
        "Pause from the start of a rebalance until events flow again.",
        NO_LABELS,
        PAUSE_BUCKETS,
    ),
    Metric(
        "recovery_seconds",
        "histogram",
        "Time from an assignment until its state was restored.",
        NO_LABELS,
        PAUSE_BUCKETS,
    ),
    Metric(
        "recovered_records_total", "counter", "Changelog records read to restore state.", NO_LABELS
    ),
    Metric(
        "heartbeat_timestamp_seconds",
        "gauge",
        "When a stage last made progress, seconds since the epoch.",
        {"stage": STAGES},
    ),
    Metric("ready", "gauge", "1 while assigned, restored and able to write, else 0.", NO_LABELS),
    Metric(
        "ruleset_info",
        "info",
        "Always 1; the label is the first digits of the active rule set's SHA-256.",
        {"sha256": ()},
    ),
    Metric("halted", "gauge", "1 after the flood guard has stopped this worker.", NO_LABELS),
)


class Metrics:
    """The metrics of one process, a worker unless ``catalogue`` is another's, in a registry."""

    def __init__(self, catalogue: Sequence[Metric] = CATALOGUE) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # untyped in its library
        self.registry = CollectorRegistry()
        self._closed = {metric.name: metric.labels for metric in catalogue}
        self._counters = {m.name: self._make(m, Counter) for m in catalogue if m.kind == "counter"}
        self._gauges = {m.name: self._make(m, Gauge) for m in catalogue if m.kind == "gauge"}
        self._histograms = {
            m.name: Histogram(
                PREFIX + m.name, m.help, tuple(m.labels), registry=self.registry, buckets=m.buckets
            )
            for m in catalogue
            if m.kind == "histogram"
        }
        self._infos = {m.name: self._make(m, Gauge) for m in catalogue if m.kind == "info"}

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        counter = self._counters[name]
        (counter.labels(**self._within(name, labels)) if labels else counter).inc(amount)

    def level(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(**self._within(name, labels)) if labels else gauge).set(value)

    def observe(self, name: str, seconds: float) -> None:
        """Add an observation to a histogram."""
        self._histograms[name].observe(seconds)

    def ruleset(self, digest: str) -> None:
        """Say which rule set is active."""
        info = self._infos["ruleset_info"]
        info.clear()
        info.labels(sha256=digest).set(1)

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _make(self, metric: Metric, kind: type[_Kind]) -> _Kind:
        return kind(PREFIX + metric.name, metric.help, tuple(metric.labels), registry=self.registry)

    def _within(self, name: str, labels: Mapping[str, str]) -> dict[str, str]:
        closed = self._closed[name]
        return {key: value if value in closed[key] else OTHER for key, value in labels.items()}
