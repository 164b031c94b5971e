"""Fetched changelog batches applied in bulk, under the recovery's own phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.effects import Record
    from rupture_watch.stream.ledger import Place
    from rupture_watch.stream.ports import Recovery
    from rupture_watch.stream.store import Partitions


class Restore:
    """Feeds the state's recovery some hundred thousand records a second; stock does 8,000.

    Only the last record of a partition goes the stock way, one by one through the changelog queue:
    Faust itself then sees the end, flushes and signals it. Setting its signal from here would leave
    it set, and the next rebalance within five seconds would be "complete" with half of the state.
    """

    def __init__(self, partitions: Partitions, recovery: Recovery) -> None:
        self._partitions = partitions
        self._recovery = recovery
        self._handed: dict[Place, int] = {}

    def position(self, place: Place) -> int:
        """Return where reading of a changelog partition goes on: at the last offset seen."""
        return self._recovery.position(place)

    async def apply(
        self, place: Place, records: Sequence[Record], *, following: int | None
    ) -> None:
        """Apply what was fetched of one changelog partition that is being restored.

        Records of any other partition are dropped: Faust would apply them to the table of the
        record before. The seek went to the last offset already seen, so the first may be known.

        ``following`` is the offset that reading goes on from. The last offsets may hold no record,
        for it was compacted or they are a transaction's markers: then the end is before them, and
        without being told Faust would wait for it for ever.
        """
        span = self._recovery.span(place)
        if span is None:
            return
        seen, end = span
        fresh = [r for r in records if seen is None or r.offset > seen]
        last = fresh[-1].offset if fresh else -1 if seen is None else seen
        if following is not None and following > end > last >= self._handed.get(place, -1):
            end = last
            self._recovery.ends_at(place, end)
        if not fresh:
            return
        at_end = last >= end
        body = fresh[:-1] if at_end else fresh
        if body:
            self._partitions.replay(place.partition, body)
            self._recovery.reached(place, body[-1].offset)
        if at_end:
            self._handed[place] = last
            await self._recovery.finish(place, fresh[-1])
