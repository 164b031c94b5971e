"""An explanation on a screen, whatever its width: nothing of an identifier is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rupture_watch.alliance.wording import day

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rupture_watch.operations.explain.explanation import Explanation

SEVERITY_WORDS = {
    1: "note",
    2: "watch",
    3: "discuss before the next session",
    4: "same-day attention",
}
_FIGURES = {
    "value": "value",
    "z": "z",
    "ewma": "ewma",
    "compliance": "compl",
    "frame_load": "load",
}


def render(explanation: Explanation) -> RenderableType:
    """Return an explanation for a terminal."""
    parts: list[RenderableType] = [_alert(one) for one in explanation.standing["alerts"]]
    if not parts:
        parts.append(Text("No alert: nothing that was found reached a limit."))
    parts += [Text(f"Note: {one['statement']}") for one in explanation.standing["notes"]]
    parts.append(_sessions(explanation))
    if explanation.counterfactual is not None:
        parts.append(Text(explanation.counterfactual.sentence))
    parts.append(_measures(explanation))
    return Group(*parts)


def _alert(alert: dict[str, Any]) -> RenderableType:
    lines = [alert["headline"], ""]
    for finding in alert["findings"]:
        concept = finding["concept"]
        status = "" if finding["status"] == "holds" else f" ({finding['status']})"
        lines.append(
            f"{concept['id']} {finding['rule']}, {concept['section']}:"
            f" {finding['statement']}{status}"
        )
    lines += ["", *(f"- {text}" for text in alert["considerations"])]
    lines.append(alert["clears_when"])
    title = f"{alert['state']} - {SEVERITY_WORDS[alert['severity']]} - {alert['rupture_type']}"
    return Panel(Text("\n".join(lines)), title=Text(title), title_align="left")


def _sessions(explanation: Explanation) -> RenderableType:
    table = _table("Why, and why not")
    table.add_column("session", overflow="fold")
    table.add_column("date", no_wrap=True)
    table.add_column("", ratio=1)
    for one in explanation.sessions:
        table.add_row(Text(one.session), day(one.time), Text(one.sentence))
    return table


def _measures(explanation: Explanation) -> Table:
    table = _table("What was measured")
    table.add_column("fact", overflow="fold", ratio=1)
    for name in (*_FIGURES.values(), "limit"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in explanation.lines:
        table.add_row(
            Text(_fact(line)),
            *(_cell(line[name]) for name in _FIGURES),
            "over" if line["strain"] >= explanation.limit else "",
        )
    return table


def _fact(line: dict[str, Any]) -> str:
    """Name a fact, and the series that speaks for it where that is not the total."""
    code = (line["series"] or "/total").rpartition("/")[2]
    return str(line["fact"]) if code == "total" else f"{line['fact']} {code}"


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, expand=True
    )


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
