"""All commands under one name, and how their failures end."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from rupture_watch import __version__
from rupture_watch.cli import (
    calibrating,
    comparing,
    contract,
    dead_letters,
    delivering,
    events,
    gateway,
    inbox,
    judging,
    migrating,
    reference,
    rights,
    running,
)
from rupture_watch.failures import MISCONFIGURED

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(running.worker)
app.command()(running.broker)
app.command()(running.demo)
app.add_typer(running.topics, name="topics")
app.add_typer(inbox.inbox, name="inbox")
app.add_typer(inbox.audit, name="audit")
app.command()(events.publish)
app.command()(events.simulate)
app.command()(events.tail)
app.command()(judging.replay)
app.command()(judging.explain)
app.command()(comparing.backtest)
app.command()(calibrating.calibrate)
app.command()(dead_letters.dead_letters)
app.command()(dead_letters.redrive)
app.command()(migrating.repartition)
app.command()(contract.validate)
app.command()(contract.schemas)
app.command()(delivering.deliver)
app.add_typer(delivering.deliveries, name="deliveries")
app.command()(gateway.gateway)
app.command("map")(gateway.map_file)
app.add_typer(gateway.mapping, name="mapping")
app.add_typer(gateway.keys, name="keys")
app.command()(reference.settings)
app.command()(rights.rights)
app.command()(reference.rules)


def main() -> None:
    """Run the command line; every expected failure ends as one line and an exit code."""
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # we say it in one line
    try:
        app()
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        typer.echo(f"rupture-watch: {error}", err=True)
        sys.exit(code)


def _exit_code(error: Exception) -> int | None:
    """Return the exit code of an expected failure, None for a fault of ours."""
    from rupture_watch.alliance.ruleset import RuleSetError
    from rupture_watch.failures import Failure

    if isinstance(error, RuleSetError):  # the core knows nothing of processes
        return MISCONFIGURED
    return error.exit_code if isinstance(error, Failure) else None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def rupture_watch(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Early, reviewable questions about the working alliance, from a stream of session events."""
