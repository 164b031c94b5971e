"""When a delivery that failed is tried again."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from random import SystemRandom
from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.alliance.facts import SECOND, Microseconds

if TYPE_CHECKING:
    from collections.abc import Callable

JITTER: Final = 0.2
"""Added at random, as a part of each delay, lest all come back in the same moment."""
LONGEST_WISH: Final = 24 * 3600.0
"""Seconds of ``Retry-After`` that are honoured at most."""
STANDARD: Final = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 36_000.0)
"""Seconds between attempts, as Standard Webhooks recommends: eight attempts in 28 hours."""


class Schedule(NamedTuple):
    """The seconds before each further attempt; after the last one a delivery has failed."""

    delays: tuple[float, ...] = STANDARD
    chance: Callable[[], float] = SystemRandom().random

    def due(self, step: int, now: Microseconds, wish: float | None) -> Microseconds | None:
        """Return when the attempt after ``step`` failed ones is due; None when there is none.

        ``wish`` are the seconds that the receiver has asked for: it is not tried before.
        """
        if step > len(self.delays):
            return None
        delay = max(self.delays[step - 1], wish or 0.0)
        return now + int(delay * (1 + JITTER * self.chance()) * SECOND)


def retry_after(header: str | None, now: Microseconds) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for (RFC 9110, section 10.2.3).

    None where it is absent or says nothing; never more than a day.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WISH) if len(text) < 10 else LONGEST_WISH  # noqa: PLR2004 - digits
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return min(max(0.0, moment.timestamp() - now / SECOND), LONGEST_WISH)
