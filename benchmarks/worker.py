"""A running worker's own words: its probes and its metrics."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

import aiohttp
import psutil
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.processes import EngineFailed

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

START_LIMIT: Final = 60.0


async def ready(settings: Settings, process: psutil.Process) -> None:
    """Wait until the worker's partitions are assigned and restored and events flow.

    Raises:
        EngineFailed: it ended, or was not ready in time.
    """
    address = f"http://{settings.http_host}:{settings.http_port}/readyz"
    deadline = asyncio.get_running_loop().time() + START_LIMIT
    async with aiohttp.ClientSession() as session:
        while asyncio.get_running_loop().time() < deadline:
            if process.status() == psutil.STATUS_ZOMBIE:
                break
            try:
                async with session.get(address) as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass  # not listening yet
            await asyncio.sleep(0.02)
    raise EngineFailed(f"the worker of {settings.app_id} was never ready: see its log")


async def metrics(settings: Settings) -> dict[str, float]:
    """Return the worker's metrics without labels, by name."""
    address = f"http://{settings.http_host}:{settings.http_port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        text = await answer.text()
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels
    }


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
