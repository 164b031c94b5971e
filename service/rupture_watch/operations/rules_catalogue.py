"""The rule set as something to read: rows for machines, a table for people."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from rupture_watch.rulesets import read_text
from rupture_watch.rulesets.describe import describe

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rupture_watch.rulesets.describe import Entry, Number


def catalogue(source: str | Path | None = None) -> list[Entry]:
    """Return every concept as the rule set ``source`` (a name or a file) has it.

    Raises:
        RuleSetError: the file cannot be read or is no rule set.

    """
    return describe(read_text(source))


def rows(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return the entries as plain values, ready for JSON."""
    return [
        {**entry._asdict(), "numbers": [number._asdict() for number in entry.numbers]}
        for entry in entries
    ]


def table(entries: Iterable[Entry]) -> Table:
    """Return the entries as a table, a section of the article after the other."""
    shown = Table(title="Rules", expand=True, pad_edge=False)
    shown.add_column("id", no_wrap=True)
    shown.add_column("concept", ratio=2, overflow="fold")
    shown.add_column("sev", justify="right", no_wrap=True)
    shown.add_column("kind", no_wrap=True)
    shown.add_column("judges", ratio=4)
    shown.add_column("numbers and their sources", ratio=4)
    for section, group in groupby(entries, key=lambda entry: entry.section):
        shown.add_section()
        shown.add_row("", f"[bold]{section}[/bold]")
        for entry in group:
            style = None if entry.enabled else "dim"
            severity = "" if entry.severity is None else str(entry.severity)
            kind = entry.kind if entry.enabled else f"{entry.kind}, off"
            numbers = "\n".join(_in_words(number) for number in entry.numbers)
            shown.add_row(
                entry.id, entry.concept, severity, kind, entry.summary, numbers, style=style
            )
    return shown


def _in_words(number: Number) -> str:
    source = f"  # {number.source}" if number.source else ""
    return escape(f"{number.name} = {number.value}{source}")
