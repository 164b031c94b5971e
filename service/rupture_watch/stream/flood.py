"""A guard that halts a worker before it turns a whole topic into dead letters."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable

WINDOW: Final = 500
SHARE: Final = 0.20
IN_A_ROW: Final = 50


class FloodGuard:
    """Counts refused records per partition.

    A bad deploy, of a sender or of this service, refuses everything. More than 20 % of the last
    500 records of a partition, or more than 50 in a row, is no longer bad input but a fault for a
    person to look at: the records stay uncommitted in their topic.
    """

    def __init__(self) -> None:
        self._window: dict[int, deque[bool]] = defaultdict(lambda: deque(maxlen=WINDOW))
        self._refused: dict[int, int] = defaultdict(int)
        self._in_a_row: dict[int, int] = defaultdict(int)

    def accepts(
        self, partition: int, records: Iterable[Hashable], refused: Collection[Hashable]
    ) -> bool:
        """Count these records, in order, by whatever names one; tell whether to go on.

        ``refused`` are those among them that became dead letters.
        """
        if not refused and not self._refused[partition]:
            self._in_a_row[partition] = 0
            self._window[partition].extend(False for _ in records)
            return True
        verdicts = [self._count(partition, record in refused) for record in records]
        return all(verdicts)

    def forget(self, partition: int) -> None:
        """Drop the counts of a partition that went to another worker."""
        for counts in (self._window, self._refused, self._in_a_row):
            counts.pop(partition, None)

    def _count(self, partition: int, refused: bool) -> bool:  # noqa: FBT001 - a count's own outcome
        window = self._window[partition]
        if len(window) == WINDOW and window[0]:
            self._refused[partition] -= 1
        window.append(refused)
        self._refused[partition] += refused
        self._in_a_row[partition] = self._in_a_row[partition] + 1 if refused else 0
        return self._in_a_row[partition] <= IN_A_ROW and not (
            len(window) == WINDOW and self._refused[partition] > SHARE * WINDOW
        )
