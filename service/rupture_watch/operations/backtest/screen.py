"""A comparison of two rule sets on a screen: figures, then rules, then what clinicians said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rupture_watch.alliance.wording import day
from rupture_watch.operations.backtest.comparison import CASELOAD
from rupture_watch.operations.backtest.report import moves
from rupture_watch.operations.backtest.reviews import Answer, Fate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from rupture_watch.operations.backtest.comparison import Comparison, Side
    from rupture_watch.operations.backtest.rates import Rate
    from rupture_watch.operations.backtest.reviews import Reviewed

SHOWN: Final = 10
"""Repaired alerts that are named one by one; more are counted."""

_RULE_COLUMNS: Final = ("old", "new", "vanished", "fired", "moved", "milder", "sharper")


def render(found: Comparison) -> RenderableType:
    """Return a comparison for a terminal."""
    refused = f", {found.refused:,} lines refused" if found.refused else ""
    parts: list[RenderableType] = [
        Text(
            f"{found.events:,} events{refused}: {found.cases:,} cases,"
            f" {found.rated_sessions:,} rated sessions"
        ),
        _figures(found),
        *(Text(sentence) for sentence in _moves(found)),
        _rules(found),
        *_reviews(found.reviewed),
    ]
    return Group(*parts)


def _figures(found: Comparison) -> Table:
    table = Table()
    table.add_column("")
    for side in (found.old, found.new):
        table.add_column(f"{side.name} {side.version}\n{side.ruleset}", justify="right")
    old, new = found.old, found.new
    rows: list[tuple[str, str, str]] = [
        ("alarms", f"{old.alarms:,}", f"{new.alarms:,}"),
        (
            "per 100 rated sessions",
            _interval(old.per_session.per(100)),
            _interval(new.per_session.per(100)),
        ),
        (
            f"per week, caseload of {CASELOAD}",
            _interval(old.per_week.per(CASELOAD)),
            _interval(new.per_week.per(CASELOAD)),
        ),
        ("cases with an alarm", _share(old, found.cases), _share(new, found.cases)),
        *(
            (f"severity {one}", f"{old.by_severity[one]:,}", f"{new.by_severity[one]:,}")
            for one in (2, 3, 4)
        ),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _share(side: Side, cases: int) -> str:
    return f"{side.cases:,} ({side.cases / cases:.0%})" if cases else "0"


def _interval(rate: Rate | None) -> str:
    return "-" if rate is None else f"{rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}]"


def _moves(found: Comparison) -> list[str]:
    count = moves(found)
    changed = [
        f"{count[name]:,} {said}"
        for name, said in (
            ("earlier", "earlier"),
            ("later", "later"),
            ("more_severe", "more severe"),
            ("milder", "milder"),
        )
        if count[name]
    ]
    kept = f"{count['live_on']:,} of the {found.old.alarms:,} old alarms stay"
    return [
        f"{kept} ({', '.join(changed)})." if changed else f"{kept} as they are.",
        f"Vanished: {count['vanished']:,}. New: {count['fired']:,}.",
    ]


def _rules(found: Comparison) -> RenderableType:
    changed = {rule: one for rule, one in found.rules.items() if one.is_changed}
    if not changed:
        return Text("No rule finds anything else.")
    table = Table(title="Findings of severity 2 and more, by rule", title_justify="left")
    table.add_column("rule", no_wrap=True)
    for name in _RULE_COLUMNS:
        table.add_column(name, justify="right")
    for rule, one in changed.items():
        counts = [getattr(one, name) for name in _RULE_COLUMNS]
        table.add_row(rule, *(f"{count:,}" if count else "" for count in counts))
    same = len(found.rules) - len(changed)
    return Group(table, Text(f"{same} rules find the same as before."))


def _reviews(found: list[Reviewed]) -> Iterable[RenderableType]:
    if not found:
        yield Text("The log holds no review of an alert.")
        return
    for answer in Answer:
        mine = [one for one in found if one.answer is answer]
        known = [one for one in mine if one.fate in (Fate.STAYS, Fate.VANISHES)]
        if known:
            yield Text(f"{_of(known)} {answer.value} alerts would vanish{_by_reason(known)}.")
    missed = [one for one in found if one.answer is Answer.REPAIRED and one.fate is Fate.VANISHES]
    if missed:
        yield Text("These repaired ones would be missed:")
        yield from (_named(one) for one in missed[:SHOWN])
        if len(missed) > SHOWN:
            yield Text(f"  and {len(missed) - SHOWN:,} more (in the JSON)")
    if unknown := sum(one.fate is Fate.UNKNOWN for one in found):
        yield Text(f"{unknown:,} reviewed alerts are raised by neither from the final facts.")
    if comes := sum(one.fate is Fate.COMES for one in found):
        yield Text(f"{comes:,} reviewed alerts are raised by the new rules alone.")


def _of(found: list[Reviewed]) -> str:
    vanishing = sum(one.fate is Fate.VANISHES for one in found)
    return f"{vanishing:,} of {len(found):,}"


def _by_reason(found: list[Reviewed]) -> str:
    reasons = sorted({one.reason for one in found if one.reason is not None})
    said = [f"{reason} {_of([one for one in found if one.reason == reason])}" for reason in reasons]
    return f" ({', '.join(said)})" if said else ""


def _named(one: Reviewed) -> RenderableType:
    alarm = one.alarm
    if alarm is None:
        return Text("")
    text = Text(f"{alarm.case}, {day(alarm.time)}, {alarm.lead}: {alarm.headline}")
    return Padding(text, (0, 0, 0, 2))
