"""Commands about events: publish, simulate, tail."""

import asyncio
import sys
from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer
from rich.console import Console

from rupture_watch.cli.output import (
    EventFile,
    Json,
    count_progress,
    file_progress,
    print_json,
)
from rupture_watch.failures import FAULTY

SHOWN = 20
"""Faults that are printed one by one; more are counted."""


def publish(file: EventFile, *, json: Json = False) -> None:
    """Put a file of events onto the topics, every one acknowledged; exits 1 if a line is none."""
    import uvloop

    from rupture_watch.operations import publish as operation
    from rupture_watch.settings import load

    with file_progress(file.name, file.stat().st_size) as bar, file.open("rb") as lines:

        def progress(*, read: int, acknowledged: int) -> None:
            bar.update(bar.task_ids[0], completed=read, note=f"{acknowledged:,} acknowledged")

        published = uvloop.run(operation.publish(load(), lines, progress))
    if json:
        faults = [fault._asdict() for fault in published.faults]
        print_json({"acknowledged": published.acknowledged, "faults": faults})
    else:
        for fault in published.faults[:SHOWN]:
            typer.echo(f"{file}:{fault.line}: {fault.reason}", err=True)
        if (more := len(published.faults) - SHOWN) > 0:
            typer.echo(f"and {more:,} more lines that are no event", err=True)
        typer.echo(f"{published.acknowledged:,} events acknowledged")
    if published.faults:
        raise typer.Exit(FAULTY)


def simulate(
    *,
    cases: Annotated[int, typer.Option(min=0, help="Clients.")] = 300,
    weeks: Annotated[int, typer.Option(min=3, help="Weeks of the clinic's life.")] = 26,
    seed: Annotated[int, typer.Option(help="The same seed, the same bytes.")] = 1,
    out: Annotated[Path | None, typer.Option(help="File; absent: standard output.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Onto the topics, its past fast and then in real time.")
    ] = False,
) -> None:
    """Make up a clinic's events, with ruptures, repairs, late and wrong data, from a seed.

    Live, its clock runs with it: start the workers with RUPTURE_WATCH_TICK_INTERVAL=0.
    """
    if live:
        _simulate_live(cases, weeks, seed)
        return
    from rupture_watch.operations.simulate import simulate as operation

    events = operation(cases, weeks, seed)
    with count_progress("events") as bar:
        if out is None:
            _write(bar.track(events, task_id=bar.task_ids[0]), sys.stdout.buffer)
        else:
            with out.open("wb") as file:
                _write(bar.track(events, task_id=bar.task_ids[0]), file)


def _write(events: Iterable[dict[str, Any]], file: BinaryIO) -> None:
    file.writelines(msgspec.json.encode(event) + b"\n" for event in events)


def _simulate_live(cases: int, weeks: int, seed: int) -> None:
    from rupture_watch.operations.live import send
    from rupture_watch.operations.simulate.live import LiveClinic
    from rupture_watch.settings import load

    with count_progress("events acknowledged") as bar:
        asyncio.run(
            send(
                LiveClinic(cases=cases, weeks=weeks, seed=seed),
                load(),
                progress=lambda count: bar.update(bar.task_ids[0], completed=count),
            )
        )


def tail(
    *,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Also what was published before.")
    ] = False,
    limit: Annotated[int | None, typer.Option("--max", min=1, help="Stop after so many.")] = None,
    json: Json = False,
) -> None:
    """Print alerts in plain sentences as they are published."""
    from rupture_watch.operations.tail import BANNER, alerts, block, structured
    from rupture_watch.settings import load

    console = Console(highlight=False, markup=False)

    async def follow() -> None:
        left = limit
        coming = alerts(
            load(),
            from_beginning=from_beginning,
            unreadable=lambda line: typer.echo(line, err=True),
        )
        async with aclosing(coming):
            async for alert in coming:
                if json:
                    typer.echo(structured(alert))
                else:
                    console.print(block(alert, width=console.width), soft_wrap=True)
                left = None if left is None else left - 1
                if left == 0:
                    return

    if not json:
        console.print(BANNER)
    try:
        asyncio.run(follow())
    except KeyboardInterrupt:
        return
