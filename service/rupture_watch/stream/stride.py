"""How much work at a time, found out by doing it."""

from __future__ import annotations

from typing import Final

GROWTH: Final = 2


class Stride:
    """A number of items whose work takes about ``target`` seconds.

    What one event costs is known only afterwards: tens of microseconds in order, milliseconds
    where a case is judged anew. Starts small, at most doubles, shrinks at once.
    """

    def __init__(self, *, target: float, start: int, most: int) -> None:
        self._target = target
        self._most = most
        self.size = start

    def took(self, items: int, seconds: float) -> None:
        """Learn from one stretch of work; a short one says little, and only that it was slow."""
        fitting = int(items * self._target / max(seconds, 1e-6))
        if fitting < self.size and seconds > self._target:
            self.size = max(1, fitting)
        elif items >= self.size:
            self.size = min(self._most, max(self.size, min(fitting, GROWTH * self.size)))
