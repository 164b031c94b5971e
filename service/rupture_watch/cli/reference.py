"""Commands that tell how the service is set up and judges: settings, rules."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rupture_watch.cli.judging import RuleSetFile
from rupture_watch.cli.output import Json, print_json


def settings(*, json: Json = False) -> None:
    """List every setting: its variable, its default and its meaning."""
    from rupture_watch.gateway.settings import GatewaySettings
    from rupture_watch.inbox.settings import InboxSettings
    from rupture_watch.settings import table

    rows = list(table(GatewaySettings, InboxSettings))
    if json:
        print_json([row._asdict() for row in rows])
        return
    grid = Table("variable", "default", "meaning")
    for row in rows:
        grid.add_row(*row)
    Console(highlight=False, markup=False).print(grid)


def rules(
    *,
    ruleset: RuleSetFile = None,
    digest: Annotated[
        str | None,
        typer.Option(
            "--hash",
            metavar="PREFIX",
            help="Instead the rule set that alerts name so, from the stream.",
        ),
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Instead since when which rule set was in use.")
    ] = False,
    json: Json = False,
) -> None:
    """List every concept of the catalogue: what judges it, by which numbers, from which source."""
    if (ruleset is not None) + (digest is not None) + history > 1:
        raise typer.BadParameter("only one of --ruleset, --hash and --history")
    if history or digest is not None:
        _from_the_stream(digest, json=json)
        return
    from rupture_watch.operations.rules_catalogue import catalogue, rows, table

    entries = catalogue(ruleset)
    if json:
        print_json(rows(entries))
        return
    Console(highlight=False).print(table(entries))


def _from_the_stream(digest: str | None, *, json: bool) -> None:
    """Print the changes of the rule set, or the one rule set that is asked for."""
    from rupture_watch.operations.rules_catalogue import table
    from rupture_watch.operations.rulesets_used import changes, find
    from rupture_watch.rulesets.describe import entries_of
    from rupture_watch.settings import load

    used = asyncio.run(changes(load()))
    if digest is not None:
        used = find(digest, used)
    if json:
        print_json([one.line() for one in used])
        return
    for one in used:
        rules = one.ruleset
        typer.echo(f"{one.since:%Y-%m-%d %H:%M:%S} UTC  {rules.hash}  {rules.name} {rules.version}")
    if digest is not None:
        Console(highlight=False).print(table(entries_of(used[-1].ruleset, {})))
