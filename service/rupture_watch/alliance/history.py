"""The facts of one case: each in its winning version, bounded, whatever the order of arrival.

The history is a join-semilattice: taking in a fact twice, late or in another order leads to the
same set. It is bounded by a cut in time that depends on the facts alone: the earliest month from
which everything fits. What lies before the cut is forgotten, and can never come back, for the cut
only ever moves forward as facts are added.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from rupture_watch.alliance.facts import SECOND, Closure, Fact, FactKey, key_of, supersedes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.facts import Microseconds

MOST_FACTS = 400
"""About five years of weekly sessions; keeps an encoded state below 64 kB."""


class Taken(StrEnum):
    """What became of one version of a fact."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    SUPERSEDED = "superseded"
    FORGOTTEN = "forgotten"


class History:
    """Winning versions by fact; voided ones are kept, lest an older version return."""

    __slots__ = ("cut", "facts")

    def __init__(self, facts: Iterable[Fact] = (), cut: Microseconds | None = None) -> None:
        """Start from facts that are already winning versions."""
        self.facts: dict[FactKey, Fact] = {key_of(fact): fact for fact in facts}
        self.cut = cut

    def take(self, fact: Fact) -> tuple[Taken, Fact | None]:
        """Take in one version; return what became of it and the version it replaced."""
        if self.cut is not None and fact.time < self.cut and not isinstance(fact, Closure):
            return Taken.FORGOTTEN, None
        key = key_of(fact)
        known = self.facts.get(key)
        if known is not None:
            if known == fact:
                return Taken.REPEATED, known
            if not supersedes(fact, known):
                return Taken.SUPERSEDED, known
        self.facts[key] = fact
        return Taken.ACCEPTED, known

    def knows(self, fact: Fact) -> bool:
        """Tell whether ``fact`` would change nothing: this version or one that wins is there."""
        known = self.facts.get(key_of(fact))
        return known is not None and (known == fact or not supersedes(fact, known))

    def put_back(self, fact: Fact, replaced: Fact | None) -> None:
        """Undo a ``take`` that accepted ``fact``: it could not be judged."""
        key = key_of(fact)
        if replaced is None:
            self.facts.pop(key, None)
        else:
            self.facts[key] = replaced

    def forget_beyond_bound(self) -> bool:
        """Drop whole months from the beginning until the bound holds; tell whether any fell."""
        if len(self.facts) <= MOST_FACTS:
            return False
        times = sorted(f.time for f in self.facts.values() if not isinstance(f, Closure))
        if len(times) <= MOST_FACTS:
            return False
        # The newest fact that does not fit any more falls with its month, else the cut would
        # depend on the order in which the facts before it came.
        cut = _next_month(times[-MOST_FACTS - 1])
        if cut > times[-1]:
            cut = times[-MOST_FACTS]
        self.cut = max(cut, self.cut) if self.cut is not None else cut
        self.facts = {
            key: fact
            for key, fact in self.facts.items()
            if fact.time >= self.cut or isinstance(fact, Closure)
        }
        return True


def _next_month(time: Microseconds) -> Microseconds:
    """Return the first instant of the month after ``time``."""
    moment = datetime.fromtimestamp(time // SECOND, UTC)
    year, month = divmod(moment.year * 12 + moment.month, 12)
    return int(datetime(year, month + 1, 1, tzinfo=UTC).timestamp()) * SECOND
