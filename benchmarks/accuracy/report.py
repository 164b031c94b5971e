"""The tables of ``make bench-accuracy``, and the same as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.table import Table

from benchmarks.accuracy.detectors import LOOKING_BACK
from benchmarks.accuracy.figures import BUDGET, GROUPS, Figure
from benchmarks.accuracy.study import COMPLIANCE_BUDGET

if TYPE_CHECKING:
    from benchmarks.accuracy.cohorts import Plan
    from benchmarks.accuracy.figures import Ranking, Sample
    from benchmarks.accuracy.study import Study

ENGINE: Final = "engine (strain)"
UNRANKED: Final = frozenset({"own mean - 1 SD", LOOKING_BACK})
"""The same statistic as - 2 SD; and one that only ever says yes or no."""

SHOWN: Final = [group for group in GROUPS if group not in ("dip 1", "dip 4")]

Content = dict[str, Any]


def contents(study: Study, plan: Plan) -> Content:
    """Return every figure of a study, ready for JSON and for the tables."""
    native: Content = {}
    matched: Content = {ENGINE: _matched(study.strain())}
    for name, (sample, ranking, limit) in study.detectors(plan).items():
        if limit is not None:
            native[name] = _native(sample, ranking, limit)
        if name not in UNRANKED:
            matched[name] = _matched(ranking)
    return {
        "plan": {
            "family": plan.family,
            "null clients": len(study.sample.nulls),
            "clients with an episode": len(study.sample.episodes),
            "spread": plan.spread,
            "seed": plan.seed,
        },
        "budget": study.budget(),
        "leads": study.leads(),
        "concepts": study.concepts(),
        "found": study.found(),
        "clinic": study.clinic(),
        "compliance at budget": study.compliance_at_budget(),
        "native": native,
        "matched": matched,
    }


def _native(sample: Sample, ranking: Ranking, limit: float) -> Content:
    counts = ranking.counts(limit)
    found = ranking.highest() > limit
    return {
        "false alarms": sample.per_hundred(counts),
        "flagged": sample.share_of_nulls([count > 0 for count in counts]),
    } | {group: sample.share(group, found) for group in SHOWN}


def _matched(ranking: Ranking) -> Content:
    limits = ranking.limits()
    area, precision = ranking.discrimination()
    groups = {group: ranking.found(group, limits) for group in SHOWN}
    return groups | {"AUC": area, "AP": precision}


def tables(content: Content) -> list[Table]:
    """Return the tables in reading order."""
    plan = content["plan"]
    where = (
        f"{plan['null clients']:,} clients without, {plan['clients with an episode']:,} with an "
        f"episode; family {plan['family']}, spread x {plan['spread']:g}, seed {plan['seed']}"
    )
    concepts, leads = (
        ", ".join(f"{k} {v.value:.2f}" for k, v in content[part].items()) or "none"
        for part in ("concepts", "leads")
    )
    title = f"Told in vain: severity >= 2, clients without a rupture\n{where}"
    caption = f"statistical alarms per 100 by lead: {leads}\nfindings per 100: {concepts}"
    return [
        _list(title, content["budget"], caption),
        _found(content["found"]),
        _list("In the clinic", content["clinic"]),
        _list(
            f"Sudden compliance by the trace, at {COMPLIANCE_BUDGET:g} per 100 null sessions",
            content["compliance at budget"],
        ),
        _wide("Detectors at their own limits: episodes found, %", content["native"], {
            "false alarms": "FA/100", "flagged": "% flagged"}),
        _wide(
            f"All at {BUDGET:g} false alarms per 100 rated null sessions: episodes found, %",
            content["matched"], {}, ("AUC", "AP"),
        ),
    ]  # fmt: skip


def _list(title: str, rows: dict[str, Figure], caption: str | None = None) -> Table:
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("95 %", justify="right")
    for name, (value, low, high) in rows.items():
        table.add_row(name, f"{value:.2f}", f"{low:.2f} - {high:.2f}")
    return table


def _found(groups: dict[str, dict[str, Figure]]) -> Table:
    table = Table(
        title="Episodes found by alerts of severity >= 2, %",
        caption="window: onset to one session after the last; 'later': one session more; "
        "'evidence': an alert holds a finding of the window, newly raised or not",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("episode")
    for column in ("found", "95 %", "later", "evidence", "delay, sessions"):
        table.add_column(column, justify="right")
    for group, row in groups.items():
        value, low, high = row["found"]
        table.add_row(
            group,
            f"{value:.0f}",
            f"{low:.0f} - {high:.0f}",
            f"{row['later'].value:.0f}",
            f"{row['evidence'].value:.0f}",
            f"{row['delay'].value:.1f}",
        )
    return table


def _wide(title: str, rows: Content, extra: dict[str, str], ranks: tuple[str, ...] = ()) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("detector")
    for column in (*extra.values(), *SHOWN, *ranks):
        table.add_column(column, justify="right")
    for name, row in rows.items():
        cells = [f"{row[key].value:.1f}" for key in extra]
        cells += [_span(row[group]) for group in SHOWN]
        cells += [f"{row[key].value:.3f}" for key in ranks]
        table.add_row(name, *cells)
    return table


def _span(found: Figure) -> str:
    """Return a percentage with the half width of its interval."""
    return f"{found.value:.0f} ±{(found.high - found.low) / 2:.0f}"
