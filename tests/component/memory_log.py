"""A log in memory that keeps a journal, and a lane on it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.metrics import Metrics
from rupture_watch.stream.failpoints import Failpoint
from rupture_watch.stream.flood import FloodGuard
from rupture_watch.stream.lane import Lane
from rupture_watch.stream.outputs import DeadLetterTopic, Outputs
from rupture_watch.stream.ports import LogFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rupture_watch.stream.ports import Change, Headers, Outgoing, Pipeline

RATINGS, ATTENDANCE, TICKS = "t.ratings.v1", "t.attendance.v1", "t.ticks.v1"
CHANGELOG, DEAD_LETTERS = "changelog", "t.dead-letters.v1"


class Read(NamedTuple):
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None = b"x"
    headers: Headers = ()
    timestamp: int = 0


class MemoryLog:
    """Acknowledges at once, unless told to wait or to fail; ``journal`` holds every step."""

    def __init__(self) -> None:
        self.journal: list[str] = []
        self.changelog: dict[int, list[Change]] = defaultdict(list)
        self.published: list[Outgoing] = []
        self.acknowledging = asyncio.Event()
        self.acknowledging.set()
        self.broken = False

    async def append(self, topic: str, partition: int, changes: Sequence[Change]) -> list[int]:
        assert topic == CHANGELOG
        await self._acknowledge("changelog", len(changes))
        first = len(self.changelog[partition])
        self.changelog[partition].extend(changes)
        return list(range(first, first + len(changes)))

    async def publish(self, records: Sequence[Outgoing]) -> None:
        for topic in dict.fromkeys(record.topic for record in records):
            await self._acknowledge(topic, sum(record.topic == topic for record in records))
        self.published += records

    def of(self, topic: str) -> list[Outgoing]:
        return [record for record in self.published if record.topic == topic]

    def folded(self, partition: int) -> dict[bytes, bytes]:
        return {k: v for k, v in dict(self.changelog[partition]).items() if v is not None}

    async def _acknowledge(self, what: str, count: int) -> None:
        self.journal.append(f"{what} sent")
        await self.acknowledging.wait()
        if self.broken:
            raise LogFailed("no acknowledgement within 0 s")
        self.journal.append(f"{what} {count}")


def lane_on(
    log: MemoryLog, pipeline: Pipeline, *, metrics: Metrics | None = None, failpoint: str = ""
) -> Lane:
    outputs = Outputs(
        log,
        metrics or Metrics(),
        prefix="t.",
        changelog=CHANGELOG,
        dead_letters=DeadLetterTopic(DEAD_LETTERS, 4, 1_000_000),
    )
    return Lane(pipeline, outputs, guard=FloodGuard(), failpoint=Failpoint(failpoint), ticks=TICKS)


def records(
    count: int,
    *,
    first: int = 0,
    key: Callable[[int], bytes] = lambda _: b"a",
    topic: str = RATINGS,
    value: bytes = b"x",
) -> list[Read]:
    return [Read(topic, 0, offset, key(offset), value) for offset in range(first, first + count)]
