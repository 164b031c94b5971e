"""The state of the owned partitions in memory, and how far each follows its changelog."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rupture_watch.effects import Record
    from rupture_watch.stream.ports import Change

NOTHING_APPLIED = -1


class Partitions:
    """One dictionary per owned partition, and the last changelog offset that it contains.

    Stock Faust keeps one dictionary for all and re-reads after every rebalance all that the worker
    wrote since the last one. Knowing the applied offset, a kept partition has nothing to read; a
    dictionary per partition, and a lost one is dropped whole.

    A write enters memory only after its acknowledgement, so memory is never ahead of the changelog.

    Faust lets a recovery run on into the next rebalance, and remembers of a partition that was
    dropped and has come back how far it once was read. So a dropped partition takes nothing in, nor
    counts as restored, until a restore of it begins anew; and that begins with what is contained,
    with nothing.
    """

    def __init__(self) -> None:
        self._cases: dict[int, dict[bytes, bytes]] = {}
        self._applied: dict[int, int] = {}
        self._replayed: dict[int, int] = {}
        self._dropped: set[int] = set()

    def __len__(self) -> int:
        return sum(map(len, self._cases.values()))

    def cases(self, partition: int) -> dict[bytes, bytes]:
        """Return the partition's dictionary itself: the shard of the partition reads from it."""
        return self._cases.setdefault(partition, {})

    def owned(self) -> Collection[int]:
        """Return the partitions in memory."""
        return self._cases.keys()

    def applied(self, partition: int) -> int | None:
        """Return the last changelog offset contained, -1 for none, ``None`` if not restored."""
        return self._applied.get(partition)

    def restore_from(self, partition: int) -> int:
        """Begin a restore; return the last changelog offset that need not be read, -1 for none."""
        self._dropped.discard(partition)
        return self._applied.get(partition, NOTHING_APPLIED)

    def replay(self, partition: int, records: Sequence[Record]) -> None:
        """Apply changelog records in bulk, as a restore reads them."""
        if partition in self._dropped:
            return
        cases = self.cases(partition)
        for record in records:
            key, value = record.key, record.value
            if key is None:
                continue
            if value is None:
                cases.pop(key, None)
            else:
                cases[key] = value
        self._applied[partition] = records[-1].offset
        self._replayed[partition] = self._replayed.get(partition, 0) + len(records)

    def wrote(self, partition: int, changes: Iterable[Change], offsets: Sequence[int]) -> bool:
        """Apply own acknowledged writes; tell whether they continue the changelog without a hole.

        After a hole somebody else wrote in between, or an own batch was written twice. Memory then
        knows better than the changelog, so there is nothing to read back, but all to write again.
        """
        cases = self.cases(partition)
        for key, value in changes:
            if value is None:
                cases.pop(key, None)
            else:
                cases[key] = value
        before = self._applied.get(partition, NOTHING_APPLIED)
        self._applied[partition] = max(before, *offsets)
        return list(offsets) == list(range(before + 1, before + 1 + len(offsets)))

    def restored(self, partition: int, end: int | None) -> int | None:
        """Note that a restore read up to ``end``; return how many records it has replayed.

        An empty changelog counts as applied up to its end, so that the first write continues it.
        ``None``: the partition was dropped since that restore began, which is void.
        """
        if partition in self._dropped:
            return None
        self.cases(partition)
        known = self._applied.get(partition, NOTHING_APPLIED)
        self._applied[partition] = known if end is None else max(known, end)
        return self._replayed.pop(partition, 0)

    def retain(self, partitions: Collection[int]) -> set[int]:
        """Drop every partition but these; return those dropped."""
        lost = set(self._cases) - set(partitions)
        for partition in lost:
            del self._cases[partition]
            self._applied.pop(partition, None)
            self._replayed.pop(partition, None)
        self._dropped |= lost
        return lost
