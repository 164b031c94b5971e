"""A delivering process: put together, run, taken apart."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

from rupture_watch import logs, process
from rupture_watch.contracts.topics import Channel as Topic
from rupture_watch.contracts.topics import topic_name
from rupture_watch.delivery.channels.opening import channel_of
from rupture_watch.delivery.courier import Courier, now
from rupture_watch.delivery.health import Health
from rupture_watch.delivery.intake import Intake
from rupture_watch.delivery.log import DeliveryLog, open_log
from rupture_watch.delivery.log.opening import location, sole_possession
from rupture_watch.delivery.measures import CATALOGUE
from rupture_watch.delivery.upkeep import Upkeep
from rupture_watch.kafka.group import GroupConsumer
from rupture_watch.metrics import Metrics
from rupture_watch.probes import probes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from rupture_watch.delivery.configuration import Configuration
    from rupture_watch.delivery.endpoints import Endpoint
    from rupture_watch.settings import Settings

logger = logging.getLogger(__name__)

CHATTY: Final = ("aiosmtplib", "aiosqlite", "alembic", "sqlalchemy")
"""Libraries of which only warnings are of interest here."""
GRACE: Final = 20.0
"""Seconds that attempts under way get when the process is told to stop."""


def group_name(app_id: str) -> str:
    """Return the consumer group that delivers for an installation."""
    return f"{app_id}-deliver"


def serve(settings: Settings, configuration: Configuration) -> int:
    """Deliver until a signal stops it; return the exit code.

    0 after SIGTERM or SIGINT, with everything noted and committed; 70 when Kafka or the log fails
    (start again: nothing is lost); 78 when the set-up is wrong (change it first).
    """
    logs.configure(settings.log_level)
    for library in CHATTY:
        logging.getLogger(library).setLevel(logging.WARNING)
    return process.run(_serve(settings, configuration), unavailable="unavailable")


async def _serve(settings: Settings, configuration: Configuration) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics = Metrics(CATALOGUE)
    health = Health(metrics)
    channels = [(one, channel_of(one)) for one in configuration.endpoint]
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(
            probes(health, metrics, host=settings.http_host, port=settings.http_port)
        )
        logger.info("serving metrics and probes", extra={"address": address})
        beat = asyncio.create_task(health.beat())
        stack.callback(beat.cancel)
        url = location(configuration.log, settings.data_dir)
        engine = await stack.enter_async_context(open_log(url))
        watch = await stack.enter_async_context(sole_possession(engine, stop))
        if watch is None:
            return
        log = DeliveryLog(engine, configuration.endpoint)
        await _begin(log, configuration.endpoint)
        couriers = [(one, Courier(one, channel, log, metrics)) for one, channel in channels]
        parts = _Parts(settings, configuration, log, health, metrics)
        await parts.run(couriers, watch, stop)


async def _begin(log: DeliveryLog, endpoints: Sequence[Endpoint]) -> None:
    """Take over from the process before; what it left open may have arrived, or may not."""
    hold = [one.name for one in endpoints if getattr(one, "in_doubt", "repeat") == "hold"]
    interrupted = await log.begin(now(), hold=hold)
    if interrupted:
        logger.warning("attempts were interrupted", extra={"records": interrupted})
    strangers = set(await log.waiting()) - {one.name for one in endpoints}
    if strangers:
        logger.warning(
            "deliveries wait for endpoints that are not configured",
            extra={"detail": ", ".join(sorted(strangers))},
        )


class _Parts:
    """What runs side by side in a delivering process; the first failure ends all of it."""

    def __init__(
        self,
        settings: Settings,
        configuration: Configuration,
        log: DeliveryLog,
        health: Health,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._configuration = configuration
        self._log = log
        self._health = health
        self._metrics = metrics

    async def run(
        self,
        couriers: Sequence[tuple[Endpoint, Courier]],
        watch: Callable[[], Awaitable[None]],
        stop: asyncio.Event,
    ) -> None:
        """Run until ``stop``; then read no more, end what is under way, commit."""

        def news() -> None:
            for _, courier in couriers:
                courier.wake()

        upkeep = Upkeep(self._configuration.log, self._log, couriers, self._metrics)
        out = [asyncio.create_task(courier.run()) for _, courier in couriers]
        reading = asyncio.create_task(self._read(news, stop))
        beside = [asyncio.create_task(one) for one in (upkeep.run(), _awaiting(watch))]
        everything = [*out, reading, *beside]
        try:
            await self._until(stop, everything)
            if not self._health.ready:
                reading.cancel()  # it has read nothing yet, and may wait for Kafka for long
            self._health.ready = False
            for _, courier in couriers:
                courier.stop()
            ended, late = await asyncio.wait([*out, reading], timeout=GRACE)
            if late:
                logger.warning("stopped in the middle", extra={"records": len(late)})
            for task in ended:
                if not task.cancelled():
                    task.result()
        finally:
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)

    async def _read(self, news: Callable[[], None], stop: asyncio.Event) -> None:
        settings = self._settings
        consumer = GroupConsumer(
            settings.kafka,
            [topic_name(settings.topic_prefix, Topic.ALERTS)],
            group=group_name(settings.app_id),
            from_beginning=self._configuration.start == "beginning",
            session_timeout=settings.session_timeout,
            remembered=self._log.positions,
        )
        async with consumer:
            intake = Intake(
                consumer,
                self._log,
                self._health,
                self._metrics,
                news=news,
                commit_interval=settings.commit_interval,
                limit=settings.retry_limit,
            )
            await intake.run(stop)

    @staticmethod
    async def _until(stop: asyncio.Event, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Wait for the stop; raise what any of the tasks raises before it."""
        stopping = asyncio.create_task(stop.wait())
        try:
            ended, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in ended - {stopping}:
                task.result()
        finally:
            stopping.cancel()


def _awaiting(watch: Callable[[], Awaitable[None]]) -> Coroutine[Any, Any, None]:
    async def run() -> None:
        await watch()

    return run()
