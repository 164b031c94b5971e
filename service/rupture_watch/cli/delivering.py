"""Commands about what goes out: deliver, deliveries."""

import asyncio
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from rupture_watch.cli.output import Json, print_json
from rupture_watch.failures import FAULTY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncEngine

_Found = TypeVar("_Found")

ConfigurationFile = Annotated[
    Path,
    typer.Option(
        "--config",
        envvar="RUPTURE_WATCH_DELIVERY",
        help="The TOML file of endpoints.",
        show_default=False,
    ),
]
Endpoints = Annotated[
    list[str] | None, typer.Option("--endpoint", help="Only of this one; may be repeated.")
]
MICROSECONDS = 1_000_000

deliveries = typer.Typer(help="What was brought where, what was tried, what failed.")


def _example(wanted: bool) -> None:
    if wanted:
        from importlib.resources import files

        text = files("rupture_watch.delivery").joinpath("example.toml").read_text("utf-8")
        typer.echo(text, nl=False)
        raise typer.Exit


def deliver(
    config: ConfigurationFile,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only read the configuration.")] = False,
    example: Annotated[  # noqa: ARG001 - acted on before the command runs
        bool,
        typer.Option(
            "--example",
            callback=_example,
            is_eager=True,
            help="Print a configuration to start from.",
        ),
    ] = False,
) -> None:
    """Bring alerts to web hooks, FHIR servers and mailboxes. Stops cleanly at SIGTERM."""
    from rupture_watch.delivery.channels.opening import channel_of
    from rupture_watch.delivery.configuration import load as load_configuration
    from rupture_watch.delivery.serving import serve
    from rupture_watch.settings import load

    settings, configuration = load(), load_configuration(config)
    if check:
        for endpoint in configuration.endpoint:
            channel_of(endpoint)
            typer.echo(f"{endpoint.name}: {endpoint.kind}")
        return
    raise typer.Exit(serve(settings, configuration))


@deliveries.callback(invoke_without_command=True)
def listed(
    context: typer.Context,
    config: ConfigurationFile,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only those given up.")] = False,
    endpoint: Endpoints = None,
    limit: Annotated[int, typer.Option("--max", min=1, help="The newest so many.")] = 50,
    json: Json = False,
) -> None:
    """List deliveries, oldest first; exits 1 if --failed finds any."""
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    from rupture_watch.delivery.log import listing
    from rupture_watch.delivery.results import State

    async def ask(engine: "AsyncEngine") -> tuple[list[listing.Row], list[str]]:
        states = [State.FAILED] if failed else []
        rows = await listing.listed(engine, states=states, endpoints=endpoint or (), limit=limit)
        return rows, await listing.disabled(engine)

    rows, disabled = _asked(config, ask)
    if json:
        for row in rows:
            print_json({**row._asdict(), **_times(row.noted_at, row.due_at, row.settled_at)})
    else:
        grid = Table("id", "endpoint", "reference", "state", "attempts", "last", "noted", "settled")
        for row in rows:
            grid.add_row(
                str(row.id),
                row.endpoint,
                row.reference,
                row.state,
                str(row.attempts),
                row.last_result or "",
                _written(row.noted_at),
                _written(row.settled_at),
            )
        Console(highlight=False, markup=False).print(grid)
        for name in disabled:
            typer.echo(f"{name} is disabled: it answered that it is gone", err=True)
    if failed and rows:
        raise typer.Exit(FAULTY)


@deliveries.command("attempts")
def attempts(
    context: typer.Context,
    delivery: Annotated[int, typer.Argument(help="Its id in the list.")],
    *,
    json: Json = False,
) -> None:
    """List every attempt of one delivery."""
    from rupture_watch.delivery.log import listing

    found = _asked(context.obj, lambda engine: listing.attempts(engine, delivery))
    for one in found:
        started, seconds = _written(one.started_at), (one.ended_at - one.started_at) / MICROSECONDS
        if json:
            print_json({**one._asdict(), "started_at": started, "ended_at": _written(one.ended_at)})
        else:
            code = "" if one.code is None else f" ({one.code})"
            typer.echo(f"{one.number}  {started}  {one.result}{code}  {seconds:.3f} s")


@deliveries.command("retry")
def retry(
    context: typer.Context,
    delivery: Annotated[list[int] | None, typer.Argument(help="Ids; none: all failed.")] = None,
    *,
    endpoint: Endpoints = None,
    json: Json = False,
) -> None:
    """Try failed deliveries again; an endpoint that was disabled is enabled."""
    from rupture_watch.delivery.courier import now
    from rupture_watch.delivery.log import listing

    retried = _asked(
        context.obj,
        lambda engine: listing.retry(engine, now(), ids=delivery or (), endpoints=endpoint or ()),
    )
    if json:
        print_json(retried._asdict())
        return
    typer.echo(f"{retried.again:,} will be tried again")
    if retried.overtaken:
        typer.echo(f"{retried.overtaken:,} not: a later revision has been delivered")
    if retried.forgotten:
        typer.echo(f"{retried.forgotten:,} not: what they said is no longer kept")


@deliveries.command("code-systems")
def code_systems() -> None:
    """Print the local FHIR code systems, one resource a line, for a server's terminology."""
    from rupture_watch.delivery.channels.fhir_terms import code_systems as made

    for system in made():
        print_json(system)


def _asked(config: Path, question: "Callable[[AsyncEngine], Awaitable[_Found]]") -> _Found:
    """Open the log that a configuration names, and ask it something."""
    from sqlalchemy.exc import SQLAlchemyError

    from rupture_watch.delivery.configuration import load as load_configuration
    from rupture_watch.delivery.log import open_log
    from rupture_watch.delivery.log.opening import location, unavailable
    from rupture_watch.settings import load

    url = location(load_configuration(config).log, load().data_dir)

    async def ask() -> _Found:
        async with open_log(url) as engine:
            try:
                return await question(engine)
            except SQLAlchemyError as error:
                raise unavailable(error) from error

    return asyncio.run(ask())


def _times(noted: int, due: int, settled: int | None) -> dict[str, str | None]:
    return {
        "noted_at": _written(noted),
        "due_at": _written(due),
        "settled_at": _written(settled) or None,
    }


def _written(moment: int | None) -> str:
    if moment is None:
        return ""
    return dt.datetime.fromtimestamp(moment // MICROSECONDS, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
