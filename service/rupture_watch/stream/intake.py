"""From polls to the lane and to the state's recovery; from the lane to commits."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from rupture_watch.stream.ledger import Place
from rupture_watch.stream.merge import Merge
from rupture_watch.stream.restore import Restore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from rupture_watch.effects import Record
    from rupture_watch.stream.engine import Engine
    from rupture_watch.stream.ports import Recovery, Source

POLL: Final = 0.05
"""Seconds that one poll may wait: it watches the partitions that were active when it began, which
between two phases of a rebalance are the wrong ones. Stock waits up to a second there, twice."""
IDLE: Final = 0.01
TURN: Final = 5
"""Slices that one turn takes of each partition number: a rebalance waits for its end, as do the
alerts of the first slice."""
PACE: Final = 0.05
NEVER: Final = -2
"""No generation: the group's begin at 1, and -1 stands for none yet."""


class Intake:
    """Decides what is polled, processed, read again, dropped, committed and given up, and when.

    Membership, assignment, seeking and the phases of recovery are the source's; reading, the order
    of effects and the bookkeeping of offsets are the engine's.
    """

    def __init__(self, engine: Engine, source: Source, recovery: Recovery) -> None:
        self._engine = engine
        self._source = source
        self._restore = Restore(engine.partitions, recovery)
        self._merge = Merge(engine.topics.ticks)
        self._polled_in = self._sought_in = NEVER
        self._polled = 0.0
        self._busy = False

    # -- reading ---------------------------------------------------------------------------------

    async def drain(self, stopping: Callable[[], bool]) -> None:
        """Poll and process until told to stop."""
        while not stopping():
            records = await self._poll()
            await asyncio.sleep(0)
            if self._source.stopping or not self._source.flowing:
                continue
            if self._polled_in != self._source.generation:
                await self._rewind(records)
                continue
            await self._engine.turns.take(self._dispatch(records))

    async def _poll(self) -> Mapping[Place, Sequence[Record]]:
        """Poll the active partitions, without the stock's second of sleep when there are none.

        The set handed over is a copy: the live one is emptied by a rebalance, and to aiokafka's
        fetcher an empty set means every partition.
        """
        if not self._source.flowing:
            await self._source.resumed()
        self._polled_in = self._source.generation
        places = self.pollable()
        wait = 0.0 if self._busy else POLL
        if not places:
            await asyncio.sleep(min(wait, IDLE))
            return {}
        started = time.monotonic()
        records = await self._source.poll(places, wait)
        self._polled += min(time.monotonic() - started, wait)
        return records

    def pollable(self) -> set[Place]:
        """Return the partitions to poll.

        During a rebalance the state's only. After a halt none of the inputs, and of these never
        one that has enough in its queue.
        """
        active = set(self._source.active())
        engine = self._engine
        if engine.lane.halted or not self._reading:
            return {place for place in active if not self._is_input(place)}
        self._note_lags(list(engine.backlog.unknown))
        return {place for place in active if self._merge.wants(place)}

    async def _dispatch(self, records: Mapping[Place, Sequence[Record]]) -> None:
        active = self._source.active()
        for place, fetched in records.items():
            if place not in active:
                continue
            if self._is_input(place):
                self._merge.put(place, fetched)
        for place in [place for place in active if not self._is_input(place)]:
            following = self._source.next_offset(place)
            await self._restore.apply(place, records.get(place, ()), following=following)
        await self._advance()

    async def _advance(self) -> None:
        """Process what comes next; what stays queued was not read yet, as far as offsets go."""
        lane = self._engine.lane
        batches: dict[int, list[Record]] = {}
        if self._reading and not lane.halted:
            limit = TURN * lane.slice_size
            batches = self._merge.take(limit, behind=self._behind, now=self._polled)
        self._busy = bool(batches)
        if batches:
            await lane.advance(batches)
            self._have_read({Place(r.topic, r.partition) for b in batches.values() for r in b})
            self._engine.note_halt()

    def _behind(self, place: Place) -> bool:
        """Tell whether a partition has more than was fetched of it, as far as is known."""
        return self._source.left(place) != 0

    def _have_read(self, places: Collection[Place]) -> None:
        processed = self._engine.lane.ledger.processed()
        for place in places:
            if place in processed:
                self._source.positions[place] = processed[place]
        self._note_lags(places)

    def _note_lags(self, places: Iterable[Place]) -> None:
        """Compare with the partitions' ends, which are known from their first fetch on."""
        owned = self._source.assigned()
        for place in places:
            if self._is_input(place) and place in owned:
                end = self._source.end(place)
                if end is not None:
                    self._engine.backlog.note(place, end - self._position(place))

    async def _rewind(self, records: Mapping[Place, Sequence[Record]]) -> None:
        """Put back records of a poll that a rebalance overtook.

        They may stem from before or after the seeks of the new generation, so they can neither be
        processed nor dropped: the client's position is already past them.
        """
        active = self._source.active()
        positions = {
            place: self._position(place) if self._is_input(place) else self._restore.position(place)
            for place in records
            if place in active
        }
        if positions:
            await self._source.seek(positions)
            self._expect(place for place in positions if self._is_input(place))

    def _expect(self, inputs: Iterable[Place]) -> None:
        """Start the queues of these partitions anew, from where they were sought to."""
        self._merge.start({place: self._position(place) for place in inputs})

    def _position(self, place: Place) -> int:
        return self._source.positions[place] or 0

    def _is_input(self, place: Place) -> bool:
        return place.topic in self._engine.topics.inputs

    async def seek(self) -> None:
        """Seek to the committed offsets; rewind partitions that have none.

        aiokafka does not seek where nothing was committed, so records that were fetched and dropped
        during a first rebalance would be lost. To 0, not to the beginning: that would wait behind
        the fetch in flight, and an offset out of range resets to the earliest.
        """
        generation = self._source.generation
        await self._source.seek_to_committed()
        inputs = {place for place in self._source.assigned() if self._is_input(place)}
        self._engine.backlog.expect(inputs)
        fresh = {place: 0 for place in inputs if not self._source.positions[place]}
        if fresh:
            await self._source.seek(fresh)
        self._merge.clear()
        self._expect(inputs)
        self._sought_in = generation

    @property
    def _reading(self) -> bool:
        """Whether the inputs of this generation are restored and sought.

        Faust activates them before it seeks, and a rebalance that overtakes a recovery can find
        the flow resumed by the older one.
        """
        current = self._sought_in == self._source.generation
        return current and not self._engine.lease.lost

    # -- committing ------------------------------------------------------------------------------

    async def pace(self) -> None:
        """Take a checkpoint whenever one is due, between turns; keep the gauges up to date."""
        if self._source.flowing and self._reading:
            self._note_lags(self._source.active())
            self._engine.observe()
            if self._engine.pacer.due():
                await self._engine.checkpoint(self._source.commit)

    # -- giving up -------------------------------------------------------------------------------

    async def give_up(self, places: Collection[Place]) -> None:
        """Finish the batch in hand, make it durable and commit it, before letting go.

        A worker that the group has already put out writes nothing any more: the partitions may have
        an owner that restores them by now.
        """
        self._source.hold()
        self._sought_in = NEVER
        if self._source.member:
            await self.conclude()
        else:
            await self._engine.abandon()
        self._merge.clear()
        self._engine.forget(places)

    async def conclude(self) -> None:
        """Settle and commit everything; the fetching loop has ended or holds."""
        await self._engine.conclude(self._source.commit)
