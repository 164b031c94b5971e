"""The topics, followed as they grow, into the read model; Kafka may come and go meanwhile."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from rupture_watch.kafka.admin import Refused
from rupture_watch.kafka.resuming import ResumingConsumer
from rupture_watch.kafka.session import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rupture_watch.inbox.hub import Hub
    from rupture_watch.inbox.projection.projecting import Projector
    from rupture_watch.settings import KafkaSettings

log = logging.getLogger(__name__)

PAUSE: Final = 2.0
"""Seconds before Kafka is asked again."""
LAG_EVERY: Final = 1.0
"""Seconds between two looks at how far behind we are."""


class Follower:
    """Reads on from the stored positions, for as long as ``run`` lasts.

    Args:
        kafka: how to connect.
        projector: takes the records in.
        hub: is told of changes, and of how fresh the read model is.
        changed: called when facts of cases changed.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        projector: Projector,
        hub: Hub,
        changed: Callable[[], None],
    ) -> None:
        self._kafka = kafka
        self._projector = projector
        self._hub = hub
        self._changed = changed

    async def run(self) -> None:
        """Follow until cancelled; while Kafka is away, say so and try again.

        Raises:
            MissingTopic, NotAdmitted, Unreadable: no trying again would help.
        """
        while True:
            try:
                await self._follow()
            except (Unreachable, Refused) as error:
                self._hub.freshness.problem = type(error).__name__
                log.warning("Kafka does not answer", extra={"error": type(error).__name__})
            await asyncio.sleep(PAUSE)

    async def _follow(self) -> None:
        topics = list(self._projector.channels)
        offsets = await self._projector.offsets()
        freshness = self._hub.freshness
        async with (
            ResumingConsumer(self._kafka, topics, offsets) as consumer,
            aclosing(consumer.batches()) as batches,
        ):
            looked = 0.0
            async for records in batches:
                changes = await self._projector.take(records)
                if changes.alerts:
                    self._hub.tell()
                if changes.cases:
                    self._changed()
                if time.monotonic() - looked >= LAG_EVERY:
                    freshness.lag = await consumer.lag()
                    freshness.answered, freshness.problem = time.time(), None
                    looked = time.monotonic()


async def catch_up(kafka: KafkaSettings, projector: Projector) -> int:
    """Read everything that is there now; return how many records that was."""
    count = 0
    async with (
        ResumingConsumer(kafka, list(projector.channels), await projector.offsets()) as consumer,
        aclosing(consumer.batches()) as batches,
    ):
        async for records in batches:
            count += (await projector.take(records)).records
            if not records and await consumer.lag() == 0:
                break
    return count
