"""A Kafka cluster reduced to what the stream relies on: logs, a group's coordinator, offsets."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from tests.component.memory_log import Read

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from rupture_watch.stream.ledger import Place
    from rupture_watch.stream.ports import Headers
    from tests.simulation.virtual_loop import VirtualLoop

Row = tuple[bytes | None, bytes | None, "Headers"]
JOIN_DELAY: Final = 0.05
"""Seconds for which a group waits for more members."""


class Partition:
    """One log: records with gaps between them, and which of a producer's batches it has seen."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.records: list[Read] = []
        self.offsets: list[int] = []
        self.first = 0
        self.end = 0
        self.waiting: dict[int, Callable[[], None]] = {}
        self._seen: dict[int, tuple[int, int]] = {}
        self.history: list[Read] = []

    def append(self, rows: Iterable[Row], timestamp: int) -> int:
        """Append; return the first offset."""
        base = self.end
        for key, value, headers in rows:
            record = Read(*self.place, self.end, key, value, headers, timestamp)
            self.records.append(record)
            self.offsets.append(self.end)
            self.history.append(record)
            self.end += 1
        waiting, self.waiting = self.waiting, {}
        for wake in waiting.values():
            wake()
        return base

    def produce(self, producer: int, sequence: int, rows: Sequence[Row], timestamp: int) -> int:
        """Append a batch of an idempotent producer once, however often it comes."""
        seen, base = self._seen.get(producer, (-1, -1))
        if sequence == seen:
            return base
        assert sequence == seen + 1, "a batch overtook another"
        base = self.append(rows, timestamp)
        self._seen[producer] = sequence, base
        return base

    def gap(self, offsets: int) -> None:
        """Leave out offsets, as the markers of transactions do."""
        self.end += offsets

    def read(self, position: int, limit: int) -> tuple[list[Read], int]:
        """Return records from a position on, and the position after them."""
        start = bisect_left(self.offsets, position)
        records = self.records[start : start + limit]
        if start + limit >= len(self.records):
            return records, max(position, self.end)
        return records, records[-1].offset + 1

    def compact(self, random_: random.Random, *, tail: bool) -> None:
        """Drop superseded records, and some tombstones; ``tail``: even at the very end."""
        last = {record.key: record.offset for record in self.records}
        newest = self.offsets[-1] if self.offsets else -1
        upto = newest if tail or random_.random() < 0.5 else random_.randint(0, newest + 1)
        drop_tombstones = random_.random() < 0.5

        def stays(record: Read) -> bool:
            if record.offset > upto or (record.offset == newest and not tail):
                return True
            if last[record.key] != record.offset:
                return False
            return record.value is not None or not drop_tombstones

        self.records = [record for record in self.records if stays(record)]
        self.offsets = [record.offset for record in self.records]

    def folded(self) -> dict[bytes, bytes]:
        """Return the last value of each key."""
        last = {record.key: record.value for record in self.records}
        return {k: v for k, v in last.items() if k is not None and v is not None}


class Member:
    """One member of the group, as the coordinator sees it."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.answer: Callable[[Joined], None] | None = None
        self.assigned: frozenset[int] = frozenset()


Joined = tuple[int, frozenset[int]] | None
"""Generation and partition numbers; ``None``: not a member any more."""


class Group:
    """The group's coordinator: who is in, in which generation, with which partition numbers.

    Fences by generation, and commits only.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        random_: random.Random,
        *,
        partitions: int,
        session: float,
        rebalance: float,
    ) -> None:
        self.generation = 0
        self.members: dict[str, Member] = {}
        self.committed: dict[Place, int] = {}
        self.on_commit: Callable[[dict[Place, int]], None] = lambda _: None
        self.on_assigned: Callable[[], None] = lambda: None
        self._loop = loop
        self._random = random_
        self._partitions = partitions
        self._session = session
        self._rebalance = rebalance
        self._preparing = False
        self._limit = 0.0
        self._owners: dict[int, str] = {}

    def join(self, member: str, answer: Callable[[Joined], None]) -> None:
        """Ask to be in the next generation; answered when it begins."""
        now = self._loop.now
        known = self.members.get(member)
        if known is not None and not self._preparing and known.answer is None:
            if known.assigned or member in self._owners.values() or self.generation:
                known.deadline = now + self._session
                answer((self.generation, known.assigned))
            return
        if known is None:
            known = self.members[member] = Member(now + self._session)
        known.answer = answer
        self.rebalance()
        if all(m.answer for m in self.members.values()):
            self._loop.call_later(JOIN_DELAY, self._complete)

    def leave(self, member: str) -> None:
        """Take a member out."""
        if self.members.pop(member, None) is not None:
            self.rebalance()

    def rebalance(self) -> None:
        """Begin a new generation as soon as everybody has joined, or the time for it is over."""
        if not self._preparing and self.members:
            self._preparing = True
            self._limit = self._loop.now + self._rebalance

    def heartbeat(self, member: str, generation: int) -> str:
        """Return ``ok``, ``rebalance``, ``illegal`` or ``unknown``."""
        known = self.members.get(member)
        if known is None:
            return "unknown"
        if generation != self.generation:
            return "illegal"
        known.deadline = self._loop.now + self._session
        return "rebalance" if self._preparing else "ok"

    def commit(self, member: str, generation: int, offsets: dict[Place, int]) -> bool:
        """Take offsets of a member of this generation; refuse all others."""
        answer = self.heartbeat(member, generation)
        if answer not in {"ok", "rebalance"}:
            return False
        self.on_commit(offsets)
        self.committed.update(offsets)
        return True

    def sweep(self) -> None:
        """Take out whoever has been silent for too long; to be called now and then."""
        now = self._loop.now
        for name, member in list(self.members.items()):
            late = now > member.deadline if member.answer is None else False
            if late or (self._preparing and member.answer is None and now > self._limit):
                self.leave(name)
        if self._preparing and all(m.answer for m in self.members.values()):
            self._complete()

    def _complete(self) -> None:
        if not self._preparing or not all(m.answer for m in self.members.values()):
            return
        self._preparing = False
        self.generation += 1
        self._assign()
        for member in self.members.values():
            member.deadline = self._loop.now + self._session
            answer, member.answer = member.answer, None
            assert answer is not None
            answer((self.generation, member.assigned))
        self.on_assigned()

    def _assign(self) -> None:
        """Spread the numbers evenly, leaving most where they are."""
        names = list(self.members)
        if not names:
            return
        self._random.shuffle(names)
        share = -(-self._partitions // len(names))
        taken: dict[str, list[int]] = defaultdict(list)
        left = []
        for number in range(self._partitions):
            owner = self._owners.get(number)
            if owner in self.members and len(taken[owner]) < share and self._random.random() < 0.8:
                taken[owner].append(number)
            else:
                left.append(number)
        for number in left:
            taken[min(names, key=lambda name: len(taken[name]))].append(number)
        self._owners = {number: name for name, numbers in taken.items() for number in numbers}
        for name in names:
            self.members[name].assigned = frozenset(taken[name])
