"""Commands that run parts of the service: worker, broker, topics, demo."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rupture_watch.cli.output import Json, print_json
from rupture_watch.failures import MISCONFIGURED

topics = typer.Typer(no_args_is_help=True, help="The topics of this installation.")


def worker() -> None:
    """Judge cases: events in from Kafka, alerts out. Stops cleanly at SIGTERM."""
    from rupture_watch.settings import load
    from rupture_watch.stream.worker import run

    raise typer.Exit(run(load()))


def broker(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 9092,
    data: Annotated[Path | None, typer.Option(help="Folder that keeps the data.")] = None,
    nodes: Annotated[int, typer.Option(help="1, or 3 to try the loss of one.")] = 1,
) -> None:
    """Run a real Apache Kafka on this machine, in the foreground; prints `ready HOST:PORT`."""
    from rupture_watch.operations.broker.foreground import serve
    from rupture_watch.settings import load

    if nodes not in {1, 3}:
        raise typer.BadParameter("1 or 3", param_hint="--nodes")
    asyncio.run(
        serve(
            data or load().data_dir / f"broker-{nodes}",
            nodes=nodes,
            port=port,
            ready=lambda address: typer.echo(f"ready {address}"),
            notice=lambda line: typer.echo(line, err=True),
        )
    )


@topics.command("create")
def topics_create(*, json: Json = False) -> None:
    """Create the topics that are missing; what is there stays as it is."""
    from rupture_watch.operations.topics import create
    from rupture_watch.settings import load

    created = asyncio.run(create(load()))
    if json:
        print_json({"created": created})
        return
    for name in created:
        typer.echo(f"created {name}")
    if not created:
        typer.echo("every topic was there already")


@topics.command("check")
def topics_check(*, json: Json = False) -> None:
    """Compare the topics with what the service needs; exits 78 with a line per difference."""
    from rupture_watch.operations.topics import check
    from rupture_watch.settings import load

    lines = asyncio.run(check(load()))
    if json:
        print_json({"differences": lines})
    elif not lines:
        typer.echo("every topic is as it should be")
    else:
        for line in lines:
            typer.echo(line, err=True)
    if lines:
        raise typer.Exit(MISCONFIGURED)


def demo(
    *,
    seconds: Annotated[
        float | None,
        typer.Option(envvar="DEMO_SECONDS", min=1, help="End by itself after so many."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=8)] = 2,
    cases: Annotated[int, typer.Option(min=1, help="Clients of the simulated clinic.")] = 60,
    seed: Annotated[int | None, typer.Option(help="The same clinic again.")] = None,
    json: Json = False,
) -> None:
    """Show everything at once: Kafka, workers, a simulated clinic, and its alerts as they come."""
    from rupture_watch.operations.demo import Demo, run
    from rupture_watch.operations.simulate.live import LiveClinic
    from rupture_watch.operations.tail import BANNER, block, structured
    from rupture_watch.settings import load

    console = Console(highlight=False, markup=False)
    notes = Console(stderr=True, highlight=False, markup=False, style="dim")
    if not json:
        console.print(BANNER)
    tally = asyncio.run(
        run(
            Demo(
                seconds=seconds,
                workers=workers,
                clinic=LiveClinic(cases=cases, seed=seed),
                page=not json,
                say=notes.print,
                show=lambda alert: (
                    typer.echo(structured(alert))
                    if json
                    else console.print(block(alert, width=console.width), soft_wrap=True)
                ),
            ),
            load(),
        )
    )
    if tally is None:
        typer.echo("stopped before the clinic began", err=True)
    elif json:
        print_json(tally.counts())
    else:
        console.print("\n".join(["Summary", *tally.lines()]), soft_wrap=True)
