"""Engines under measurement: a process, what it has committed, and the CPU that it used."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import psutil

from rupture_watch.kafka.admin import Admin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from rupture_watch.settings import KafkaSettings

POLL = 0.1
"""Seconds between two looks at the committed offsets; engines commit about once a second."""

START_LIMIT = 90.0
"""Seconds within which an engine must have committed its first offset."""

STOP_LIMIT = 30.0
"""Seconds an engine gets to stop in good order."""


class Engine(NamedTuple):
    """How to start one engine: its name in the table, its consumer group and its command."""

    name: str
    group: str
    command: Sequence[str]
    environment: Mapping[str, str] = {}


class Sample(NamedTuple):
    """How far an engine was at one moment: events committed, CPU seconds used."""

    at: float
    events: int
    cpu: float


class Throughput(NamedTuple):
    """What one engine did between its first commit and its last."""

    name: str
    events: int
    seconds: float
    cpu: float

    @property
    def per_second(self) -> float:
        """Events committed in a second of the clock."""
        return self.events / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Events committed for a second of the processor, all threads and children included."""
        return self.events / self.cpu


class EngineFailed(Exception):
    """An engine ended, hung, or stood still; the line names its log."""


@asynccontextmanager
async def running(engine: Engine, log: Path) -> AsyncIterator[psutil.Process]:
    """Run the engine for as long as the context lasts, with its output in ``log``."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *engine.command,
            env=os.environ | dict(engine.environment),
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield psutil.Process(process.pid)
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), STOP_LIMIT)
                except TimeoutError:
                    process.kill()
                    await process.wait()


async def throughput(
    engine: Engine, kafka: KafkaSettings, topics: Mapping[str, int], log: Path, *, limit: float
) -> Throughput:
    """Run the engine over ``topics`` (name to events in it) and measure it between commits.

    The time until its first commit (imports, joining the group, creating tables) is left out, so
    a start that is slow decides nothing. An engine that needs more than ``limit`` seconds is
    judged by what it has done until then.

    Raises:
        EngineFailed: it ended, or committed nothing in time.
    """
    total = sum(topics.values())
    clock = asyncio.get_running_loop().time
    first: Sample | None = None
    last: Sample | None = None
    began = clock()
    async with running(engine, log) as process, Admin(kafka) as admin:
        while last is None or last.events < total:
            committed = await admin.committed(engine.group)
            events = sum(max(0, n) for (topic, _), n in committed.items() if topic in topics)
            now = Sample(clock(), events, _cpu(process, engine, log))
            if events and first is None:
                first = now
            if first is None and now.at - began > START_LIMIT:
                raise EngineFailed(f"{engine.name} committed nothing: see {log}")
            if first and now.events > (last or first).events:
                last = now
            if first and now.at - first.at > limit:
                break
            await asyncio.sleep(POLL)
    if first is None or last is None:
        raise EngineFailed(f"{engine.name} committed once only: take more events")
    return Throughput(
        engine.name, last.events - first.events, last.at - first.at, last.cpu - first.cpu
    )


def _cpu(process: psutil.Process, engine: Engine, log: Path) -> float:
    used = 0.0
    try:
        for each in (process, *process.children(recursive=True)):
            times = each.cpu_times()
            used += times.user + times.system
        ended = process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        ended = True
    if ended:
        raise EngineFailed(f"{engine.name} ended: see {log}")
    return used
