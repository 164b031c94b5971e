"""A calibration on a screen: what was fitted, then what each limit costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rupture_watch.operations.backtest.rates import Rate as Cost
    from rupture_watch.operations.calibrate.calibration import Calibration
    from rupture_watch.operations.calibrate.limits import Expected
    from rupture_watch.operations.calibrate.rates import Interval


def render(found: Calibration) -> RenderableType:
    """Return a calibration for a terminal."""
    refused = f", {found.refused:,} lines refused" if found.refused else ""
    parts: list[RenderableType] = [
        Text(f"{found.events:,} events{refused}: {found.cases:,} cases, {found.clients:,} read"),
        _scales(found),
        *_skipped(found),
        _rates(found),
        _limits(found),
        Text(_in_words(found)),
    ]
    return Group(*parts)


def _scales(found: Calibration) -> Table:
    table = Table(title="Fitted, 95 % by client (before)", title_justify="left")
    table.add_column("scale", no_wrap=True)
    for column in ("clients", "forms", "mean", "between clients", "within a client", "ceiling"):
        table.add_column(column, justify="right")
    for (instrument, code), prior in found.fitted.priors.items():
        known = prior.known
        ceiling = prior.scale.ceiling
        table.add_row(
            f"{instrument} {code}",
            f"{prior.clients:,}",
            f"{prior.forms:,}",
            f"{_span(prior.mean)} ({known.mean:g})",
            f"{_span(prior.tau)} ({known.tau:g})",
            f"{_span(prior.s0)} ({known.s0:g})",
            "-" if ceiling is None else f"{ceiling:g} ({known.ceiling or known.high:g})",
        )
    return table


def _skipped(found: Calibration) -> list[Text]:
    if not found.fitted.skipped:
        return []
    names = sorted({instrument for instrument, _ in found.fitted.skipped})
    return [Text(f"too little to fit all of {', '.join(names)}: those keep what they had")]


def _rates(found: Calibration) -> Table:
    table = Table(title="Base rates beside the ratings", title_justify="left")
    table.add_column("what", no_wrap=True)
    for column in ("clients", "sessions", "rate", "weight in sessions"):
        table.add_column(column, justify="right")
    for name, rate in {**found.fitted.channels, **found.fitted.outcomes}.items():
        table.add_row(
            name.replace("_", " "),
            f"{rate.clients:,}",
            f"{rate.facts:,}",
            _span(rate.rate),
            _span(rate.weight),
        )
    return table


def _limits(found: Calibration) -> Table:
    caseload = found.aim.caseload
    table = Table(
        title="What a limit costs",
        caption=f"by chance: on {found.null_clients:,} simulated clients like these, to whom"
        " nothing happens; alarms a week: on this log, ruptures and matters of fact included",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("limit of strain", no_wrap=True)
    table.add_column("by chance, per 100 rated sessions", justify="right")
    table.add_column("of clients without a rupture, %", justify="right")
    table.add_column(f"alarms a week, caseload of {caseload}", justify="right")
    rows = sorted({one.limit: one for one in (*found.curve, found.chosen)}.values())
    table.add_row(*_row(f"{found.base} as it is", found.before), style="dim", end_section=True)
    for one in rows:
        mark = " chosen" if one.limit == found.chosen.limit else ""
        table.add_row(*_row(f"{one.limit:g}{mark}", one), style="bold" if mark else None)
    return table


def _row(name: str, one: Expected) -> tuple[str, str, str, str]:
    return name, _span(one.by_chance), f"{one.flagged.value:.0f}", _span(one.per_week)


def _in_words(found: Calibration) -> str:
    chosen = found.chosen
    missed = ""
    if found.missed:
        missed = " No limit that was looked at meets what was asked for; this one comes nearest."
    return (
        f"A limit of {chosen.limit:g} asks {chosen.by_chance.value:.1f} times in vain per 100 rated"
        f" sessions, and {chosen.per_week.value:.2f} times a week in all for a caseload of"
        f" {found.aim.caseload}.{missed}"
    )


def _span(interval: Interval | Cost) -> str:
    return f"{interval.value:.3g} [{max(interval.low, 0.0):.3g}, {interval.high:.3g}]"
