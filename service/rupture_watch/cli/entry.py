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
from rupture_watch.cli.output import FAULTY, MISCONFIGURED, UNAVAILABLE

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
    from rupture_watch.delivery.failures import LogUnavailable, Misconfigured
    from rupture_watch.kafka.admin import Refused, Unreachable
    from rupture_watch.kafka.admission import NotAdmitted
    from rupture_watch.kafka.connection import Unreadable
    from rupture_watch.kafka.consumer import MissingTopic
    from rupture_watch.kafka.producer import Unwritten
    from rupture_watch.kafka.transactions import Overtaken
    from rupture_watch.operations.broker import BrokerFailure
    from rupture_watch.operations.calibrate.failure import TooLittle
    from rupture_watch.operations.demo import DemoFailure
    from rupture_watch.operations.explain import UnknownCase, UnknownSession
    from rupture_watch.operations.repartition import Incomplete, NotNow
    from rupture_watch.operations.rulesets_used import UnknownRuleSet
    from rupture_watch.settings import InvalidSettings

    if isinstance(error, InvalidSettings | Unreadable | NotAdmitted | MissingTopic | RuleSetError):
        return MISCONFIGURED
    if isinstance(error, Misconfigured | NotNow):
        return MISCONFIGURED
    if isinstance(error, LogUnavailable | Incomplete):
        return UNAVAILABLE
    if isinstance(error, UnknownCase | UnknownSession | UnknownRuleSet | TooLittle):
        return FAULTY
    if isinstance(
        error, BrokerFailure | DemoFailure | Unreachable | Refused | Unwritten | Overtaken
    ):
        return UNAVAILABLE
    return None


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
