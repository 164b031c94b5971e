"""The input topics of each partition number as one sequence, in the order they were written in."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rupture_watch.effects import Record
    from rupture_watch.stream.ledger import Place

FULL: Final = 1_000
"""Records queued from which on a partition is not fetched: a tenth of a second's work is enough to
bridge a fetch, and memory stays bounded by this and one poll, whatever waits in the topic."""
PATIENCE: Final = 0.5
"""Seconds of polling for a fetch that is known to be due; Kafka Streams waits without a bound."""


class Rank(NamedTuple):
    """Who goes first: the earlier record; of one moment (ms) a tick last, else by topic."""

    timestamp: float
    is_tick: bool
    topic: str


LAST: Final = Rank(math.inf, is_tick=True, topic="")


class Merge:
    """Queues what is fetched and gives out, per partition number, the earliest record next.

    From a backlog a client reads one topic after the other, a megabyte at a time: a year of
    ratings before the first attendance. A case that hears of its past that late is judged anew
    for every such fact: right, but in milliseconds instead of tens of microseconds. So, as in Kafka
    Streams' record queues (KIP-695), the topics are merged by the records' timestamps, and while
    one of them is known to hold more but has nothing queued, the others of its number wait for its
    fetch. A topic that is read to its end holds nobody back, so quiet traffic waits for nothing.

    Ticks hold nobody back, and none is given out while a topic of its number is behind, however
    long: one that overtakes the events before it finds silence that there is not.

    Limits: as good as the timestamps. The broker's (``LogAppendTime``) are one per batch, so what
    a sender holds back in large batches comes in the order of those batches.
    """

    def __init__(self, ticks: str, *, patience: float = PATIENCE) -> None:
        self._ticks = ticks
        self._patience = patience
        self._queues: dict[int, dict[Place, deque[Record]]] = {}
        self._following: dict[Place, int] = {}
        self._awaited: dict[Place, float] = {}

    def start(self, positions: Mapping[Place, int]) -> None:
        """Expect these partitions from these offsets on; what was queued of them is dropped."""
        for place, position in positions.items():
            self._queues.setdefault(place.partition, {})[place] = deque()
            self._following[place] = position
            self._awaited.pop(place, None)

    def clear(self) -> None:
        """Drop everything: what was queued is not processed, and will be fetched again."""
        self._queues.clear()
        self._following.clear()
        self._awaited.clear()

    def put(self, place: Place, records: Sequence[Record]) -> None:
        """Queue what was fetched of an expected partition, but for what is known already.

        The position is the next offset to take: leaving out ``<=`` would lose one record per
        partition and rebalance.
        """
        following = self._following[place]
        fresh = (
            records
            if records[0].offset >= following
            else [record for record in records if record.offset >= following]
        )
        if fresh:
            self._queues[place.partition][place].extend(fresh)
            self._following[place] = fresh[-1].offset + 1

    def wants(self, place: Place) -> bool:
        """Tell whether more of this partition is to be fetched."""
        return len(self._queues.get(place.partition, {}).get(place, ())) < FULL

    def take(
        self, limit: int, *, behind: Callable[[Place], bool], now: float
    ) -> dict[int, list[Record]]:
        """Take up to ``limit`` records of each partition number out of its queues, in order.

        ``behind`` tells whether a partition has, or may have, more than was fetched of it;
        ``now`` counts seconds spent polling, so that a process which was kept from polling does
        not lose its patience. Returns only the numbers of which something may be taken.
        """
        taken = {
            number: self._merge(queues, limit, behind, now)
            for number, queues in self._queues.items()
        }
        return {number: records for number, records in taken.items() if records}

    def _merge(
        self,
        queues: Mapping[Place, deque[Record]],
        limit: int,
        behind: Callable[[Place], bool],
        now: float,
    ) -> list[Record]:
        taken: list[Record] = []
        while len(taken) < limit:
            missing = self._missing(queues, behind, now)
            if any(now - self._awaited[place] < self._patience for place in missing):
                break
            heads = sorted(
                (self._rank(queue[0]), place)
                for place, queue in queues.items()
                if queue and not (missing and place.topic == self._ticks)
            )
            if not heads:
                break
            until = heads[1][0] if len(heads) > 1 else LAST
            self._run(queues[heads[0][1]], until, limit, taken)
        return taken

    def _missing(
        self, queues: Mapping[Place, deque[Record]], behind: Callable[[Place], bool], now: float
    ) -> list[Place]:
        """Return the topics to wait for, and note since when."""
        missing = []
        for place, queue in queues.items():
            if not queue and place.topic != self._ticks and behind(place):
                self._awaited.setdefault(place, now)
                missing.append(place)
            else:
                self._awaited.pop(place, None)
        return missing

    def _run(self, queue: deque[Record], until: Rank, limit: int, taken: list[Record]) -> None:
        """Take from one queue for as long as no other has anything earlier."""
        while queue and len(taken) < limit:
            record = queue[0]
            if record.timestamp >= until.timestamp and self._rank(record) > until:
                break
            taken.append(queue.popleft())

    def _rank(self, record: Record) -> Rank:
        return Rank(record.timestamp, record.topic == self._ticks, record.topic)
