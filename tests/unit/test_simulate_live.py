"""The running clinic, on a clock that only moves when somebody waits."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rupture_watch.contracts.reading import read_line
from rupture_watch.contracts.topics import Channel, channel_of_type
from rupture_watch.operations.simulate.live import LiveClinic, Pace
from rupture_watch.operations.simulate.stories import STORIES, tell

if TYPE_CHECKING:
    from rupture_watch.operations.simulate.wire import Event

BEGUN = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()) * 1_000_000


class ManualClock:
    """Time passes while somebody waits, and stops the run after ``limit``."""

    def __init__(self, limit: timedelta) -> None:
        self.time = BEGUN
        self.limit = BEGUN + limit // timedelta(microseconds=1)

    def now(self) -> int:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += int(seconds * 1e6) + 1
        if self.time > self.limit:
            raise asyncio.CancelledError


async def run(
    limit: timedelta, **settings: object
) -> tuple[list[tuple[int, Channel, str, Event]], list[datetime]]:
    clock = ManualClock(limit)
    seen: list[tuple[int, Channel, str, Event]] = []
    ticks: list[datetime] = []

    async def sink(channel: Channel, key: str, event: Event) -> None:
        seen.append((clock.time, channel, key, event))

    async def ticker(moment: datetime) -> None:
        ticks.append(moment)

    clinic = LiveClinic(cases=40, seed=1, clock=clock, **settings)  # type: ignore[arg-type]
    with pytest.raises(asyncio.CancelledError):
        await clinic.run(sink, ticker)
    return seen, ticks


async def test_no_event_is_handed_out_before_it_was_recorded() -> None:
    seen, _ = await run(timedelta(days=2), pace=Pace(calm_weeks_per_minute=50))
    for at, channel, key, event in seen:
        moment = datetime.fromisoformat(event["recordedtime"])
        assert moment.timestamp() * 1e6 <= at + 1e6
        assert key == event["subject"]
        assert channel is (channel_of_type(event["type"]) or Channel.RATINGS)
    assert max(at for at, *_ in seen) > BEGUN + 3600 * 1_000_000, "it goes on in real time"


async def test_most_of_the_past_goes_by_within_ninety_seconds_and_calm_follows() -> None:
    first, _ = await run(timedelta(seconds=90))
    both, _ = await run(timedelta(seconds=180))
    assert len(first) > 1000
    assert 0 < len(both) - len(first) < len(first) / 10


async def test_all_stories_are_over_before_the_calm_part() -> None:
    seen, _ = await run(timedelta(seconds=75))
    told = {
        key.removeprefix("story-").rpartition("-")[0] for _, _, key, _ in seen if "story" in key
    }
    assert told == set(STORIES)
    counts = {name: len(tell(name, "case", BEGUN)) for name in STORIES}
    assert sum("story" in key for _, _, key, _ in seen) == sum(counts.values())


async def test_the_ticker_hears_the_clinics_time_in_order_and_never_ahead_of_the_events() -> None:
    seen, ticks = await run(timedelta(seconds=60))
    assert ticks == sorted(set(ticks))
    assert ticks[-1] - ticks[0] > timedelta(weeks=15)
    latest = max(datetime.fromisoformat(event["recordedtime"]) for *_, event in seen)
    assert ticks[-1] <= latest + timedelta(days=1)


async def test_a_pace_in_events_per_second_is_kept() -> None:
    seen, _ = await run(timedelta(seconds=10), pace=Pace(events_per_second=50))
    assert len(seen) == pytest.approx(500, abs=5)


@pytest.mark.parametrize("name", STORIES)
def test_the_contract_accepts_every_story(name: str) -> None:
    arrivals = tell(name, "case", BEGUN)
    assert len(arrivals) > 20
    for arrival in arrivals:
        assert read_line(json.dumps(arrival.event).encode()).case == "case"
