"""Faust's consumer, handing whole fetched batches to the lane and to the state's recovery."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as stock
from faust.types import TP
from mode import Service

from rupture_watch.stream.driver import FAUST, NO_GENERATION, LaneThread
from rupture_watch.stream.ledger import Place
from rupture_watch.stream.merge import Merge
from rupture_watch.stream.restore import Restore

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mode.types import ServiceT

    from rupture_watch.effects import Record
    from rupture_watch.stream.engine import Engine
    from rupture_watch.stream.transport import LaneTransport

POLL: Final = 0.05
"""Seconds that one poll may wait: it watches the partitions that were active when it began, which
between two phases of a rebalance are the wrong ones. Stock waits up to a second there, twice."""
IDLE: Final = 0.01
TURN: Final = 5
"""Slices that one turn takes of each partition number: a rebalance waits for its end, as do the
alerts of the first slice."""
PACE: Final = 0.05


class LaneConsumer(stock.Consumer):
    """What Faust's consumer does one record at a time, batch by batch.

    Faust keeps membership, assignment, seeking and the phases of recovery; reading, the order of
    effects and the bookkeeping of offsets are the engine's.
    """

    logger = FAUST
    transport: LaneTransport
    _thread: LaneThread

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._engine: Engine = self.transport.engine
        self._restore = Restore(self)
        self._polled_in = self._sought_in = NO_GENERATION
        self._merge = Merge(self._engine.topics.ticks)
        self._polled = 0.0
        self._busy = False

    def _new_consumer_thread(self) -> LaneThread:
        return LaneThread(self, loop=self.loop, beacon=self.beacon)

    # -- reading ---------------------------------------------------------------------------------

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not any(service.should_stop for service in (self, fetcher)):
                records, _ = await self._wait_next_records(POLL)
                await asyncio.sleep(0)
                if self.should_stop or not self.flow_active:
                    continue
                if self._polled_in != self.app.consumer_generation_id:
                    await self._rewind(records or {})
                    continue
                await self._engine.turns.take(self._dispatch(records or {}))
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _wait_next_records(
        self,
        timeout: float,  # noqa: ASYNC109 - the base class's signature
    ) -> tuple[Mapping[TP, list[Any]] | None, set[TP] | None]:
        """Poll the active partitions, without the stock's second of sleep when there are none.

        The set handed over is a copy: the live one is emptied by a rebalance, and to aiokafka's
        fetcher an empty set means every partition.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        self._polled_in = self.app.consumer_generation_id
        active = self._fetchable()
        wait = 0.0 if self._busy else min(timeout, POLL)
        if not active:
            await asyncio.sleep(min(wait, IDLE))
            return {}, active
        started = time.monotonic()
        records = await self._thread.getmany(active, wait)
        self._polled += min(time.monotonic() - started, wait)
        return records, active

    def _fetchable(self) -> set[TP]:
        """Return the partitions to poll.

        During a rebalance the state's only. After a halt none of the inputs, and of these never
        one that has enough in its queue.
        """
        active = set(self._get_active_partitions())
        engine = self._engine
        if engine.lane.halted or not self._reading:
            return {tp for tp in active if tp.topic not in engine.topics.inputs}
        self._note_lags(list(engine.backlog.unknown))
        return {tp for tp in active if self._merge.wants(Place(*tp))}

    async def _dispatch(self, records: Mapping[TP, Sequence[Record]]) -> None:
        active = self._get_active_partitions()
        for tp, fetched in records.items():
            if tp not in active:
                continue
            if tp.topic in self._engine.topics.inputs:
                self._merge.put(Place(*tp), fetched)
            else:
                await self._restore.apply(tp, fetched)
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
        return self._thread.left(TP(*place)) != 0

    def _have_read(self, places: Collection[Place]) -> None:
        processed = self._engine.lane.ledger.processed()
        for place in places:
            if place in processed:
                self._read_offset[TP(*place)] = processed[place]
        self._note_lags(places)

    def _note_lags(self, places: Iterable[Place]) -> None:
        """Compare with the partitions' ends, which are known from their first fetch on."""
        owned = self.assignment()
        for place in places:
            tp = TP(*place)
            if place.topic in self._engine.topics.inputs and tp in owned:
                end = self.highwater(tp)
                if end is not None:
                    self._engine.backlog.note(place, end - (self._read_offset[tp] or 0))

    async def _rewind(self, records: Mapping[TP, Sequence[Record]]) -> None:
        """Put back records of a poll that a rebalance overtook.

        They may stem from before or after the seeks of the new generation, so they can neither be
        processed nor dropped: aiokafka's position is already past them.
        """
        active = self._get_active_partitions()
        positions = {
            tp: self._read_offset[tp] or 0
            if tp.topic in self._engine.topics.inputs
            else self._restore.position(tp)
            for tp in records
            if tp in active
        }
        if positions:
            await self._thread.seek_wait(positions)
            self._expect(tp for tp in positions if tp.topic in self._engine.topics.inputs)

    def _expect(self, inputs: Iterable[TP]) -> None:
        """Start the queues of these partitions anew, from where they were sought to."""
        self._merge.start({Place(*tp): self._read_offset[tp] or 0 for tp in inputs})

    async def perform_seek(self) -> None:
        """Seek to the committed offsets; rewind partitions that have none.

        aiokafka does not seek where nothing was committed, so records that were fetched and dropped
        during a first rebalance would be lost. To 0, not to the beginning: that would wait behind
        the fetch in flight, and an offset out of range resets to the earliest.
        """
        generation = self.app.consumer_generation_id
        await super().perform_seek()
        inputs = {tp for tp in self.assignment() if tp.topic in self._engine.topics.inputs}
        self._engine.backlog.expect([Place(*tp) for tp in inputs])
        fresh = {tp: 0 for tp in inputs if not self._read_offset[tp]}
        if fresh:
            await self._thread.seek_wait(fresh)
        self._merge.clear()
        self._expect(inputs)
        self._sought_in = generation

    @property
    def _reading(self) -> bool:
        """Whether the inputs of this generation are restored and sought.

        Faust activates them before it seeks, and a rebalance that overtakes a recovery can find
        the flow resumed by the older one.
        """
        current = self._sought_in == self.app.consumer_generation_id
        return current and not self._engine.lease.lost

    # -- committing ------------------------------------------------------------------------------

    @Service.task
    async def _commit_handler(self) -> None:
        """Take a checkpoint whenever one is due, between turns; keep the gauges up to date."""
        while not self.should_stop:
            await self.sleep(PACE)
            if self.flow_active and self._reading:
                self._note_lags(Place(*tp) for tp in self._get_active_partitions())
                self._engine.observe()
                if self._engine.pacer.due():
                    await self._engine.checkpoint(self._commit_durable)

    async def _commit_durable(self, offsets: Mapping[Place, int]) -> bool:
        return await self._thread.commit({TP(*place): offset for place, offset in offsets.items()})

    async def commit(
        self,
        topics: Any = None,  # noqa: ARG002 - Faust's signature; the lane commits all it may
        start_new_transaction: bool = True,  # noqa: ARG002, FBT001, FBT002
    ) -> bool:
        """Leave Faust's own occasions to commit unused: checkpoints know what is durable."""
        return False

    async def verify_all_partitions_active(self) -> None:
        """Skip Faust's livelock detector: it watches streams, and no event passes through one."""

    # -- giving up -------------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish the batch in hand, make it durable and commit it, before letting go.

        The base class first forgets what could be committed and then "commits"; and its wait for
        unacknowledged messages knows nothing of the lane. A worker that the group has already put
        out writes nothing any more: the partitions may have an owner that restores them by now.
        """
        self.stop_flow()
        self._sought_in = NO_GENERATION
        if self._thread.member:
            await self._engine.conclude(self._commit_durable)
        else:
            await self._engine.abandon()
        self._merge.clear()
        self._engine.forget([Place(*tp) for tp in revoked])
        await super().on_partitions_revoked(revoked)

    async def wait_empty(self) -> None:
        """Conclude at a stop, too; the fetching loop has been cancelled by then."""
        await self._engine.conclude(self._commit_durable)
