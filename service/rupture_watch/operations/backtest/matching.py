"""Which alarm of one rule set is which of the other's.

Two are the same when their ids are equal or when they share a trigger: one alert may carry what
the other rule set tells in two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.operations.backtest.verdict import Alarm


class Pair(NamedTuple):
    """An alarm as the old rules tell it and as the new ones do."""

    old: Alarm
    new: Alarm

    @property
    def moved(self) -> int:
        """Return -1 where the new one comes earlier, 1 where later, else 0."""
        return (self.new.time > self.old.time) - (self.new.time < self.old.time)

    @property
    def severity_change(self) -> int:
        """Return by how much the new one is more severe."""
        return self.new.severity - self.old.severity


class Match(NamedTuple):
    """The alarms of one case: those that live on, those that vanish, those that fire anew."""

    pairs: tuple[Pair, ...]
    vanished: tuple[Alarm, ...]
    fired: tuple[Alarm, ...]


def match(old: Sequence[Alarm], new: Sequence[Alarm]) -> Match:
    """Compare the alarms of one case; each old one is paired with what is nearest to it."""
    pairs: list[Pair] = []
    vanished: list[Alarm] = []
    for alarm in old:
        partners = [other for other in new if are_same(alarm, other)]
        if partners:
            pairs.append(Pair(alarm, max(partners, key=lambda other: _nearness(alarm, other))))
        else:
            vanished.append(alarm)
    fired = tuple(other for other in new if not any(are_same(alarm, other) for alarm in old))
    return Match(tuple(pairs), tuple(vanished), fired)


def are_same(one: Alarm, other: Alarm) -> bool:
    """Tell whether two alarms speak of the same."""
    return one.alert_id == other.alert_id or not one.facts.isdisjoint(other.facts)


def _nearness(one: Alarm, other: Alarm) -> tuple[bool, int, int]:
    return (
        one.alert_id == other.alert_id,
        len(one.facts & other.facts),
        -abs(one.time - other.time),
    )
