"""A case's chart for the browser, with its words; and the same data as rows of a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from rupture_watch.inbox.web.words import word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Plain = dict[str, Any]
MARKED: Final = ("raised", "amended", "repaired", "retracted", "closed")


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


TEXTS: Final = {
    "usual": _("usual"),
    "frame": _("frame"),
    "frame_title": _("Appointments, and the load on the frame"),
    "high_good": _("higher is better"),
    "high_bad": _("lower is better"),
    "band": _("own usual range"),
    "ceiling": _("ceiling of the form"),
    "mark": _("alert raised or changed"),
    "choose": _("What to show"),
    "describe": _(
        "Chart of ratings, appointments and frame load. Arrow keys move through the sessions;"
        " the table below holds the same data."
    ),
    "hint": _("Point at the chart, or use the arrow keys in it, to read a session."),
}
CODES: Final = {
    "measure": ("total", "bond", "task", "goal", "task_goal", "engagement", "genuineness",
                "realism"),
    "respondent": ("client", "therapist", "observer"),
    "outcome": ("attended", "late", "no_show", "cancelled", "rescheduled"),
}  # fmt: skip
BY: Final = {"client": "by_client", "provider": "by_provider"}


def chart_json(
    chart: Mapping[str, Any], history: Iterable[Mapping[str, Any]], say: Callable[[str], str]
) -> Markup:
    """Return the chart as JSON that can stand inside a page."""
    marks = [
        {
            "time": one["time"] // 1_000_000,
            "kind": one["kind"],
            "reopened": one["reason"] == "reopened",
            "said": f"{say(word('kind', one['kind']))}: {say(word('reason', one['reason']))}",
        }
        for one in history
        if one["what"] == "change" and one["kind"] in MARKED
    ]
    words = {name: say(text) for name, text in TEXTS.items()}
    for table, codes in CODES.items():
        words |= {code: say(word(table, code)) for code in codes}
    attendance = [{**one, "by": BY.get(one["by"] or "")} for one in chart["attendance"]]
    words |= {BY[who]: say(word("person", who)) for who in BY}
    content = {**chart, "attendance": attendance, "marks": marks, "words": words}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704 - no markup can be left


def rows_of(chart: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> list[Plain]:
    """Return one row per session or appointment, with a cell for each of the series."""
    rows: dict[str, Plain] = {}
    for one in chart["attendance"]:
        key = one["session"] or f"at {one['time']}"
        held = one["what"] in ("attended", "late")
        rows[key] = {
            "time": one["time"],
            "what": one["what"],
            "by": one["by"] if one["by"] != "unknown" or not held else None,
            "session": one["session"] if held else None,
            "cells": [None] * len(columns),
        }
    for index, column in enumerate(columns):
        for point in column["points"]:
            row = rows.setdefault(
                point["session"],
                {"time": point["time"], "what": None, "by": None, "session": point["session"],
                 "cells": [None] * len(columns)},
            )  # fmt: skip
            row["cells"][index] = point
    return sorted(rows.values(), key=lambda row: -row["time"])
