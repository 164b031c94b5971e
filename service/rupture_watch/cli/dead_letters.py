"""Commands about what was refused: dead-letters, redrive."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rupture_watch.cli.output import Json, count_progress, moment, print_json
from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import INPUT_TYPES, Channel

COLUMNS = ("letters", "redriven", "reason", "topic", "fault", "first", "last")
INPUTS = ", ".join(INPUT_TYPES)


def dead_letters(*, json: Json = False) -> None:
    """Count what was refused, by reason, topic and field; no value of an event is shown."""
    from rupture_watch.operations.dead_letters.summary import summarize
    from rupture_watch.settings import load

    with count_progress("records") as bar:
        summary = asyncio.run(
            summarize(load(), lambda count: bar.update(bar.task_ids[0], completed=count))
        )
    rows = summary.rows()
    if json:
        counts = ("letters", "redriven", "repeated", "foreign")
        print_json({**{name: getattr(summary, name) for name in counts}, "kinds": rows})
        return
    if rows:
        grid = Table()
        for name in COLUMNS:
            grid.add_column(name, overflow="fold")
        for row in rows:
            grid.add_row(*(str(row[name]) for name in COLUMNS))
        Console(highlight=False, markup=False).print(grid)
    typer.echo(f"{summary.letters:,} letters, {summary.redriven:,} of them redriven")


def redrive(
    *,
    reason: Annotated[
        list[Reason] | None,
        typer.Option(metavar="REASON", help="Only this one; may be given several times."),
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help=f"Only from these of {INPUTS}.", metavar="NAME")
    ] = None,
    since: Annotated[
        int | None,
        typer.Option("--from", parser=moment, metavar="TIME", help="Refused then or later."),
    ] = None,
    until: Annotated[
        int | None, typer.Option("--to", parser=moment, metavar="TIME", help="Refused before.")
    ] = None,
    partition: Annotated[
        int | None, typer.Option(min=0, help="Only this one of the dead letters.")
    ] = None,
    offsets: Annotated[
        str | None,
        typer.Option(metavar="FIRST-LAST", help="In that partition; either may be left out."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    rate: Annotated[float, typer.Option(min=0.1, max=10_000, help="Letters a second.")] = 100.0,
    trust: Annotated[
        bool,
        typer.Option("--even-refused", help="Also what this release would refuse again."),
    ] = False,
    go: Annotated[
        bool, typer.Option("--go", help="Do it; without, only say what would be.")
    ] = False,
    json: Json = False,
) -> None:
    """Put refused records back onto their topics, untouched, each once, at most three attempts.

    What would be refused again is left out. Without --go nothing is written.
    """
    from rupture_watch.operations.dead_letters.redrive import Order
    from rupture_watch.operations.dead_letters.redrive import redrive as operation
    from rupture_watch.operations.dead_letters.selection import Selection
    from rupture_watch.rulesets import load_catalogue
    from rupture_watch.settings import load

    first, last = _range(offsets, partition)
    selection = Selection(
        reasons=frozenset(reason or ()),
        channels=frozenset(map(_channel, topic or ())),
        since=None if since is None else since // 1_000,
        until=None if until is None else until // 1_000,
        partition=partition,
        first=first,
        last=last,
    )
    settings = load()
    registry = load_catalogue(settings.ruleset).ruleset.registry
    with count_progress("letters") as bar:
        done = asyncio.run(
            operation(
                settings,
                registry,
                Order(selection, rate=rate, limit=limit, trust=trust),
                go=go,
                progress=lambda sent, of: bar.update(bar.task_ids[0], completed=sent, total=of),
            )
        )
    fates = {fate.value: count for fate, count in sorted(done.fates.items())}
    if json:
        print_json(
            {
                "dry_run": not go,
                "selected": done.selected,
                "redriven": done.sent,
                "fates": fates,
                "ready": dict(sorted(done.ready.items())),
            }
        )
        return
    for fate, count in fates.items():
        typer.echo(f"{count:>8,} {fate.replace('_', ' ')}")
    verb = (
        f"redriven: {done.sent:,}"
        if go
        else "dry run, nothing written; --go redrives what is ready"
    )
    typer.echo(f"{done.selected:,} letters selected; {verb}")


def _channel(name: str) -> Channel:
    if name not in set(INPUT_TYPES):
        raise typer.BadParameter(f"one of {INPUTS}", param_hint="--topic")
    return Channel(name)


def _range(offsets: str | None, partition: int | None) -> tuple[int | None, int | None]:
    """Read ``FIRST-LAST``, ``FIRST-`` or ``-LAST``."""
    if offsets is None:
        return None, None
    first, dash, last = offsets.partition("-")
    if not dash or not (first or last) or not all(n.isdigit() for n in (first, last) if n):
        raise typer.BadParameter("FIRST-LAST, such as 100-250", param_hint="--offsets")
    if partition is None:
        raise typer.BadParameter(
            "an offset is a place in a partition: name it", param_hint="--partition"
        )
    return int(first) if first else None, int(last) if last else None
