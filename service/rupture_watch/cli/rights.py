"""The command that lists what to allow on the cluster: rights."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rupture_watch.cli.output import Json, print_json


def rights(
    *,
    role: Annotated[str | None, typer.Option(help="Only of this part.")] = None,
    json: Json = False,
) -> None:
    """List the rights that each part needs on the cluster, with this installation's names."""
    from rupture_watch.kafka.acls import roles
    from rupture_watch.settings import load

    settings = load()
    known = {one.name: one for one in roles()}
    if role is not None and role not in known:
        raise typer.BadParameter(f"one of {', '.join(known)}", param_hint="--role")
    chosen = [known[role]] if role else list(known.values())
    rows = [
        {"role": one.name, **right._asdict()} for one in chosen for right in one.resolved(settings)
    ]
    if json:
        print_json(rows)
        return
    grid = Table("role", "kind", "name", "operation")
    for row in rows:
        grid.add_row(*(str(value) for value in row.values()))
    Console(highlight=False, markup=False).print(grid)
