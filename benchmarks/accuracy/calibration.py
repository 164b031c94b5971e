"""Does the false-alarm rate hold once a rule set is fitted to a clinic's own log?

A clinic's log, ruptures and disorder included, is simulated with within-person SDs of .6, 1 and 1.5
times what the rules expect; ``calibrate`` reads it without labels; then fresh clients of the same
clinic, to whom nothing happens, are judged by the default rule set and by the proposal.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rich.table import Table

from benchmarks.accuracy.cohorts import Plan, gather, line
from benchmarks.accuracy.engine import judge
from benchmarks.accuracy.study import Study
from rupture_watch.operations.calibrate.calibration import Plan as Wanted
from rupture_watch.operations.calibrate.calibration import calibrate
from rupture_watch.operations.calibrate.limits import Aim
from rupture_watch.operations.simulate.clinic import END, Clinic
from rupture_watch.rulesets import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.accuracy.cohorts import Course
    from benchmarks.accuracy.figures import Figure
    from rupture_watch.operations.calibrate.calibration import Calibration

SPREADS: Final = (0.6, 1.0, 1.5)
FRESH: Final = 7_000
"""Added to a clinic's seed where its fresh clients are drawn."""

RATE: Final = "statistical alarms per 100 rated sessions"
FLAGGED: Final = "clients with a statistical alarm in 16 sessions, %"
ALL: Final = "all alarms per 100 rated sessions"

HELD: Final = 0.25
"""The share of the target by which the rate may miss it."""


class Setup(NamedTuple):
    """How much to simulate."""

    clients: int
    nulls: int
    family: str
    target: float
    seed: int
    repetitions: int


class Row(NamedTuple):
    """One clinic: spread, what was fitted, and its figures before and after."""

    spread: float
    calibration: Calibration
    before: dict[str, Figure]
    after: dict[str, Figure]


def measure(setup: Setup, say: Callable[[str], object]) -> list[Row]:
    """Return a row for each spread."""
    return [_row(spread, setup, say) for spread in SPREADS]


def _row(spread: float, setup: Setup, say: Callable[[str], object]) -> Row:
    clinic = Clinic(
        cases=setup.clients, weeks=52, seed=setup.seed, family=setup.family, spread=spread
    )

    @contextmanager
    def watching(what: str, total: int) -> Iterator[Callable[[int], object]]:
        yield lambda done: say(f"spread x {spread:g}: {what} {done:,} of {total:,}")

    with tempfile.TemporaryDirectory() as folder:
        log, rules = Path(folder, "log.jsonl"), Path(folder, "proposal.toml")
        log.write_bytes(b"".join(line(a.event) + b"\n" for a in clinic.arrivals()))
        calibration = calibrate(log, Wanted(Aim(setup.target), seed=setup.seed), watching)
        rules.write_text(calibration.proposal, "utf-8")
        say(f"spread x {spread:g}: judging fresh clients")
        before, after = (_figures(source, spread, setup) for source in ("default", str(rules)))
    return Row(spread, calibration, before, after)


def _figures(rules: str, spread: float, setup: Setup) -> dict[str, Figure]:
    """Return what fresh clients without a rupture are told in vain, by the service's own core."""
    plan = Plan(setup.nulls, 0, setup.family, setup.seed + FRESH, spread)
    courses: dict[str, Course] = {}
    lines = (line(event) for event in gather(plan, courses))
    until = int((END + timedelta(days=60)).timestamp()) * 1_000_000
    verdicts = judge(lines, load_catalogue(rules), until=until)
    nulls = list(courses.values())
    return Study(nulls, verdicts, repetitions=setup.repetitions, seed=setup.seed).budget()


def holds(row: Row, target: float) -> bool:
    """Tell whether the rate after calibration is within a quarter of the target."""
    return abs(row.after[RATE].value - target) <= HELD * target


def table(rows: list[Row], setup: Setup) -> Table:
    """Return the rows for reading."""
    shown = Table(
        title=f"Told in vain before and after calibration: family {setup.family}, logs of"
        f" {setup.clients:,} clients, {setup.nulls:,} fresh ones without a rupture, target"
        f" {setup.target:g}, seed {setup.seed}",
        caption="per 100 rated sessions, by chance; interval by client. Within a quarter of the"
        f" target: {setup.target * (1 - HELD):g} to {setup.target * (1 + HELD):g}",
        title_justify="left",
        caption_justify="left",
    )
    for column in ("spread", "SRS s0", "limit", "default", "95 %", "calibrated", "95 %",
                   "foretold", "% flagged", "all alarms", "holds"):  # fmt: skip
        shown.add_column(column, justify="right")
    for row in rows:
        chosen = row.calibration.chosen
        prior = row.calibration.fitted.priors.get(("SRS", "total"))
        shown.add_row(
            f"x {row.spread:g}",
            "-" if prior is None else f"{prior.s0.value:.2f}",
            f"{chosen.limit:g}",
            f"{row.before[RATE].value:.2f}",
            _span(row.before[RATE]),
            f"{row.after[RATE].value:.2f}",
            _span(row.after[RATE]),
            f"{chosen.by_chance.value:.2f}",
            f"{row.after[FLAGGED].value:.1f}",
            f"{row.after[ALL].value:.2f}",
            "yes" if holds(row, setup.target) else "no",
        )
    return shown


def contents(rows: list[Row], setup: Setup) -> dict[str, Any]:
    """Return the rows as plain values."""
    return {
        "setup": setup._asdict(),
        "rows": [
            {
                "spread": row.spread,
                "limit": row.calibration.chosen.limit,
                "foretold": row.calibration.chosen.by_chance._asdict(),
                "before": {name: one._asdict() for name, one in row.before.items()},
                "after": {name: one._asdict() for name, one in row.after.items()},
                "holds": holds(row, setup.target),
            }
            for row in rows
        ],
    }


def as_json(rows: list[Row], setup: Setup) -> str:
    """Return the rows as one JSON text."""
    return json.dumps(contents(rows, setup), indent=2) + "\n"


def _span(figure: Figure) -> str:
    return f"{figure.low:.2f} - {figure.high:.2f}"
