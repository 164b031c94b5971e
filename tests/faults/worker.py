"""A worker as a real process: started, asked, stopped, killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from rupture_watch.settings import Settings

SERVICE = "tests.faults.service_worker"
COUNTING = "tests.faults.counting_worker"
START_LIMIT = 45.0
STOP_LIMIT = 45.0
ROOT = Path(__file__).parents[2]


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables with which a process loads these very settings."""
    plain = settings.model_dump(mode="json", exclude={"kafka"}, exclude_none=True)
    kafka = settings.kafka.model_dump(mode="json", exclude_none=True)
    return {
        **{f"RUPTURE_WATCH_{name.upper()}": str(value) for name, value in plain.items()},
        **{f"KAFKA_{name.upper()}": str(value) for name, value in kafka.items()},
    }


class Worker:
    """One process; entering starts it, leaving kills it where it still runs."""

    def __init__(
        self,
        settings: Settings,
        *,
        module: str = SERVICE,
        extra: Mapping[str, str] | None = None,
        folder: Path = ROOT,
    ) -> None:
        self.lines: list[dict[str, Any]] = []
        self._settings = settings
        self._module = module
        self._folder = folder
        self._extra = dict(extra or {})
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.kill()

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def start(self) -> None:
        self.lines.clear()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            cwd=self._folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                **environment(self._settings),
                **self._extra,
            },
            stderr=PIPE,
        )
        self._reading = asyncio.create_task(self._read())

    async def logged(self, event: str, *, limit: float = START_LIMIT) -> dict[str, Any]:
        """Wait for a log line; return it. Fails at once when the process ends without it."""
        async with asyncio.timeout(limit):
            while True:
                self._news.clear()
                for line in self.lines:
                    if line["event"] == event:
                        return line
                if self._reading.done():
                    raise AssertionError(f"no {event!r} before the end: {self.lines}")
                await self._news.wait()

    async def ready(self) -> Self:
        await self.logged("ready")
        return self

    async def probe(self, path: str) -> tuple[int, str]:
        """Return status and text of one of the worker's own pages."""
        address = (await self.logged("serving metrics and probes"))["address"]
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{address}{path}") as response,
        ):
            return response.status, await response.text()

    async def metric(self, series: str) -> float:
        """Return the value of one series, 0 where it has not been counted yet."""
        _, text = await self.probe("/metrics")
        for line in text.splitlines():
            name, _, value = line.rpartition(" ")
            if name == f"rupture_watch_{series}":
                return float(value)
        return 0.0

    async def ended(self, *, limit: float = STOP_LIMIT) -> int:
        """Wait for the end; return the exit code."""
        async with asyncio.timeout(limit):
            code = await self._process.wait()
            await self._reading
        return code

    async def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.ended()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.lines.append(_parsed(line))
            self._news.set()
        self._news.set()


def _parsed(line: bytes) -> dict[str, Any]:
    """Return a log line; anything else on standard error is kept, to be seen in a failure."""
    try:
        parsed: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"event": "not a log line", "text": line.decode(errors="replace")}
    return parsed
