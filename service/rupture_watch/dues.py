"""When time alone would change a case: an index over all cases of a partition."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rupture_watch.alliance.facts import Microseconds


class Dues:
    """The next due time of each case; one that is put off or taken back leaves no trace."""

    __slots__ = ("_at", "_heap")

    def __init__(self, at: Mapping[bytes, Microseconds] | None = None) -> None:
        """Start from the due times known."""
        self._at = dict(at or {})
        self._heap = [(due, key) for key, due in self._at.items()]
        heapify(self._heap)

    def put(self, key: bytes, due: Microseconds | None) -> None:
        """Note when a case is due next; None where nothing is."""
        if due is None:
            self._at.pop(key, None)
        elif self._at.get(key) != due:
            self._at[key] = due
            heappush(self._heap, (due, key))

    def take(self, time: Microseconds) -> Iterator[bytes]:
        """Take out, one by one, the cases that are due up to ``time``, also those put meanwhile."""
        while self._heap and self._heap[0][0] <= time:
            due, key = heappop(self._heap)
            if self._at.get(key) == due:
                del self._at[key]
                yield key

    def next(self) -> Microseconds | None:
        """Return when a case is due next."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None
