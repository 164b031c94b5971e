"""Whether a delivering process is up, ready and alive, and the small server that says so."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from rupture_watch.metrics import Metrics

TURN: Final = 0.5
ALIVE: Final = 15.0
"""Seconds without a turn of the event loop after which the process counts as hung."""


class Health:
    """Answers the probes. ``ready``: it has the log to itself and reads the alerts topic."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._turned = time.monotonic()
        self._ready = False

    @property
    def alive(self) -> bool:
        """Whether the event loop has turned of late."""
        return time.monotonic() - self._turned < ALIVE

    @property
    def ready(self) -> bool:
        """Whether alerts are read and delivered."""
        return self._ready

    @ready.setter
    def ready(self, ready: bool) -> None:
        self._ready = ready
        self._metrics.level("ready", int(ready))

    async def beat(self) -> None:
        """Note each turn of the event loop, for ever."""
        while True:
            self._turned = time.monotonic()
            await asyncio.sleep(TURN)


@asynccontextmanager
async def served(health: Health, metrics: Metrics, *, host: str, port: int) -> AsyncIterator[str]:
    """Serve ``/metrics``, ``/startupz``, ``/livez`` and ``/readyz``; yield ``host:port``.

    Raises:
        InvalidSettings: the address cannot be listened on.
    """
    app = web.Application()
    app.router.add_get("/metrics", _metrics(metrics))
    app.router.add_get("/startupz", _probe(lambda: True))
    app.router.add_get("/livez", _probe(lambda: health.alive))
    app.router.add_get("/readyz", _probe(lambda: health.ready))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise InvalidSettings(
                f"RUPTURE_WATCH_HTTP_PORT: cannot listen on {host}:{port}, name another or 0"
            ) from error
        bound_host, bound_port = runner.addresses[0][:2]
        yield f"{bound_host}:{bound_port}"
    finally:
        await runner.cleanup()


def _metrics(metrics: Metrics) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(
            body=metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return answer


def _probe(holds: Callable[[], bool]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="ok\n") if holds() else web.Response(status=503, text="no\n")

    return answer
