"""What all commands share in what they take and print."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
EventFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="One event a line.")
]


def print_json(value: object) -> None:
    """Print one JSON text on a line of its own."""
    typer.echo(dumps(value, ensure_ascii=False))


def moment(text: str) -> int:
    """Read an RFC 3339 time with an offset; return microseconds since the epoch, UTC."""
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("a time such as 2026-01-31T12:00:00Z") from error
    if read.tzinfo is None:
        raise typer.BadParameter("a time with its offset, such as 2026-01-31T12:00:00+01:00")
    return (read - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


@contextmanager
def file_progress(what: str, size: int) -> Iterator[Progress]:
    """Show how much of a file of ``size`` bytes has gone by; nothing where nobody looks on.

    Update its one task by bytes; the field ``note`` is text to its right.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with _progress(*columns) as progress:
        progress.add_task(what, total=size, note="")
        yield progress


@contextmanager
def count_progress(what: str, total: int | None = None) -> Iterator[Progress]:
    """Show how many things have gone by, of ``total`` if that is known."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *([BarColumn()] if total else []),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with _progress(*columns) as progress:
        progress.add_task(what, total=total)
        yield progress


def _progress(*columns: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
