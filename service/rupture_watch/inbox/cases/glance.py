"""A case at a glance: the small picture of a row, and what is only a note."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rupture_watch.contracts.wire import microseconds
from rupture_watch.inbox.cases.folding import Stored, fold
from rupture_watch.inbox.cases.picture import attendance, next_start, series
from rupture_watch.rulesets import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.rules.catalogue import Catalogue

SESSIONS: Final = 12
NOTES: Final = 3


class Glanced(NamedTuple):
    """A case's glance as JSON, when its next appointment begins, when something was noted last."""

    ref: str
    text: str
    next_start: int | None
    noted: int | None


def glance(stored: Stored, catalogue: Catalogue) -> dict[str, Any]:
    """Return the last ratings with the client's own band, the last appointments, and notes.

    The series is the total of the client's alliance form that was used last.
    """
    found = [
        one
        for one in series(fold(stored, catalogue), catalogue)
        if one["respondent"] == "client" and one["measures"] == "alliance"
    ]
    totals = [one for one in found if one["code"] == "total"] or found
    newest = max(totals, key=lambda one: one["points"][-1]["time"], default=None)
    notes = stored.judged(catalogue).standing()["notes"]
    return {
        "spark": None
        if newest is None
        else {
            "instrument": newest["instrument"],
            "low": newest["low"],
            "high": newest["high"],
            "points": [
                [p["time"], p["value"], p["mean"], p["spread"]]
                for p in newest["points"][-SESSIONS:]
            ],
        },
        "strip": [
            [one["time"], one["what"], one["by"]] for one in attendance(stored.facts)[-SESSIONS:]
        ],
        "notes": [
            {
                "id": note["concept"]["id"],
                "section": note["concept"]["section"],
                "statement": note["statement"],
                "time": note["trigger"]["time"],
            }
            for note in notes[-NOTES:]
        ],
    }


def glances(
    ruleset: str | None, cases: Sequence[tuple[str, Sequence[bytes]]], clock: int
) -> list[Glanced]:
    """Look at cases; runs in a process of its own."""
    catalogue = _catalogue(ruleset)
    found = []
    for ref, lines in cases:
        stored = Stored.read(ref, lines, clock, catalogue)
        seen = glance(stored, catalogue)
        noted = max((microseconds(one["time"]) for one in seen["notes"]), default=None)
        found.append(Glanced(ref, json.dumps(seen), next_start(stored.facts, clock), noted))
    return found


_loaded: dict[str | None, Catalogue] = {}


def _catalogue(ruleset: str | None) -> Catalogue:
    if ruleset not in _loaded:
        _loaded[ruleset] = load_catalogue(ruleset)
    return _loaded[ruleset]
