"""A circuit breaker: a receiver that is down is asked now and then, not with everything."""

from __future__ import annotations

from typing import Final, NamedTuple

from rupture_watch.alliance.facts import SECOND, Microseconds
from rupture_watch.delivery.results import ABOUT_THE_RECEIVER, Outcome, Result

THRESHOLD: Final = 5
"""Failures in a row, all about the receiver, after which it counts as down. A default."""


class Pauses(NamedTuple):
    """Seconds between two looks at a receiver that is down: from ``first``, doubled, to ``most``.

    Defaults: what waits for a receiver that comes back waits at most five minutes more.
    """

    first: float = 5.0
    most: float = 300.0


class Breaker:
    """Closed: all go. Open until a moment: none goes. After it one goes, to see.

    The one that is let through decides: any answer to it, a refusal too, closes the breaker; a
    failure of the receiver opens it for twice as long. ``Retry-After`` opens it at once, for what
    was asked.
    """

    def __init__(self, pauses: Pauses, *, until: Microseconds = 0) -> None:
        self._pauses = pauses
        self._failures = 0
        self._openings = 1 if until else 0
        self.until = until
        """When the receiver may be asked again; 0 while closed."""

    @property
    def closed(self) -> bool:
        """Whether deliveries flow."""
        return not self.until

    def lets_one_through(self, now: Microseconds) -> bool:
        """Tell whether the pause is over and the receiver is to be looked at."""
        return not self.closed and now >= self.until

    def note(self, outcome: Outcome, now: Microseconds) -> bool:
        """Take an outcome in; return whether the receiver has just come back."""
        if outcome.result in ABOUT_THE_RECEIVER:
            self._failures += 1
            asked = outcome.retry_after is not None
            if asked or self._failures >= THRESHOLD or self.lets_one_through(now):
                self._open(outcome.retry_after, now)
            return False
        if outcome.result is Result.INTERRUPTED or not (self.closed or self.lets_one_through(now)):
            return False
        came_back = not self.closed
        self._failures, self._openings, self.until = 0, 0, 0
        return came_back

    def _open(self, wish: float | None, now: Microseconds) -> None:
        if not self.closed and now < self.until and wish is None:
            return  # an answer that was still under way
        pause = min(self._pauses.first * 2**self._openings, self._pauses.most)
        until = now + int(max(pause, wish or 0.0) * SECOND)
        self.until = max(self.until, until)
        self._openings = min(self._openings + 1, 30)
