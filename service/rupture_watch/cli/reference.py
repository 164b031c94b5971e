"""Commands that tell how the service is set up and judges: settings, rules."""

from rich.console import Console
from rich.table import Table

from rupture_watch.cli.judging import RuleSetFile
from rupture_watch.cli.output import Json, print_json


def settings(*, json: Json = False) -> None:
    """List every setting: its variable, its default and its meaning."""
    from rupture_watch.settings import table

    rows = list(table())
    if json:
        print_json([row._asdict() for row in rows])
        return
    grid = Table("variable", "default", "meaning")
    for row in rows:
        grid.add_row(*row)
    Console(highlight=False, markup=False).print(grid)


def rules(*, ruleset: RuleSetFile = None, json: Json = False) -> None:
    """List every concept of the catalogue: what judges it, by which numbers, from which source."""
    from rupture_watch.operations.rules_catalogue import catalogue, rows, table

    entries = catalogue(ruleset)
    if json:
        print_json(rows(entries))
        return
    Console(highlight=False).print(table(entries))
