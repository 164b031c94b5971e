"""What senders wrote of one case; in which order it arrives is a law's to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.facts import DAY, Fact, key_of, supersedes
from tests.builders import MONDAY

if TYPE_CHECKING:
    from collections.abc import Iterable


class Story(NamedTuple):
    """All versions that were ever written, and when the last of it has passed (a day)."""

    versions: tuple[Fact, ...]
    end: float

    @property
    def facts(self) -> list[Fact]:
        """Return the winning versions, in the order of their names."""
        return winners(self.versions)

    def __repr__(self) -> str:
        """Show what a reader of a counterexample needs: one short line for each version."""
        lines = "".join(f"\n  {_short(version)}" for version in self.versions)
        return f"{lines}\n  end={self.end:g}"


def _short(fact: Fact) -> str:
    told = {
        name: value
        for name, value in fact._asdict().items()
        if value not in (None, (), False) and name not in ("source", "time", "recorded")
    }
    days = [(moment - MONDAY) / DAY for moment in (fact.time, fact.recorded)]
    return f"{type(fact).__name__} day {days[0]:g} recorded {days[1]:g} {told}"


def winners(versions: Iterable[Fact]) -> list[Fact]:
    """Return the winning version of every fact, without any help of the code under test."""
    best: dict[tuple[str, str], Fact] = {}
    for version in versions:
        key = key_of(version)
        if key not in best or supersedes(version, best[key]):
            best[key] = version
    return [best[key] for key in sorted(best)]
