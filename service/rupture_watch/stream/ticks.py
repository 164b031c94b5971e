"""The clock that drives the silence rules, as records like any other."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from typing import TYPE_CHECKING

from rupture_watch.stream.ports import Outgoing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rupture_watch.stream.engine import Engine
    from rupture_watch.stream.ports import Log


def tick(topic: str, partition: int, now: dt.datetime) -> Outgoing:
    """Return the tick of one partition: ``{"time": RFC 3339}``, without a key."""
    moment = now.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    return Outgoing(topic, None, json.dumps({"time": moment}).encode(), (), partition)


class Clock:
    """Emits one tick per owned partition and interval (seconds); 0 means another clock does."""

    def __init__(
        self,
        engine: Engine,
        log: Log,
        *,
        interval: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._log = log
        self._interval = interval
        self._sleep = sleep
        self._now = now

    async def run(self) -> None:
        """Tick for ever, while the worker is ready."""
        while self._interval:
            await self._sleep(self._interval)
            if self._engine.health.ready:
                await self._engine.turns.take(self.emit())

    async def emit(self) -> None:
        """Publish the ticks of this moment."""
        now = dt.datetime.fromtimestamp(self._now(), dt.UTC)
        topic = self._engine.topics.ticks
        partitions = sorted(self._engine.partitions.owned())
        await self._log.publish([tick(topic, partition, now) for partition in partitions])
        self._engine.metrics.level("heartbeat_timestamp_seconds", time.time(), stage="ticked")
