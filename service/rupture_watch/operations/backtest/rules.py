"""What becomes of the findings of each rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.findings import WATCH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.operations.backtest.verdict import Found

    Findings = Mapping[tuple[str, str], Found]

NEAR: Final[Microseconds] = 28 * DAY
"""A rule that speaks of another fact within this time has moved; beyond, it speaks anew."""


@dataclass(slots=True)
class RuleTally:
    """Findings of severity >= 2 of one rule: how many under either rule set, and what changed.

    ``vanished`` ones are notes or nothing under the new rules, ``fired`` ones under the old;
    ``moved`` ones speak of another fact. ``leads``: alarms that the rule speaks first in.
    """

    old: int = 0
    new: int = 0
    vanished: int = 0
    fired: int = 0
    moved: int = 0
    milder: int = 0
    sharper: int = 0
    leads_old: int = 0
    leads_new: int = 0

    @property
    def is_changed(self) -> bool:
        """Tell whether the two rule sets differ in any finding of this rule."""
        return bool(self.vanished or self.fired or self.moved or self.milder or self.sharper)


def count_findings(tallies: Mapping[str, RuleTally], old: Findings, new: Findings) -> None:
    """Add the findings of one case under both rule sets."""
    gone: dict[str, list[Microseconds]] = {}
    come: dict[str, list[Microseconds]] = {}
    for key in sorted(old.keys() | new.keys()):
        tally = tallies[key[0]]
        before, after = old.get(key), new.get(key)
        was = before is not None and before.severity >= WATCH
        is_now = after is not None and after.severity >= WATCH
        tally.old += was
        tally.new += is_now
        if was and is_now and before and after:
            tally.milder += after.severity < before.severity
            tally.sharper += after.severity > before.severity
        elif was and before:
            gone.setdefault(key[0], []).append(before.time)
        elif is_now and after:
            come.setdefault(key[0], []).append(after.time)
    for rule in gone.keys() | come.keys():
        moved = _moved(sorted(gone.get(rule, ())), sorted(come.get(rule, ())))
        tally = tallies[rule]
        tally.moved += moved
        tally.vanished += len(gone.get(rule, ())) - moved
        tally.fired += len(come.get(rule, ())) - moved


def _moved(gone: list[Microseconds], come: list[Microseconds]) -> int:
    """Return how many of the one can be paired with one of the other near by, in order."""
    moved = place = 0
    for time in gone:
        while place < len(come) and come[place] < time - NEAR:
            place += 1
        if place < len(come) and come[place] <= time + NEAR:
            moved += 1
            place += 1
    return moved
