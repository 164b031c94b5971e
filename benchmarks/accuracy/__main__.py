"""``make bench-accuracy``: simulate, judge, print."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from benchmarks.accuracy import calibration
from benchmarks.accuracy.cohorts import Plan, gather, line
from benchmarks.accuracy.engine import judge
from benchmarks.accuracy.report import contents, tables
from benchmarks.accuracy.study import Study
from rupture_watch.operations.simulate.clinic import END
from rupture_watch.rulesets import load_catalogue

if TYPE_CHECKING:
    from benchmarks.accuracy.cohorts import Course

app = typer.Typer(add_completion=False)

JsonFile = Annotated[Path | None, typer.Option("--json", help="Figures as JSON.")]


@app.callback(invoke_without_command=True)
def main(  # noqa: PLR0913 - one parameter per option
    context: typer.Context,
    *,
    nulls: Annotated[int, typer.Option(help="Clients to whom nothing happens.")] = 2000,
    episodes: Annotated[int, typer.Option(help="Clients to whom something happens.")] = 2000,
    family: Annotated[str, typer.Option(help="Population: rules or items.")] = "rules",
    spread: Annotated[float, typer.Option(help="Multiplies every within-person SD.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of clients and bootstrap.")] = 1,
    repetitions: Annotated[int, typer.Option(help="Bootstrap samples of clients.")] = 300,
    json_file: JsonFile = None,
) -> None:
    """Print what the engine finds in simulated clients, and what it says in vain."""
    if context.invoked_subcommand is not None:
        return
    console = Console(width=170)
    plan = Plan(nulls, episodes, family, seed, spread)
    courses: dict[str, Course] = {}
    begun = time.monotonic()
    with console.status("judging") as status:

        def count(events: int) -> None:
            if events % 5000 == 0:
                status.update(f"judged {events:,} events")

        lines = (line(event) for event in gather(plan, courses, count))
        until = int((END + timedelta(days=60)).timestamp()) * 1_000_000
        verdicts = judge(lines, load_catalogue(), until=until)
        judged = time.monotonic()
        status.update("computing figures and intervals")
        study = Study(list(courses.values()), verdicts, repetitions=repetitions, seed=seed)
        content = contents(study, plan)
    for table in tables(content):
        console.print(table)
    console.print(
        f"No public data set holds alliance ratings session by session: all of this is simulation."
        f" Judged in {judged - begun:.0f} s, figures in {time.monotonic() - judged:.0f} s."
    )
    if json_file is not None:
        json_file.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


@app.command()
def calibrate(
    *,
    clients: Annotated[int, typer.Option(help="Clients of each clinic's log.")] = 400,
    nulls: Annotated[int, typer.Option(help="Fresh clients to whom nothing happens.")] = 600,
    family: Annotated[str, typer.Option(help="Population: rules or items.")] = "rules",
    target: Annotated[float, typer.Option(help="Alarms by chance per 100 rated sessions.")] = 2.0,
    seed: Annotated[int, typer.Option(help="Seed of clinics and bootstrap.")] = 1,
    repetitions: Annotated[int, typer.Option(help="Bootstrap samples of clients.")] = 300,
    json_file: JsonFile = None,
) -> None:
    """Print whether the false-alarm rate holds where clients move more or less than expected."""
    console = Console(width=170)
    setup = calibration.Setup(clients, nulls, family, target, seed, repetitions)
    with console.status("simulating") as status:
        rows = calibration.measure(setup, status.update)
    console.print(calibration.table(rows, setup))
    if json_file is not None:
        json_file.write_text(calibration.as_json(rows, setup), "utf-8")


if __name__ == "__main__":
    app()
