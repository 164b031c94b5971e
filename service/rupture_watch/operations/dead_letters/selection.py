"""Which dead letters are meant, and what may become of each."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.contracts.reading import Reader, refuse_future_recording
from rupture_watch.contracts.reasons import Reason, Rejected
from rupture_watch.contracts.topics import INPUT_TYPES, Channel

if TYPE_CHECKING:
    from collections.abc import Collection

    from rupture_watch.alliance.instruments import Registry
    from rupture_watch.operations.dead_letters.letters import Letter, Origin

MOST_ATTEMPTS: Final = 3
"""Tries of one record: the first and two redrives. What fails thrice is for a person to look at."""


class Selection(NamedTuple):
    """Filters; each left open lets everything through. Times and offsets are the letter's own.

    Times in milliseconds since the epoch, ``since`` included and ``until`` not; offsets are those
    of the topic of dead letters, both ends included.
    """

    reasons: frozenset[Reason] = frozenset()
    channels: frozenset[Channel] = frozenset()
    since: int | None = None
    until: int | None = None
    partition: int | None = None
    first: int | None = None
    last: int | None = None

    def means(self, letter: Letter) -> bool:
        """Tell whether this letter is selected."""
        record = letter.record
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.channels or letter.channel in self.channels)
            and (self.since is None or record.timestamp >= self.since)
            and (self.until is None or record.timestamp < self.until)
            and (self.partition is None or record.partition == self.partition)
            and (self.first is None or record.offset >= self.first)
            and (self.last is None or record.offset <= self.last)
        )


class Fate(StrEnum):
    """What becomes of a selected letter."""

    READY = "ready"
    """It may go back onto its topic."""
    REDRIVEN = "redriven_before"
    """It has gone back already: a second redrive leaves it alone."""
    REPEATED = "repeated"
    """A crash has written this letter twice; the other one stands for both."""
    EXHAUSTED = "tried_thrice"
    """A fourth attempt is refused."""
    REFUSED = "still_refused"
    """This release, with these settings, would refuse it again before it reaches any rule."""
    NOT_WHOLE = "value_not_kept"
    """Its value was too large for the topic of dead letters."""
    NO_INPUT = "not_an_input"
    """It came from no input topic of this installation."""


class Judge:
    """Decides, letter by letter, in the order in which they lie.

    Args:
        redriven: the origins that have a receipt.
        registry: the instruments that are known now.
        trust: send also what would be refused again, such as for other workers' settings.
    """

    def __init__(self, redriven: Collection[Origin], registry: Registry, *, trust: bool) -> None:
        self._redriven = redriven
        self._reader = Reader(registry)
        self._trust = trust
        self._seen: set[Origin] = set()

    def fate(self, letter: Letter) -> Fate:
        """Return what may become of this letter."""
        if letter.origin in self._redriven:
            return Fate.REDRIVEN
        if letter.origin in self._seen:
            return Fate.REPEATED
        self._seen.add(letter.origin)
        if letter.channel is None:
            return Fate.NO_INPUT
        if letter.attempt >= MOST_ATTEMPTS:
            return Fate.EXHAUSTED
        if not letter.is_whole:
            return Fate.NOT_WHOLE
        if not self._trust and self._is_refused(letter, letter.channel):
            return Fate.REFUSED
        return Fate.READY

    def _is_refused(self, letter: Letter, channel: Channel) -> bool:
        """Read it as a worker would. One that is refused again only feeds the flood guard."""
        record = letter.record
        try:
            incoming = self._reader.read(
                record.key, record.value, letter.headers, expected=INPUT_TYPES[channel]
            )
            refuse_future_recording(incoming.fact, time.time_ns() // 1_000)
        except Rejected:
            return True
        return False
