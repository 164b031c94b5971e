"""The worker's own small web server: metrics and probes, nothing else."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from rupture_watch.metrics import Metrics
    from rupture_watch.stream.health import Health


class NoPort(Exception):
    """Metrics and probes cannot be served; ends the worker with exit code 78."""


@asynccontextmanager
async def probes(health: Health, metrics: Metrics, *, host: str, port: int) -> AsyncIterator[str]:
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
