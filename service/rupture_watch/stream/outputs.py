"""What leaves the lane: to which topic, counted as what."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.contracts.topics import Channel
from rupture_watch.stream.dead_letters import bury
from rupture_watch.stream.ports import Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rupture_watch.effects import DeadLetter, Message
    from rupture_watch.metrics import Metrics
    from rupture_watch.stream.ports import Change, Log

logger = logging.getLogger(__name__)


class DeadLetterTopic(NamedTuple):
    """Where refused records go; ``limit`` is its largest record in bytes."""

    name: str
    partitions: int
    limit: int


class Outputs:
    """Publishes and counts; returns once everything is acknowledged."""

    def __init__(
        self,
        log: Log,
        metrics: Metrics,
        *,
        prefix: str,
        changelog: str,
        dead_letters: DeadLetterTopic,
    ) -> None:
        self._log = log
        self._metrics = metrics
        self._prefix = prefix
        self._changelog = changelog
        self._dead_letters = dead_letters

    async def append(self, partition: int, changes: Sequence[Change]) -> list[int]:
        """Write states to the changelog; return their offsets."""
        offsets = await self._log.append(self._changelog, partition, changes)
        self._metrics.count("changelog_records_total", len(changes))
        return offsets

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish alerts, standings and safety items."""
        if not messages:
            return
        await self._log.publish(
            [Outgoing(self._prefix + m.channel, m.key, m.value, m.headers) for m in messages]
        )
        for message in messages:
            if message.channel == Channel.ALERTS:
                self._metrics.count(
                    "alerts_total", change=_change(message), severity=_severity(message)
                )
            elif message.channel == Channel.SAFETY:
                self._metrics.count("safety_items_total")
        self._metrics.level("heartbeat_timestamp_seconds", time.time(), stage="published")

    async def refused(self, letters: Sequence[DeadLetter]) -> None:
        """Publish dead letters."""
        if not letters:
            return
        topic = self._dead_letters
        await self._log.publish(
            [
                bury(letter, topic.name, partitions=topic.partitions, limit=topic.limit)
                for letter in letters
            ]
        )
        for letter in letters:
            self._metrics.count("dead_letters_total", reason=letter.reason)

    def processed(self, outcomes: Mapping[tuple[str, str], int]) -> None:
        """Count what became of a slice of records."""
        for (kind, outcome), count in outcomes.items():
            self._metrics.count("events_total", count, type=kind, outcome=outcome)
        self._metrics.level("heartbeat_timestamp_seconds", time.time(), stage="consumed")

    def alerted(self, latencies: Iterable[float]) -> None:
        """Note how long after its cause each alert was acknowledged, in seconds."""
        for seconds in latencies:
            self._metrics.observe("event_to_alert_seconds", max(0.0, seconds))

    def recovered(self, records: int) -> None:
        """Count changelog records that a restore has read."""
        self._metrics.count("recovered_records_total", records)

    def hole(self, partition: int) -> None:
        """Report an own write that did not continue the changelog."""
        self._metrics.count("changelog_holes_total")
        logger.warning("somebody else wrote to the changelog", extra={"partition": partition})


def _change(message: Message) -> str:
    """Return ``raised`` of ``org.rupturewatch.alert.raised.v1``."""
    for name, value in message.headers:
        if name == "ce_type":
            return value.decode().split(".")[-2]
    return ""


def _severity(message: Message) -> str:
    return str(json.loads(message.value or b"{}").get("severity", ""))
