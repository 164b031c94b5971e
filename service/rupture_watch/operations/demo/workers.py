"""A worker of the service as a child process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

import aiohttp

from rupture_watch.operations.broker.node import HOST
from rupture_watch.operations.demo.failure import DemoFailure
from rupture_watch.operations.orphans import dies_with_parent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

READY_LIMIT: Final = 60.0
STOP_LIMIT: Final = 30.0
LAST_LINES: Final = 5
PAUSE: Final = 0.1


class WorkerProcess:
    """One ``rupture-watch worker``; what it logs goes to ``log``.

    Args:
        name: what people call it.
        environment: its settings, as variables.
        port: where it serves metrics and health.
        log: file that takes its log.
        command: what it runs, where that is not a worker.
    """

    def __init__(
        self,
        name: str,
        environment: Mapping[str, str],
        port: int,
        log: Path,
        command: Sequence[str] = ("worker",),
    ) -> None:
        self.name = name
        self._command = command
        self.address = f"{HOST}:{port}"
        self._environment = {
            **os.environ,
            **environment,
            "RUPTURE_WATCH_HTTP_HOST": HOST,
            "RUPTURE_WATCH_HTTP_PORT": str(port),
        }
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; it ends with this one, however this one ends."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "rupture_watch",
                *self._command,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the demo: it stops its parts in order
                preexec_fn=dies_with_parent(),
            )

    async def ready(self) -> None:
        """Wait until the worker says that events flow; else raise DemoFailure."""
        try:
            async with asyncio.timeout(READY_LIMIT), aiohttp.ClientSession() as session:
                while not await self._says_ready(session):
                    if self._process is None or self._process.returncode is not None:
                        raise await self.died()
                    await asyncio.sleep(PAUSE)
        except TimeoutError as error:
            raise self._failure(f"was not ready within {READY_LIMIT:.0f} s") from error

    async def died(self) -> DemoFailure:
        """Wait until the process ends and return that as a failure, with its last lines."""
        code = await self._process.wait() if self._process is not None else 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return self._failure(how)

    async def stop(self) -> None:
        """Ask the worker to settle and stop; raise DemoFailure if it does not, or badly."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            code = await asyncio.wait_for(self._process.wait(), STOP_LIMIT)
        except TimeoutError as error:
            self._process.kill()
            await self._process.wait()
            raise self._failure(f"did not stop within {STOP_LIMIT:.0f} s") from error
        if code:
            raise await self.died()

    async def _says_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"http://{self.address}/readyz") as answer:
                return answer.ok
        except aiohttp.ClientError:
            return False

    def _failure(self, what: str) -> DemoFailure:
        lines = self._log.read_text("utf-8", errors="replace").splitlines()[-LAST_LINES:]
        return DemoFailure("\n  ".join([f"{self.name} {what}", *lines]))
