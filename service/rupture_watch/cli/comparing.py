"""Commands that compare rule sets: backtest."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rupture_watch.cli.output import Json, count_progress, file_progress, print_json

_RULESET = "A rule set file, or default, strict, lenient, plain."


def backtest(
    old: Annotated[str, typer.Argument(help=_RULESET)],
    new: Annotated[str, typer.Argument(help=_RULESET)],
    *,
    events: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="A file of events, one a line.")
    ],
    json: Json = False,
    out: Annotated[
        Path | None, typer.Option(help="Also write the JSON, every changed alert, to this file.")
    ] = None,
) -> None:
    """Tell what another rule set would have fired, let vanish or moved, from a file of events."""
    from json import dumps

    from rupture_watch.contracts.reading import Reader
    from rupture_watch.operations.backtest import CaseLog, as_json, compare, render
    from rupture_watch.rulesets import load_catalogue

    catalogues = load_catalogue(old), load_catalogue(new)
    readers = [Reader(one.ruleset.registry) for one in catalogues]
    with file_progress(events.name, events.stat().st_size) as bar:
        log = CaseLog.read(
            events, readers, lambda done: bar.update(bar.task_ids[0], completed=done)
        )
    with count_progress("cases", len(log)) as bar:
        found = compare(log, *catalogues, lambda done: bar.update(bar.task_ids[0], completed=done))
    if out is not None:
        out.write_text(dumps(as_json(found), ensure_ascii=False, indent=1) + "\n", "utf-8")
    if json:
        print_json(as_json(found))
    else:
        Console(highlight=False, markup=False).print(render(found))
