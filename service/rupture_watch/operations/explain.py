"""Why a case is, or is not, asked about: its sessions, what was measured, and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rupture_watch.operations.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from rupture_watch.alliance.rules.catalogue import Catalogue

SEVERITY_WORDS = {
    1: "note",
    2: "watch",
    3: "discuss before the next session",
    4: "same-day attention",
}


class UnknownCase(LookupError):
    """No event of the file speaks of this case; the command line says so and exits 1."""

    def __init__(self) -> None:
        super().__init__("no event of this file speaks of that case")


class Explanation(NamedTuple):
    """The standing of a case and a line for every judged fact; ``session`` narrows the lines."""

    standing: dict[str, Any]
    lines: list[dict[str, Any]]
    limit: float


def explain(
    case: str, lines: Iterable[bytes], catalogue: Catalogue, session: str | None = None
) -> Explanation:
    """Judge the events of one case and return what was found and measured.

    Raises:
        UnknownCase: the events do not speak of it.

    """
    run = Replay(catalogue)
    needle = f'"{case}"'.encode()
    for line in lines:
        for _ in run.feed(line) if needle in line else run.overhear(line):
            pass
    key = case.encode()
    if key not in run.shard.cases():
        raise UnknownCase
    assessed = run.shard.case(key)
    judged = [
        one for one in assessed.trace() if session is None or one["session_id"] == session
    ]
    return Explanation(assessed.standing(), judged, assessed.course.strain.limit)


def render(explanation: Explanation) -> RenderableType:
    """Return an explanation for a terminal."""
    alerts = [_alert(alert) for alert in explanation.standing["alerts"]]
    if not alerts:
        alerts = [Text("No alert: nothing that was found reached a limit.")]
    notes = [Text(f"Note: {one['statement']}") for one in explanation.standing["notes"]]
    return Group(*alerts, *notes, _measures(explanation))


def _alert(alert: dict[str, Any]) -> RenderableType:
    lines = [alert["headline"], ""]
    for finding in alert["findings"]:
        concept = finding["concept"]
        status = "" if finding["status"] == "holds" else f" ({finding['status']})"
        lines.append(
            f"{concept['id']} {finding['rule']}, {concept['section']}: "
            f"{finding['statement']}{status}"
        )
    lines += ["", *(f"- {text}" for text in alert["considerations"])]
    lines.append(alert["clears_when"])
    title = f"{alert['state']} - {SEVERITY_WORDS[alert['severity']]} - {alert['rupture_type']}"
    return Panel("\n".join(lines), title=title, title_align="left")


def _measures(explanation: Explanation) -> Table:
    table = Table(title="What was measured", title_justify="left")
    for name in ("time", "fact", "series"):
        table.add_column(name)
    for name in ("value", "z", "ewma", "compliance", "frame load", "over the limit"):
        table.add_column(name, justify="right")
    for line in explanation.lines:
        table.add_row(
            line["time"][:16].replace("T", " "),
            line["fact"],
            line["series"] or "-",
            *(_cell(line[name]) for name in ("value", "z", "ewma", "compliance", "frame_load")),
            "yes" if line["strain"] >= explanation.limit else "no",
        )
    return table


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"

