"""What is known of one client's ordinary ways: own levels, rates and outcomes of appointments."""

from __future__ import annotations

from typing import NamedTuple

from rupture_watch.alliance.strain.level import FRACTIONS, Level
from rupture_watch.alliance.strain.sources import OUTCOMES

_WEIGHTS = 64
"""A session's weight is a whole number of such parts, so that counts of them are exact."""


class OwnSnapshot(NamedTuple):
    """An ``Own`` in plain numbers, sorted by name."""

    levels: tuple[tuple[str, int, int, int], ...]
    rates: tuple[tuple[str, int, int], ...]
    outcomes: tuple[int, ...]


def coarse(weight: float) -> float:
    """Return a session's weight in whole parts."""
    return int(weight * _WEIGHTS + 0.5) / _WEIGHTS


class Own:
    """Levels by series, counts (seen, all) by yes/no channel, counts by outcome."""

    __slots__ = ("levels", "outcomes", "rates")

    def __init__(self) -> None:
        self.levels: dict[str, Level] = {}
        self.rates: dict[str, list[float]] = {}
        self.outcomes = [0.0] * len(OUTCOMES)

    def level(self, series: str) -> Level:
        """Return the level of this series, a new one at its first value."""
        level = self.levels.get(series)
        if level is None:
            level = self.levels[series] = Level()
        return level

    def counts(self, channel: str) -> list[float]:
        """Return the counts (seen, all) of this channel, to be added to."""
        counts = self.rates.get(channel)
        if counts is None:
            counts = self.rates[channel] = [0.0, 0.0]
        return counts

    def fork(self) -> Own:
        """Return an equal one that learns by itself."""
        other = Own()
        other.levels = {
            name: Level(one.count, one.mean, one.squares) for name, one in self.levels.items()
        }
        other.rates = {channel: counts[:] for channel, counts in self.rates.items()}
        other.outcomes = self.outcomes[:]
        return other

    def snapshot(self) -> OwnSnapshot:
        """Return all that was learned, as integers; exact."""
        return OwnSnapshot(
            tuple(
                (
                    name,
                    int(v.count * FRACTIONS),
                    int(v.mean * FRACTIONS),
                    int(v.squares * FRACTIONS),
                )
                for name, v in sorted(self.levels.items())
            ),
            tuple(
                (channel, int(seen * _WEIGHTS), int(count * _WEIGHTS))
                for channel, (seen, count) in sorted(self.rates.items())
            ),
            tuple(int(count * _WEIGHTS) for count in self.outcomes),
        )

    @classmethod
    def restored(cls, snapshot: OwnSnapshot) -> Own:
        """Return the one that ``snapshot`` was taken of."""
        own = cls()
        for name, count, mean, squares in snapshot[0]:
            own.levels[name] = Level(count / FRACTIONS, mean / FRACTIONS, squares / FRACTIONS)
        for channel, seen, count in snapshot[1]:
            own.rates[channel] = [seen / _WEIGHTS, count / _WEIGHTS]
        own.outcomes = [count / _WEIGHTS for count in snapshot[2]]
        return own
