"""A clinic that runs: its past weeks at high speed, then calmly, then in real time.

Events keep their own times, which lie in the past, and are handed out in order of arrival; none
is handed out before the wall clock has reached its arrival. Whoever receives them does the
publishing. Ticks that say how late it is in the clinic go to a receiver of their own: a service
that takes the wall clock for the clinic's would find every silence of the coming weeks at once.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeAlias

from rupture_watch.alliance.facts import DAY, HOUR, SECOND, Microseconds
from rupture_watch.contracts.topics import Channel, channel_of_type
from rupture_watch.operations.simulate.clinic import Clinic
from rupture_watch.operations.simulate.diary import WEEK
from rupture_watch.operations.simulate.stories import STORIES, tell
from rupture_watch.operations.simulate.wire import Arrival, Event

Sink: TypeAlias = Callable[[Channel, str, Event], Awaitable[None]]
"""Takes one event: its channel, its key (the case), and the structured CloudEvent."""

Ticker: TypeAlias = Callable[[datetime], Awaitable[None]]
"""Is told the clinic's time, in order, before the first event of each ``Pace.tick``."""

LOOKAHEAD_WEEKS: Final = 1
"""How far beyond the present a running clinic is drawn, to go on in real time."""


class Clock(Protocol):
    """Real time, or a test's."""

    def now(self) -> Microseconds:
        """Return the present, in microseconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class WallClock:
    """The machine's clock."""

    def now(self) -> Microseconds:
        """Return the present."""
        return time.time_ns() // 1000

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the loop."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast the clinic's past goes by.

    ``weeks_per_minute`` until ``calm`` before the present, from there ``calm_weeks_per_minute``;
    with ``events_per_second`` the same in events, a tenth of it in the calm part. ``tick`` is the
    grid of clinic time on which the ticker is told.
    """

    weeks_per_minute: float = 20.0
    calm_weeks_per_minute: float = 0.5
    events_per_second: float | None = None
    calm: timedelta = timedelta(weeks=6)
    tick: timedelta = timedelta(hours=6)

    def seconds(self, span: Microseconds, *, calm: bool) -> float:
        """Return how long to wait for one event that comes ``span`` after the one before."""
        if self.events_per_second is not None:
            return (10.0 if calm else 1.0) / self.events_per_second
        speed = self.calm_weeks_per_minute if calm else self.weeks_per_minute
        return span / WEEK / speed * 60.0


@dataclass(frozen=True, kw_only=True)
class LiveClinic:
    """A clinic of ``cases`` whose past ``weeks`` end now, with the scripted stories woven in.

    The seed defaults to the minute of the start, so that a second run on the same topics has
    cases of its own. ``stories`` are told one after the other in the first half.
    """

    cases: int = 150
    weeks: int = 26
    seed: int | None = None
    pace: Pace = field(default_factory=Pace)
    stories: tuple[str, ...] = tuple(STORIES)
    clock: Clock = field(default_factory=WallClock)

    async def run(self, sink: Sink, ticker: Ticker | None = None) -> None:
        """Hand out the past at its pace, then go on in real time, for a week at most."""
        begun = self.clock.now()
        last_tick = 0
        tick = self.pace.tick // timedelta(microseconds=1)
        calm_from = begun - self.pace.calm // timedelta(microseconds=1)
        before: Microseconds | None = None
        due = 0.0
        for arrival in self.arrivals(begun):
            span = 0 if before is None else arrival.at - before
            before = arrival.at
            due += self.pace.seconds(span, calm=arrival.at >= calm_from)
            await self._wait_until(begun + int(due * SECOND), arrival.at)
            if ticker is not None and arrival.at // tick > last_tick:
                last_tick = arrival.at // tick
                await ticker(_moment(last_tick * tick))
            channel = channel_of_type(arrival.event["type"]) or Channel.RATINGS
            await sink(channel, arrival.case, arrival.event)

    def arrivals(self, begun: Microseconds) -> Iterator[Arrival]:
        """Yield what arrives from ``weeks`` before ``begun`` on, in order of arrival."""
        seed = begun // (60 * SECOND) if self.seed is None else self.seed
        clinic = Clinic(
            cases=self.cases,
            weeks=self.weeks + LOOKAHEAD_WEEKS,
            seed=seed,
            end=_moment(begun) + timedelta(weeks=LOOKAHEAD_WEEKS),
        )
        return heapq.merge(clinic.arrivals(), self._scripted(begun, seed))

    def _scripted(self, begun: Microseconds, seed: int) -> list[Arrival]:
        """Return all stories, begun at ten o'clock on days of the first weeks."""
        first = (begun - self.weeks * WEEK) // DAY * DAY + 10 * HOUR
        found: list[Arrival] = []
        for place, name in enumerate(self.stories):
            start = first + (3 + place * 5) * DAY
            told = tell(name, f"story-{name}-{seed % 100_000:05d}", start)
            found += [arrival for arrival in told if arrival.at <= begun]
        return sorted(found)

    async def _wait_until(self, due: Microseconds, arrival: Microseconds) -> None:
        """Wait until the pace allows an event, and until it has arrived at all."""
        target = max(due, arrival)
        while (rest := target - self.clock.now()) > 0:
            await self.clock.sleep(rest / SECOND)


def _moment(at: Microseconds) -> datetime:
    return datetime.fromtimestamp(at / SECOND, UTC)
