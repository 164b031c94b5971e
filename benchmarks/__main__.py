"""``make bench``: every figure that the README names, in one run on one broker."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from benchmarks import latency, recovery, throughput
from benchmarks.processes import EngineFailed
from benchmarks.report import latencies, recovered, throughputs
from benchmarks.worker import free_port
from rupture_watch.operations.broker import LocalBroker
from rupture_watch.settings import KafkaSettings, Settings

PARTITIONS: Final = 4
FOLDER: Final = Path(".bench")


def main(
    events: Annotated[int, typer.Option(help="Events of the throughput run.")] = 1_000_000,
    cases: Annotated[int, typer.Option(help="Cases of the recovery run.")] = 300_000,
) -> None:
    """Measure and print; the figures also go to .bench/results.json, the engines' logs beside."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    console = Console(width=110)
    console.print(f"{os.cpu_count()} cores, shared with one broker; {events:,} events")
    try:
        results = asyncio.run(_measure(events, cases, console))
    except EngineFailed as error:
        console.print(f"failed: {error}")
        raise typer.Exit(1) from None
    finally:
        shutil.rmtree(FOLDER / "broker", ignore_errors=True)
    (FOLDER / "results.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")


async def _measure(events: int, cases: int, console: Console) -> dict[str, Any]:
    async with LocalBroker(FOLDER / "broker", quick=False) as broker:
        judged, restored, empty, prompt = (
            _settings(broker.kafka, name) for name in ("judged", "restored", "empty", "prompt")
        )
        with console.status("throughput"):
            rows = [row async for row in throughput.measure(judged, events, FOLDER)]
        console.print(throughputs(rows))
        with console.status("recovery"):
            recovery_row = await recovery.measure(judged, restored, empty, cases, FOLDER)
        console.print(recovered(recovery_row))
        with console.status("latency"):
            trips = [row async for row in latency.measure(prompt, FOLDER)]
        console.print(latencies(trips))
    return {
        "throughput": [row._asdict() for row in rows],
        "recovery": recovery_row._asdict(),
        "latency": [row._asdict() for row in trips],
    }


def _settings(kafka: KafkaSettings, name: str) -> Settings:
    """Return an installation of its own; no ticks, since the events' time is long past."""
    return Settings(
        kafka=kafka,
        topic_prefix=f"{name}.",
        app_id=f"bench-{name}",
        partitions=PARTITIONS,
        http_port=free_port(),
        tick_interval=0.0,
    )


if __name__ == "__main__":
    typer.run(main)
