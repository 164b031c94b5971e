"""The small web server of a process: metrics and probes, nothing else."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from rupture_watch.failures import Misconfigured

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from rupture_watch.metrics import Metrics

TURN: Final = 0.5
ALIVE: Final = 15.0
"""Seconds without a turn of the event loop after which a process counts as hung; restoring a large
partition may hold a worker for some."""


class NoPort(Misconfigured):
    """Metrics and probes cannot be served at this address."""


class Probed(Protocol):
    """What the probes ask."""

    @property
    def alive(self) -> bool:
        """Whether the event loop has turned of late."""
        ...

    @property
    def ready(self) -> bool:
        """Whether the process does its work."""
        ...


class Pulse:
    """Tells whether the event loop turns."""

    def __init__(self) -> None:
        self._turned = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the event loop has turned of late."""
        return time.monotonic() - self._turned < ALIVE

    async def beat(self) -> None:
        """Note each turn of the event loop, for ever."""
        while True:
            self._turned = time.monotonic()
            await asyncio.sleep(TURN)


@asynccontextmanager
async def probes(health: Probed, metrics: Metrics, *, host: str, port: int) -> AsyncIterator[str]:
    """Serve ``/metrics``, ``/startupz``, ``/livez`` and ``/readyz``; yield ``host:port``.

    A probe answers 200 or 503. Faust's own web server stays off: it serves table contents.

    Raises:
        NoPort: the address cannot be listened on.
    """
    app = web.Application()
    app.router.add_get("/metrics", _metrics(metrics))
    app.router.add_get("/startupz", _probe(lambda: True))
    app.router.add_get("/livez", _probe(lambda: health.alive))
    app.router.add_get("/readyz", _probe(lambda: health.ready))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise NoPort(
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
