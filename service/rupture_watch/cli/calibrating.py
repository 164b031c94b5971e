"""Commands that fit a rule set to a log: calibrate."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rupture_watch.cli.output import Json, count_progress, print_json
from rupture_watch.failures import MISCONFIGURED


def calibrate(
    *,
    events: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="The clinic's events, one a line.")
    ],
    base: Annotated[
        str, typer.Option(metavar="RULESET", help="What to start from: default, strict, lenient.")
    ] = "default",
    out: Annotated[Path | None, typer.Option(help="Write the proposed rule set here.")] = None,
    target: Annotated[
        float | None,
        typer.Option(
            min=0.05,
            max=20,
            help="Alarms by chance per 100 rated sessions of clients without a rupture."
            "  [default: 2.0]",
            show_default=False,
        ),
    ] = None,
    alarms_per_week: Annotated[
        float | None,
        typer.Option(min=0.01, help="Instead: alarms a week in all, for the caseload."),
    ] = None,
    caseload: Annotated[int, typer.Option(min=1, help="Clients at a time.")] = 20,
    clients: Annotated[
        int,
        typer.Option(min=20, help="Simulated clients; more of them, narrower intervals."),
    ] = 1000,
    seed: Annotated[int, typer.Option(help="The same log and seed give the same proposal.")] = 1,
    json: Json = False,
) -> None:
    """Fit levels, spreads, base rates and the limit of strain to a clinic's own log."""
    if target is not None and alarms_per_week is not None:
        raise typer.BadParameter("either --target or --alarms-per-week")
    try:
        import numpy as np  # noqa: F401 - an extra: said before anything is read
    except ImportError:
        typer.echo("rupture-watch: calibrate needs numpy: the extra `calibrate`", err=True)
        raise typer.Exit(MISCONFIGURED) from None
    from rupture_watch.operations.calibrate.calibration import Plan
    from rupture_watch.operations.calibrate.calibration import calibrate as operation
    from rupture_watch.operations.calibrate.limits import Aim
    from rupture_watch.operations.calibrate.report import as_json
    from rupture_watch.operations.calibrate.screen import render

    aim = Aim(2.0 if target is None else target, alarms_per_week, caseload)
    plan = Plan(aim, base=base, seed=seed, null_clients=clients)
    found = operation(events, plan, _watching)
    if out is not None:
        out.write_text(found.proposal, "utf-8")
    if json:
        print_json(as_json(found))
        return
    Console(highlight=False, markup=False).print(render(found))
    if out is None:
        typer.echo(found.proposal)
    else:
        typer.echo(
            f"written: {out}; compare with `rupture-watch backtest {base} {out} --events ...`"
        )


@contextmanager
def _watching(what: str, total: int) -> Iterator[Callable[[int], object]]:
    with count_progress(what, total) as bar:
        yield lambda done: bar.update(bar.task_ids[0], completed=done)
