"""An alert as a calm block of plain sentences."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from rich.text import Text

if TYPE_CHECKING:
    from rupture_watch.operations.tail.published import PublishedAlert

BANNER: Final = (
    "Rupture Watch asks questions about the working alliance; a clinician judges. "
    "Not for emergencies; not monitored in real time."
)
SEVERITIES: Final = {
    1: "note",
    2: "watch",
    3: "discuss before the next session",
    4: "same-day attention",
}
STYLES: Final = {
    "raised": "bold yellow",
    "amended": "yellow",
    "retracted": "magenta",
    "repaired": "green",
    "closed": "dim",
}
REASONS: Final = {
    "new": "",
    "new_evidence": "new evidence",
    "late_data": "data came late",
    "corrected_data": "data were corrected",
    "voided_data": "data were taken back",
    "recovered": "ratings recovered",
    "confirmed": "a clinician confirmed the repair",
    "step_done": "the step was taken",
    "unacknowledged": "nobody has acknowledged it yet",
    "acknowledged": "acknowledged",
    "unrepaired": "not repaired in time",
    "dismissed": "dismissed by a clinician",
    "expired": "its time has passed",
    "case_closed": "the case ended",
    "historic": "long past",
    "reopened": "opened again",
}
MARGIN: Final = " " * 11
NARROWEST: Final = 60


def block(alert: PublishedAlert, *, width: int) -> Text:
    """Return the lines to print, at most ``width`` columns wide (never below 60)."""
    data = alert.data
    facts = [f"case {alert.case}", SEVERITIES.get(data.severity, f"severity {data.severity}")]
    if reason := REASONS.get(data.reason, data.reason.replace("_", " ")):
        facts.append(reason)
    facts.append(f"{alert.time:%-d %b %Y}")
    text = Text()
    text.append(f"{alert.kind:<{len(MARGIN)}}", STYLES.get(alert.kind, ""))
    text.append(_wrapped(" · ".join(facts), width).lstrip() + "\n", "bold")
    text.append(_wrapped(data.headline, width) + "\n")
    if alert.kind in {"raised", "amended"}:
        for consideration in data.considerations:
            text.append(_wrapped(consideration, width, mark="- ") + "\n")
        text.append(_wrapped(data.clears_when, width) + "\n", "dim")
    return text


def _wrapped(sentence: str, width: int, mark: str = "") -> str:
    return textwrap.fill(
        sentence,
        max(width, NARROWEST),
        initial_indent=MARGIN + mark,
        subsequent_indent=MARGIN + " " * len(mark),
        break_long_words=False,
    )
