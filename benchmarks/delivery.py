"""Web hooks per second to a local receiver, beside a bare aiohttp loop in the same run.

``python -m benchmarks.delivery``. The receiver is a process of its own that answers 204 and does
nothing else. The bare loop posts the same signed bodies from a list: no log, no order, no retries,
and a kill would lose what it does. The service's courier takes its deliveries from the log, keeps
each case's order, and writes every attempt down, durably.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import aiohttp
import typer
import uvloop
from aiohttp import web
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url

from rupture_watch.contracts.writing import canonical
from rupture_watch.delivery.alerts import read_body
from rupture_watch.delivery.channels.opening import channel_of
from rupture_watch.delivery.channels.webhook import Secrets, payload, signed
from rupture_watch.delivery.courier import Courier, now
from rupture_watch.delivery.endpoints import WebhookEndpoint
from rupture_watch.delivery.log import Delivery, DeliveryLog, open_log
from rupture_watch.delivery.measures import CATALOGUE
from rupture_watch.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from rupture_watch.delivery.alerts import AlertRevision

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of this benchmark
CASES: Final = 2_000
NOTED_AT_ONCE: Final = 500
CONCURRENCY: Final = 16
AIM: Final = 1_000
LIMIT: Final = 300.0


class Figure(NamedTuple):
    """What one contestant did."""

    name: str
    messages: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Messages in a second of the clock."""
        return self.messages / self.seconds


def revisions(count: int) -> list[AlertRevision]:
    """Return so many revisions of the alerts of :data:`CASES` cases, in the order of time."""
    made = []
    for number in range(count):
        case, revision = number % CASES, number // CASES + 1
        body = canonical(
            {
                "alert_id": f"{case:032x}",
                "revision": revision,
                "state": "open",
                "reason": "new_evidence",
                "severity": 3,
                "rupture_type": "withdrawal",
                "lead": "A4",
                "findings": [],
                "ruleset": "0123456789ab",
                "missing": [],
                "late": [],
                "headline": "Bond rating went 9.4, 9.2 and 5.9.",
                "considerations": ["Ask what the last session was like."],
                "clears_when": "Clears when the rating is back.",
                "causation": ["form-7"],
            }
        )
        change = "raised" if revision == 1 else "amended"
        type_ = f"org.rupturewatch.alert.{change}.v1"
        made.append(read_body(body, case=f"case-{case}", type_=type_, time=number))
    return made


async def main_run(count: int, folder: Path) -> list[Figure]:
    """Measure noting, the courier and the bare loop."""
    secrets = folder / "secrets"
    secrets.write_text(SECRET, "ascii")
    async with receiver() as url:
        endpoint = WebhookEndpoint.model_validate(
            {
                "name": "sink",
                "kind": "webhook",
                "url": url,
                "secrets_file": secrets,
                "plain_http": True,
                "allow_networks": ["127.0.0.0/8"],
                "concurrency": CONCURRENCY,
            }
        )
        async with open_log(make_url(f"sqlite+aiosqlite:///{folder / 'log.db'}")) as engine:
            log = DeliveryLog(engine, [endpoint])
            await log.begin(now())
            noting = await _noted(log, revisions(count))
            couriers = await _delivered(log, endpoint, count)
        bare = await _bare(endpoint, url, revisions(count))
    return [bare, couriers, noting]


async def _noted(log: DeliveryLog, made: Sequence[AlertRevision]) -> Figure:
    began = time.perf_counter()
    for start in range(0, len(made), NOTED_AT_ONCE):
        positions = {("alerts", 0): start + NOTED_AT_ONCE}
        await log.note(made[start : start + NOTED_AT_ONCE], positions, now())
    return Figure("into the log", len(made), time.perf_counter() - began)


async def _delivered(log: DeliveryLog, endpoint: WebhookEndpoint, count: int) -> Figure:
    metrics = Metrics(CATALOGUE)
    courier = Courier(endpoint, channel_of(endpoint), log, metrics)
    began = time.perf_counter()
    running = asyncio.create_task(courier.run())
    async with asyncio.timeout(LIMIT):
        while await log.waiting():  # noqa: ASYNC110 - the log of another task
            await asyncio.sleep(0.1)
    seconds = time.perf_counter() - began
    courier.stop()
    await running
    return Figure("rupture-watch deliver", count, seconds)


async def _bare(endpoint: WebhookEndpoint, url: str, made: Sequence[AlertRevision]) -> Figure:
    signers = Secrets(endpoint.secrets_file, endpoint.name).signers()
    left = iter(made)
    async with aiohttp.ClientSession() as session:

        async def post() -> None:
            for number, one in enumerate(left):
                named = number, "sink", f"{number:032x}"
                told = one.case, one.type, one.time, one.body
                delivery = Delivery._make((*named, 0, 0, 0, 0, 0, 0, *told))
                body = payload(endpoint, delivery)
                headers = signed(signers, delivery.reference, body, dt.datetime.now(dt.UTC))
                async with session.post(url, data=body, headers=headers) as response:
                    await response.read()

        began = time.perf_counter()
        await asyncio.gather(*(post() for _ in range(CONCURRENCY)))
        return Figure("bare aiohttp loop", len(made), time.perf_counter() - began)


@asynccontextmanager
async def receiver() -> AsyncIterator[str]:
    """Run the receiver as a process of its own; yield its URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.delivery", "receive", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None  # noqa: S101 - as asked for
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def _receive() -> None:
    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", flush=True)
    await asyncio.Event().wait()


app = typer.Typer(add_completion=False)


@app.command()
def receive() -> None:
    """Be the receiver."""
    uvloop.run(_receive())


@app.command()
def measure(
    messages: Annotated[int, typer.Option(min=1, help="Web hooks.")] = 10_000,
    out: Annotated[Path | None, typer.Option(help="Also write the figures as JSON.")] = None,
) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="rupture-watch-bench-") as folder:
        figures = uvloop.run(main_run(messages, Path(folder)))
    bare = figures[0]
    table = Table(title=f"Web hooks, {CONCURRENCY} at a time (aim: {AIM:,} a second)")
    for column in ("", "messages", "seconds", "per second", "of the bare loop"):
        table.add_column(column, justify="right" if column else "left")
    for one in figures:
        share = f"{one.per_second / bare.per_second:.2f}"
        row = f"{one.messages:,}", f"{one.seconds:.2f}", f"{one.per_second:,.0f}", share
        table.add_row(one.name, *row)
    Console(width=100).print(table)
    if out is not None:
        out.write_text(json.dumps([one._asdict() for one in figures], indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    app() if len(sys.argv) > 1 else app(["measure"])
