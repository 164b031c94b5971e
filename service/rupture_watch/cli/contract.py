"""Commands about the event contract: validate, schemas."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from rupture_watch.cli.judging import RuleSetFile
from rupture_watch.cli.output import EventFile, Json, count_progress, print_json
from rupture_watch.failures import FAULTY


def validate(file: EventFile, *, ruleset: RuleSetFile = None, json: Json = False) -> None:
    """Tell line by line what the service would refuse, and why; exits 1 if anything."""
    from rupture_watch.contracts.reading import Reader
    from rupture_watch.contracts.validation import validate_file
    from rupture_watch.rulesets import load_catalogue

    accepted = 0
    reasons: Counter[str] = Counter()
    reader = Reader(load_catalogue(ruleset).ruleset.registry)
    with count_progress("events") as bar:
        for verdict in validate_file(file, reader):
            bar.advance(bar.task_ids[0])
            if verdict.reason is None:
                accepted += 1
                continue
            reasons[verdict.reason] += 1
            if json:
                print_json(verdict._asdict())
            else:
                typer.echo(f"{file}:{verdict.line}: {verdict.reason}: {verdict.message}")
    if not json:
        refused = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        typer.echo(f"{accepted:,} events accepted; refused: {refused or 'none'}", err=True)
    if reasons:
        raise typer.Exit(FAULTY)


def schemas(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="Written below it.")] = Path(
        "schemas"
    ),
) -> None:
    """Write the JSON Schemas, the AsyncAPI and OpenAPI documents and the examples."""
    from rupture_watch.contracts.schemas import write
    from rupture_watch.gateway.extra import MissingExtra, require

    for path in write(folder):
        typer.echo(str(path))
    try:
        require()
    except MissingExtra as missing:
        typer.echo(f"no openapi.yaml: {missing}", err=True)
        return
    from rupture_watch.gateway.openapi import write as write_openapi

    typer.echo(str(write_openapi(folder)))
