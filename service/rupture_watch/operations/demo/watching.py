"""What the service publishes while the demo runs, and whether it has caught up."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from rupture_watch.contracts.topics import INPUT_TYPES, Channel, topic_name
from rupture_watch.kafka.consumer import EventConsumer
from rupture_watch.operations.demo.failure import DemoFailure
from rupture_watch.operations.tail import read_alert

if TYPE_CHECKING:
    from collections.abc import Callable

    from rupture_watch.kafka.admin import Admin
    from rupture_watch.kafka.consumer import Seen
    from rupture_watch.operations.demo.tally import Tally
    from rupture_watch.operations.tail import PublishedAlert
    from rupture_watch.settings import Settings

CATCH_UP_LIMIT: Final = 60.0
"""Seconds after the last event until all must be judged, committed and read."""
PAUSE: Final = 0.2
REASON: Final = "x-rupture-watch-reason"


class Watching:
    """Reads alerts and dead letters from their beginning, for as long as ``run`` lasts."""

    def __init__(
        self, settings: Settings, tally: Tally, show: Callable[[PublishedAlert], None]
    ) -> None:
        self._settings = settings
        self._tally = tally
        self._show = show
        self._alerts = topic_name(settings.topic_prefix, Channel.ALERTS)
        self._dead_letters = topic_name(settings.topic_prefix, Channel.DEAD_LETTERS)
        self._read: dict[tuple[str, int], int] = {}

    async def run(self) -> None:
        """Follow both topics until cancelled."""
        topics = [self._alerts, self._dead_letters]
        async with (
            EventConsumer(self._settings.kafka, topics, from_beginning=True) as consumer,
            aclosing(consumer.follow()) as records,
        ):
            async for record in records:
                self._take(record)
                self._read[record.topic, record.partition] = record.offset + 1

    async def caught_up(self, admin: Admin) -> None:
        """Wait until every event is judged and committed, and all that came of it was read here.

        Raises:
            DemoFailure: the service did not get there in time.
        """
        try:
            async with asyncio.timeout(CATCH_UP_LIMIT):
                while await self._count_lag(admin):  # noqa: ASYNC110 - the workers' state
                    await asyncio.sleep(PAUSE)
                ends = await self._ends([self._alerts, self._dead_letters])
                while any(end > self._read.get(place, 0) for place, end in ends.items()):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(PAUSE)
        except TimeoutError as error:
            raise DemoFailure(f"not caught up within {CATCH_UP_LIMIT:.0f} s") from error

    def _take(self, record: Seen) -> None:
        if record.topic == self._dead_letters:
            reason = dict(record.headers).get(REASON, b"without a reason")
            self._tally.dead_letters[reason.decode()] += 1
            return
        alert = read_alert(record)
        self._tally.note_alert(alert, time.time())
        self._show(alert)

    async def _count_lag(self, admin: Admin) -> int:
        """Return how many records of the inputs the workers have not committed yet."""
        prefix = self._settings.topic_prefix
        ends = await self._ends([topic_name(prefix, channel) for channel in INPUT_TYPES])
        committed = await admin.committed(self._settings.app_id, ends)
        self._tally.lag = sum(end - committed[place] for place, end in ends.items())
        return self._tally.lag

    async def _ends(self, topics: list[str]) -> dict[tuple[str, int], int]:
        async with EventConsumer(self._settings.kafka, topics, from_beginning=False) as consumer:
            return await consumer.end_offsets()
