"""One worker process around a pipeline: put together, run, taken apart."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from rupture_watch import logs, process
from rupture_watch.metrics import Metrics
from rupture_watch.probes import probes
from rupture_watch.stream.app import build
from rupture_watch.stream.backlog import Backlog
from rupture_watch.stream.engine import Engine
from rupture_watch.stream.failpoints import Failpoint
from rupture_watch.stream.flood import FloodGuard
from rupture_watch.stream.health import Health
from rupture_watch.stream.heap import settle_heap
from rupture_watch.stream.kafka_log import KafkaLog, producer
from rupture_watch.stream.lane import Lane
from rupture_watch.stream.lease import Lease
from rupture_watch.stream.outputs import Outputs
from rupture_watch.stream.pacer import Pacer
from rupture_watch.stream.preflight import preflight, topics
from rupture_watch.stream.rulesets import announce
from rupture_watch.stream.ticks import Clock
from rupture_watch.stream.turns import Turns, end_process

if TYPE_CHECKING:
    from rupture_watch.alliance.ruleset import RuleSet
    from rupture_watch.settings import Settings
    from rupture_watch.stream import ports
    from rupture_watch.stream.app import StreamApp

logger = logging.getLogger(__name__)


def serve(settings: Settings, pipeline: ports.Pipeline, *, ruleset: RuleSet | None = None) -> int:
    """Run a worker around this pipeline until a signal stops it; return its exit code.

    0 after SIGTERM or SIGINT, with everything settled and committed; 70 when the broker fails
    (start again: nothing is lost); 78 when the set-up is wrong or a right is missing (change it
    first).
    """
    logs.configure(settings.log_level)
    metrics = Metrics()
    metrics.ruleset(ruleset.hash if ruleset else "")
    return process.run(_serve(settings, pipeline, metrics, ruleset))


async def _serve(
    settings: Settings, pipeline: ports.Pipeline, metrics: Metrics, ruleset: RuleSet | None
) -> None:
    health = Health(metrics)
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(
            probes(health, metrics, host=settings.http_host, port=settings.http_port)
        )
        logger.info("serving metrics and probes", extra={"address": address})
        beat = asyncio.create_task(health.beat())
        stack.callback(beat.cancel)
        dead_letters = await preflight(settings)
        if ruleset is not None and await announce(settings, ruleset):
            detail = f"{ruleset.name} {ruleset.version}, {ruleset.hash}"
            logger.info("another rule set from here on", extra={"detail": detail})
        lease = Lease(settings.session_timeout)
        log = KafkaLog(producer(settings.kafka, lease), limit=settings.retry_limit, lease=lease)
        await log.start()
        stack.push_async_callback(log.stop)
        outputs = Outputs(
            log,
            metrics,
            prefix=settings.topic_prefix,
            changelog=topics(settings).changelog,
            dead_letters=dead_letters,
        )
        engine = _engine(settings, pipeline, outputs, metrics, health, lease)
        clock = asyncio.create_task(Clock(engine, log, interval=settings.tick_interval).run())
        stack.callback(clock.cancel)
        app = build(settings, engine)
        settle_heap()
        await _until_stopped(app)
        health.pause()


def _engine(
    settings: Settings,
    pipeline: ports.Pipeline,
    outputs: Outputs,
    metrics: Metrics,
    health: Health,
    lease: Lease,
) -> Engine:
    names = topics(settings)
    failpoint = Failpoint.from_environment()
    lane = Lane(pipeline, outputs, guard=FloodGuard(), failpoint=failpoint, ticks=names.ticks)
    backlog = Backlog(names.ticks)
    return Engine(
        topics=names,
        lane=lane,
        turns=Turns(),
        backlog=backlog,
        pacer=Pacer(lane, backlog, metrics, interval=settings.commit_interval),
        health=health,
        lease=lease,
        metrics=metrics,
        failpoint=failpoint,
        limit=settings.retry_limit,
    )


async def _until_stopped(app: StreamApp) -> None:
    """Run the app until a signal; a crash inside Faust ends the process, settling nothing."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app.in_worker = True
    await app.start()
    crashed = await app.wait_for_stopped(stop.wait())
    if crashed:
        end_process(app.crash_reason or RuntimeError("the app stopped by itself"))
    await app.stop()
