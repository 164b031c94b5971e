"""Events per second through ``POST /events``, beside a bare aiokafka producer in the same run.

``python -m benchmarks.gateway``. Both write the same events, every one acknowledged, to one broker
on the same machine. The bare producer has nothing to do but to send; the gateway reads HTTP and
JSON, lets the client in, holds every event against the contract, and gives it a verdict. The
sender's own work is a process beside them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import aiohttp
import msgspec
import psutil
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.worker import free_port
from rupture_watch.contracts.topics import channel_of_type, topic_name
from rupture_watch.gateway.keyfile import stanza
from rupture_watch.gateway.mapping.cloudevents import clean
from rupture_watch.kafka.producer import EventProducer, acknowledged
from rupture_watch.operations.broker import LocalBroker
from rupture_watch.operations.simulate import simulate
from rupture_watch.operations.topics import create
from rupture_watch.settings import Settings, as_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from rupture_watch.kafka.binary_mode import BinaryEvent

FOLDER: Final = Path(".bench") / "gateway"
BATCH_MEDIA: Final = "application/cloudevents-batch+json"
AHEAD: Final = 5_000
"""Records of the bare producer that wait for their acknowledgement at a time."""


class Result(NamedTuple):
    """One way to write; CPU seconds are those of the writing process."""

    name: str
    events: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds


def main(
    events: Annotated[int, typer.Option(help="Events of each run.")] = 200_000,
    batch: Annotated[int, typer.Option(help="Events of one request.")] = 500,
    abreast: Annotated[int, typer.Option(help="Requests under way at a time.")] = 4,
) -> None:
    """Measure and print one table."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    console = Console(width=100)
    try:
        results = uvloop.run(_measure(events, batch, abreast))
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    table = Table("way", "events", "events/s", "events per CPU second of the writer")
    for one in results:
        table.add_row(
            one.name, f"{one.events:,}", f"{one.rate:,.0f}", f"{one.events / one.cpu:,.0f}"
        )
    console.print(f"{os.cpu_count()} cores, shared with one broker and the sender")
    console.print(table)


async def _measure(count: int, batch: int, abreast: int) -> list[Result]:
    events = _events(count)
    async with LocalBroker(FOLDER / "broker", quick=False) as broker:
        settings = Settings(kafka=broker.kafka, topic_prefix="g.", app_id="g", http_port=0)
        await create(settings)
        bodies = [
            (len(part), msgspec.json.encode(part))
            for part in (events[place : place + batch] for place in range(0, count, batch))
        ]
        records = [clean(event).record for event in events]
        del events
        async with _gateway(settings) as (port, process):
            await _post(port, bodies[: len(bodies) // 10], abreast)  # warm-up
            through = await _timed("gateway, POST /events", process, _post(port, bodies, abreast))
        await _send(settings, records[: count // 10])
        bare = await _timed("bare aiokafka", psutil.Process(), _send(settings, records))
    return [through, bare]


def _events(count: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    seed = 1
    while len(found) < count:
        found += [
            event for event in simulate(400, 26, seed) if channel_of_type(event["type"]) is not None
        ]
        seed += 1
    return found[:count]


async def _timed(name: str, process: psutil.Process, work: object) -> Result:
    used, begun = process.cpu_times(), time.monotonic()
    written: int = await work  # type: ignore[misc]
    seconds, now = time.monotonic() - begun, process.cpu_times()
    return Result(name, written, seconds, now.user + now.system - used.user - used.system)


@asynccontextmanager
async def _gateway(settings: Settings) -> AsyncIterator[tuple[int, psutil.Process]]:
    port = free_port()
    keys = FOLDER / "keys.toml"
    keys.write_text(stanza("bench", os.urandom(32), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    environment = {
        **os.environ,
        **as_environment(settings),
        "RUPTURE_WATCH_GATEWAY_KEYS_FILE": str(keys),
        "RUPTURE_WATCH_GATEWAY_PORT": str(port),
    }
    command = (sys.executable, "-m", "rupture_watch", "gateway")
    running = await asyncio.create_subprocess_exec(*command, env=environment)
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while not await _is_ready(session, port):  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.1)
        yield port, psutil.Process(running.pid)
    finally:
        running.terminate()
        await running.wait()


async def _is_ready(session: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200  # noqa: PLR2004 - ready
    except aiohttp.ClientError:
        return False


async def _post(port: int, bodies: Sequence[tuple[int, bytes]], abreast: int) -> int:
    """Post every body, some at a time; return how many events the gateway has written."""
    waiting = iter(bodies)
    url = f"http://127.0.0.1:{port}/events"

    async def sender(session: aiohttp.ClientSession) -> int:
        written = 0
        for count, body in waiting:
            async with session.post(
                url, data=body, headers={"content-type": BATCH_MEDIA}
            ) as answer:
                receipt = await answer.json()
                # The clinic also sends some events that are wrong on purpose.
                assert receipt["written"] + receipt["refused"] == count, receipt  # noqa: S101
                written += count
        return written

    async with aiohttp.ClientSession() as session:
        return sum(await asyncio.gather(*(sender(session) for _ in range(abreast))))


async def _send(settings: Settings, records: Sequence[BinaryEvent]) -> int:
    """Send every record through a bare producer and wait for all acknowledgements."""
    async with EventProducer(settings.kafka) as producer:
        waiting: list[asyncio.Future[object]] = []
        for record in records:
            channel = channel_of_type(record.type)
            assert channel is not None  # noqa: S101 - only such are here
            topic = topic_name(settings.topic_prefix, channel)
            waiting.append(await producer.send_event(topic, record))
            if len(waiting) >= AHEAD:
                await acknowledged(waiting)
                waiting.clear()
        await acknowledged(waiting)
    return len(records)


if __name__ == "__main__":
    typer.run(main)
