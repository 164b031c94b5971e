"""Alerts off their topic into the delivery log; an offset is committed after that, never before."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from rupture_watch.delivery.alerts import NoAlert, read_revision
from rupture_watch.delivery.courier import now
from rupture_watch.kafka.session import Unreachable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from rupture_watch.delivery.alerts import AlertRevision
    from rupture_watch.delivery.health import Health
    from rupture_watch.delivery.log import DeliveryLog
    from rupture_watch.kafka.admin import Place
    from rupture_watch.kafka.consumer import Seen
    from rupture_watch.kafka.group import GroupConsumer
    from rupture_watch.metrics import Metrics

logger = logging.getLogger(__name__)

LOOK_EVERY: Final = 2.0
"""Seconds between two looks at how much waits, and whether the cluster answers at all."""


class Intake:
    """Notes every revision of the alerts topic.

    Args:
        consumer: of the alerts topic.
        log: where they are noted.
        health: to be told when alerts are read.
        metrics: to count in.
        news: called when something new has been noted.
        commit_interval: seconds between two commits.
        limit: seconds for which the cluster may be silent.
    """

    def __init__(
        self,
        consumer: GroupConsumer,
        log: DeliveryLog,
        health: Health,
        metrics: Metrics,
        *,
        news: Callable[[], None],
        commit_interval: float,
        limit: float,
    ) -> None:
        self._consumer = consumer
        self._log = log
        self._health = health
        self._metrics = metrics
        self._news = news
        self._interval = commit_interval
        self._limit = limit
        self._uncommitted: dict[Place, int] = {}
        self._committed_at = self._looked_at = time.monotonic()
        self._settlements = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Read until told to stop; then commit what has been noted.

        Raises:
            Unreachable: the cluster refused, or did not answer for the limit.
            LogUnavailable: the log failed.
        """
        while not stop.is_set():
            records = await self._consumer.fetch()
            await self._pin()
            if records:
                await self._note(records)
            await self._keep_up()
        await self._commit()

    async def _pin(self) -> None:
        """Remember where reading begins, before anything has been read there."""
        settlements = self._consumer.settlements
        self._health.ready = self._consumer.assigned
        if self._consumer.assigned and settlements != self._settlements:
            await self._log.note([], await self._consumer.positions() | self._uncommitted, now())
            self._settlements = settlements
            logger.info("ready")

    async def _note(self, records: Sequence[Seen]) -> None:
        revisions: list[AlertRevision] = []
        positions: dict[Place, int] = {}
        for record in records:
            positions[record.topic, record.partition] = record.offset + 1
            try:
                revisions.append(read_revision(record))
            except NoAlert as error:
                self._metrics.count("alert_records_refused_total")
                logger.warning("no alert event", extra={"detail": str(error)})
        await self._log.note(revisions, positions, now())
        self._uncommitted |= positions
        self._metrics.count("alert_revisions_total", len(revisions))
        self._metrics.level("heartbeat_timestamp_seconds", time.time(), stage="consumed")
        self._news()

    async def _keep_up(self) -> None:
        moment = time.monotonic()
        if moment - self._committed_at >= self._interval:
            self._committed_at = moment
            await self._commit()
        if moment - self._looked_at >= LOOK_EVERY:
            self._looked_at = moment
            await self._look()

    async def _look(self) -> None:
        behind = await self._consumer.behind()
        if behind is not None:
            self._metrics.level("delivery_lag_records", behind)
        elif self._consumer.silent_for > self._limit:
            raise Unreachable(f"no answer from Kafka for {self._limit:.0f} s")

    async def _commit(self) -> None:
        if self._uncommitted:
            positions, self._uncommitted = self._uncommitted, {}
            await self._consumer.commit(positions)
            self._metrics.level("heartbeat_timestamp_seconds", time.time(), stage="committed")
