"""Commands that tell how the service is set up: settings."""

from rich.console import Console
from rich.table import Table

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
