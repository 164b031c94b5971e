"""Fetched changelog batches applied in bulk, under Faust's own recovery."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faust.types import TP

    from rupture_watch.stream.consumer import LaneConsumer


class Restore:
    """Feeds the state's recovery some hundred thousand records a second; stock does 8,000.

    Only the last record of a partition goes the stock way, one by one through the changelog queue:
    Faust itself then sees the end, flushes and signals it. Setting its signal from here would leave
    it set, and the next rebalance within five seconds would be "complete" with half of the state.
    """

    def __init__(self, consumer: LaneConsumer) -> None:
        self._consumer = consumer

    def position(self, tp: TP) -> int:
        """Return where reading of a changelog partition goes on: at the last offset seen."""
        tables: Any = self._consumer.app.tables
        return max(0, tables.recovery.active_offsets[tp] or 0)

    async def apply(self, tp: TP, records: Sequence[Any]) -> None:
        """Apply what was fetched of one changelog partition that is being restored.

        Records of any other partition are dropped: Faust would apply them to the table of the
        record before. The seek went to the last offset already seen, so the first may be known.
        """
        tables: Any = self._consumer.app.tables
        recovery = tables.recovery
        if tp not in recovery.active_tps:
            return
        seen, end = recovery.active_offsets[tp], recovery.active_highwaters[tp]
        fresh = [r for r in records if seen is None or r.offset > seen]
        if not fresh:
            return
        at_end = fresh[-1].offset >= end
        body = fresh[:-1] if at_end else fresh
        if body:
            recovery.tp_to_table[tp].data.owner.partitions.replay(tp.partition, body)
            recovery.active_offsets[tp] = body[-1].offset
        recovery._active_events_received_at[tp] = time.monotonic()  # noqa: SLF001 - its own watchdog
        if at_end:
            # the callback blocks while flow is suspended
            await self._consumer.wait_first(
                self._consumer.callback(self._consumer._to_message(tp, fresh[-1])),  # noqa: SLF001
                self._consumer.suspend_flow.wait(),
            )
