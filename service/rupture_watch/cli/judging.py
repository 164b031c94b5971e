"""Commands that judge without a broker: replay, explain."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rupture_watch.cli.output import EventFile, Json, count_progress, moment, print_json

RuleSetFile = Annotated[
    str | None,
    typer.Option(
        metavar="RULESET",
        help="A rule set file, or default, strict, lenient, plain; absent: default.",
    ),
]


def replay(
    file: EventFile,
    *,
    alerts: Annotated[Path, typer.Option(help="Alert events, one a line, in order.")],
    cases: Annotated[Path | None, typer.Option(help="The standing of every case.")] = None,
    trace: Annotated[Path | None, typer.Option(help="Every fact judged, with its figures.")] = None,
    ruleset: RuleSetFile = None,
    until: Annotated[
        int | None, typer.Option(parser=moment, metavar="TIME", help="Let silences run on.")
    ] = None,
    json: Json = False,
) -> None:
    """Run the very same judgement over a file of events, without a broker."""
    from rupture_watch.operations.replay import replay_files
    from rupture_watch.rulesets import load_catalogue

    with count_progress("events") as bar:
        tally = replay_files(
            file,
            load_catalogue(ruleset),
            alerts=alerts,
            cases=cases,
            trace=trace,
            until=until,
            progress=lambda count: bar.update(bar.task_ids[0], completed=count),
        )
    if json:
        print_json(
            {
                "lines": tally.lines,
                "accepted": tally.accepted,
                "rejected": tally.rejected,
                "reasons": tally.reasons,
                "alerts": tally.alerts,
            }
        )
        return
    typer.echo(f"{tally.lines:,} events: {tally.accepted:,} accepted, {tally.rejected:,} rejected")
    for reason, count in sorted(tally.reasons.items()):
        typer.echo(f"  {reason}: {count:,}")
    typer.echo(f"{tally.alerts:,} alert events")


def explain(
    case: Annotated[str, typer.Argument(help="The case's pseudonym.")],
    *,
    events: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="A file of events, one a line.")
    ],
    session: Annotated[
        str | None, typer.Option(help="Only this one, as the case stood right after it.")
    ] = None,
    ruleset: RuleSetFile = None,
    json: Json = False,
) -> None:
    """Say why a case is asked about, or why not, session by session, and what would change it."""
    from rupture_watch.operations.explain import as_json, render
    from rupture_watch.operations.explain import explain as operation
    from rupture_watch.rulesets import load_catalogue

    with events.open("rb") as file, count_progress("events") as bar:

        def lines() -> Iterator[bytes]:
            for line in file:
                bar.advance(bar.task_ids[0])
                yield line

        explanation = operation(case, lines(), load_catalogue(ruleset), session)
    if json:
        print_json(as_json(explanation))
    else:
        Console(highlight=False, markup=False).print(render(explanation))
