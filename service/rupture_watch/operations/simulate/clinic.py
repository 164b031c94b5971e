"""A seeded clinic: all its cases side by side, as one stream of events in order of arrival."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rupture_watch.alliance.facts import DAY, MINUTE, SECOND, Microseconds
from rupture_watch.operations.simulate.cases import Case
from rupture_watch.operations.simulate.clients import draw_client
from rupture_watch.operations.simulate.diary import WEEK, Diary
from rupture_watch.operations.simulate.dice import chance, dice
from rupture_watch.operations.simulate.disorder import repeat, spoil
from rupture_watch.operations.simulate.families import FAMILIES, Family
from rupture_watch.operations.simulate.wire import Arrival, Courier, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rupture_watch.operations.simulate.labels import Label

END: Final = datetime(2026, 1, 4, tzinfo=UTC)
"""When a simulated clinic ends unless told otherwise: fixed, so that files are reproducible."""

CASELOAD: Final = 20
"""Cases that one therapist has at a time."""

TYPICAL_WEEKS: Final = 16
"""How long a case takes on the whole, and with it what share of the cases a clinic begins with."""

FEWEST_WEEKS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Clinic:
    """What to simulate; the same values give the same bytes.

    ``cases`` start over ``weeks`` weeks that end at ``end``; the caseload that the clinic has
    when the weeks begin starts in the first two of them. ``family`` is the population
    (``rules``, ``items``, or one of your own), ``episode_share`` is the share of clients to whom
    anything happens, ``spread`` multiplies the within-person SD, ``sessions`` is the range of
    planned sessions. ``bad_share`` is the share of extra events that must be rejected; a ``tidy``
    clinic delivers each event once, at once and right the first time. ``at_once`` lets all cases
    start in the first two weeks (cohorts of an accuracy study).
    """

    cases: int
    weeks: int
    seed: int
    end: datetime = END
    family: str | Family = "rules"
    episode_share: float = 0.35
    bad_share: float = 0.005
    spread: float = 1.0
    sessions: tuple[int, int] = (8, 24)
    tidy: bool = False
    at_once: bool = False

    def arrivals(self, labels: Callable[[Label], None] | None = None) -> Iterator[Arrival]:
        """Yield the clinic's events in order of arrival, none later than ``end``.

        ``labels`` is given the truth about each case, as its first event comes.

        Raises:
            ValueError: the numbers make no clinic.

        """
        if self.cases < 0 or self.weeks < FEWEST_WEEKS or not self._is_known():
            raise ValueError(
                "a clinic needs a number of cases, three weeks at least, and one of the families: "
                + ", ".join(FAMILIES)
            )
        last = _microseconds(self.end)
        waiting: list[Arrival] = []
        for intake, number in self._intakes(last):
            while waiting and waiting[0].at < intake:
                yield heapq.heappop(waiting)
            arrivals, label = self._case(number, intake, last)
            if labels is not None:
                labels(label)
            for arrival in arrivals:
                if arrival.at <= last:
                    heapq.heappush(waiting, arrival)
        while waiting:
            yield heapq.heappop(waiting)

    def _is_known(self) -> bool:
        return isinstance(self.family, Family) or self.family in FAMILIES

    def _intakes(self, last: Microseconds) -> list[tuple[Microseconds, int]]:
        """Return when each case begins, in order."""
        first = last - self.weeks * WEEK
        standing = 1.0 if self.at_once else min(1.0, TYPICAL_WEEKS / self.weeks)
        found = []
        for number in range(self.cases):
            rng = dice(self.seed, "intake", number)
            early = self.at_once or chance(rng, standing / 2)
            window = 2 * WEEK if early else last - first - 2 * WEEK
            day = (first + int(rng.random() * window)) // DAY * DAY
            found.append((day + rng.randrange(9 * 60, 17 * 60) * MINUTE, number))
        return sorted(found)

    def _case(
        self, number: int, intake: Microseconds, last: Microseconds
    ) -> tuple[list[Arrival], Label]:
        client = draw_client(
            self.seed,
            number,
            self.family if isinstance(self.family, Family) else FAMILIES[self.family],
            sessions=self.sessions,
            episode_share=self.episode_share,
            spread=self.spread,
        )
        disorder = dice(self.seed, "disorder", number)
        courier = Courier(client.case, disorder, punctual=self.tidy)
        diary = _diary(self.seed, last - self.weeks * WEEK, last + 60 * DAY)
        label = Case(client, diary, number // CASELOAD, courier, tidy=self.tidy).run(intake, last)
        arrivals = courier.arrivals
        if not self.tidy:
            arrivals = arrivals + repeat(arrivals, disorder)
        return arrivals + spoil(courier.arrivals, disorder, self.bad_share), label


@lru_cache(maxsize=8)
def _diary(seed: int, first: Microseconds, last: Microseconds) -> Diary:
    return Diary(seed, first, last)


def _microseconds(moment: datetime) -> Microseconds:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND


def simulate(  # noqa: PLR0913 - one keyword per knob of the command
    cases: int,
    weeks: int,
    seed: int,
    *,
    end: datetime | None = None,
    family: str = "rules",
    episode_share: float = 0.35,
    bad_share: float = 0.005,
    labels: Callable[[Label], None] | None = None,
) -> Iterator[Event]:
    """Yield a realistic clinic as structured CloudEvents, in order of arrival.

    The same arguments give the same events. ``labels`` receives the truth about every case, which
    is in no event. See ``Clinic`` for the arguments.
    """
    clinic = Clinic(
        cases=cases,
        weeks=weeks,
        seed=seed,
        end=end or END,
        family=family,
        episode_share=episode_share,
        bad_share=bad_share,
    )
    for arrival in clinic.arrivals(labels):
        yield arrival.event
