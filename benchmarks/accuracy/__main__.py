"""``make bench-accuracy``: simulate, judge, print."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from benchmarks.accuracy.cohorts import Plan, gather, line
from benchmarks.accuracy.engine import judge
from benchmarks.accuracy.report import contents, tables
from benchmarks.accuracy.study import Study
from rupture_watch.operations.simulate.clinic import END
from rupture_watch.rulesets import load_catalogue

if TYPE_CHECKING:
    from benchmarks.accuracy.cohorts import Course


def main(
    nulls: Annotated[int, typer.Option(help="Clients to whom nothing happens.")] = 2000,
    episodes: Annotated[int, typer.Option(help="Clients to whom something happens.")] = 2000,
    family: Annotated[str, typer.Option(help="Population: rules or items.")] = "rules",
    spread: Annotated[float, typer.Option(help="Multiplies every within-person SD.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of clients and bootstrap.")] = 1,
    repetitions: Annotated[int, typer.Option(help="Bootstrap samples of clients.")] = 300,
    json_file: Annotated[Path | None, typer.Option("--json", help="Figures as JSON.")] = None,
) -> None:
    """Print what the engine finds in simulated clients, and what it says in vain."""
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


if __name__ == "__main__":
    typer.run(main)
