"""Faust's consumer, handing whole fetched batches to the lane and to the state's recovery."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as stock
from faust.types import TP
from mode import Service

from rupture_watch.stream.driver import FAUST, NO_GENERATION, LaneThread, NoProducer
from rupture_watch.stream.ledger import Place
from rupture_watch.stream.ports import LogFailed
from rupture_watch.stream.restore import Restore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from faust.types import AppT
    from mode.types import ServiceT

    from rupture_watch.settings import Settings
    from rupture_watch.stream.engine import Engine
    from rupture_watch.stream.ports import Record

POLL: Final = 0.05
"""Seconds that one poll may wait: it watches the partitions that were active when it began, which
between two phases of a rebalance are the wrong ones. Stock waits up to a second there, twice."""
IDLE: Final = 0.01
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

    def _new_consumer_thread(self) -> LaneThread:
        return LaneThread(self, loop=self.loop, beacon=self.beacon)

    # -- reading ---------------------------------------------------------------------------------

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not any(service.should_stop for service in (self, fetcher)):
                records, _ = await self._wait_next_records(POLL)
                await asyncio.sleep(0)
                if not records or self.should_stop or not self.flow_active:
                    continue
                if self._polled_in != self.app.consumer_generation_id:
                    await self._rewind(records)
                    continue
                await self._engine.turns.take(self._dispatch(records))
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
        if not active:
            await self.sleep(IDLE)
            return {}, active
        return await self._thread.getmany(active, min(timeout, POLL)), active

    def _fetchable(self) -> set[TP]:
        """Return the partitions to poll.

        During a rebalance the state's only. After a halt none of the inputs; ticks only without
        lag, for a tick that overtakes the events it was behind finds silence that there is not.
        """
        active = set(self._get_active_partitions())
        engine = self._engine
        if engine.lane.halted or not self._reading:
            return {tp for tp in active if tp.topic not in engine.topics.inputs}
        for place in list(engine.backlog.unknown):
            self._note_lag(TP(*place))
        if engine.backlog.large:
            return {tp for tp in active if tp.topic != engine.topics.ticks}
        return active

    async def _dispatch(self, records: Mapping[TP, Sequence[Record]]) -> None:
        active = self._get_active_partitions()
        batches: dict[Place, Sequence[Record]] = {}
        for tp, fetched in records.items():
            if tp not in active:
                continue
            if tp.topic in self._engine.topics.inputs:
                fresh = self._unread(tp, fetched)
                if fresh:
                    batches[Place(*tp)] = fresh
            else:
                await self._restore.apply(tp, fetched)
        if batches:
            await self._engine.lane.advance(batches)
            self._have_read(batches)
            self._engine.note_halt()

    def _unread(self, tp: TP, records: Sequence[Record]) -> Sequence[Record]:
        """Leave out what was processed before a seek.

        The read offset is the next one to read: comparing with ``<=`` here would lose one record
        per partition and rebalance.
        """
        following = self._read_offset[tp]
        if following is None or records[0].offset >= following:
            return records
        return [record for record in records if record.offset >= following]

    def _have_read(self, places: Iterable[Place]) -> None:
        processed = self._engine.lane.ledger.processed()
        for place in places:
            tp = TP(*place)
            if place in processed:
                self._read_offset[tp] = processed[place]
            self._note_lag(tp)

    def _note_lag(self, tp: TP) -> None:
        """Compare with the partition's end, which is known from the first fetch on."""
        end = self.highwater(tp)
        if end is not None:
            self._engine.backlog.note(Place(*tp), end - (self._read_offset[tp] or 0))

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
        self._sought_in = generation

    @property
    def _reading(self) -> bool:
        """Whether the inputs of this generation are restored and sought.

        Faust activates them before it seeks, and a rebalance that overtakes a recovery can find
        the flow resumed by the older one.
        """
        return self._sought_in == self.app.consumer_generation_id

    # -- committing ------------------------------------------------------------------------------

    @Service.task
    async def _commit_handler(self) -> None:
        """Take a checkpoint whenever one is due, between turns."""
        while not self.should_stop:
            await self.sleep(PACE)
            if self.flow_active and self._reading and self._engine.pacer.due():
                await self._engine.turns.take(self._checkpoint())

    async def _checkpoint(self) -> None:
        with self._engine.pacer.measured():
            await self._engine.lane.checkpoint()
            await self._hand_over()
        self._engine.observe()

    async def _hand_over(self) -> None:
        """Commit what is durable; a refusal is no failure, its events will be read again."""
        offsets = self._engine.lane.ledger.pending()
        if not offsets:
            return
        try:
            async with asyncio.timeout(self._engine.limit):
                accepted = await self._thread.commit(
                    {TP(*p): offset for p, offset in offsets.items()}
                )
        except Exception as error:
            raise LogFailed(f"offset commit: {type(error).__name__}") from error
        self._engine.committed(offsets, accepted=accepted)

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
        await self._engine.turns.idle()
        if self._thread.member:
            await self._conclude()
        else:
            self._engine.abandon()
        self._engine.forget([Place(*tp) for tp in revoked])
        await super().on_partitions_revoked(revoked)

    async def wait_empty(self) -> None:
        """Conclude at a stop, too; the fetching loop has been cancelled by then."""
        await self._conclude()

    async def _conclude(self) -> None:
        await self._engine.turns.idle()
        if self._engine.lane.ledger.pending() or self._engine.lane.ledger.behind:
            await self._engine.turns.take(self._checkpoint())


class LaneTransport(stock.Transport):
    """Makes Faust use all this."""

    Consumer = LaneConsumer
    Producer = NoProducer

    def __init__(self, app: AppT, settings: Settings, engine: Engine) -> None:
        super().__init__(app.conf.broker, app)
        self.settings = settings
        self.engine = engine
