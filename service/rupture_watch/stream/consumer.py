"""Faust's consumer, whose batches and phases are the intake's to decide on."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as stock
from faust.types import TP
from mode import Service

from rupture_watch.stream.driver import FAUST, LaneThread
from rupture_watch.stream.intake import PACE, Intake
from rupture_watch.stream.ledger import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, MutableMapping, Sequence

    from mode.types import ServiceT

    from rupture_watch.effects import Record
    from rupture_watch.stream.transport import LaneTransport


class LaneConsumer(stock.Consumer):
    """What Faust's consumer does one record at a time, batch by batch.

    Faust keeps membership, assignment, seeking and the phases of recovery.
    """

    logger = FAUST
    transport: LaneTransport
    _thread: LaneThread

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.intake = Intake(self.transport.engine, FaustSource(self), FaustRecovery(self))

    def _new_consumer_thread(self) -> LaneThread:
        return LaneThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            await self.intake.drain(lambda: self.should_stop or fetcher.should_stop)
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def perform_seek(self) -> None:
        """Seek to the committed offsets; rewind partitions that have none."""
        await self.intake.seek()

    async def seek_as_stock(self) -> None:
        """Seek to the committed offsets and note these, as the base class does."""
        await super().perform_seek()

    @Service.task
    async def _commit_handler(self) -> None:
        """Take a checkpoint whenever one is due."""
        while not self.should_stop:
            await self.sleep(PACE)
            await self.intake.pace()

    async def commit(
        self,
        topics: Any = None,  # noqa: ARG002 - Faust's signature; the lane commits all it may
        start_new_transaction: bool = True,  # noqa: ARG002, FBT001, FBT002
    ) -> bool:
        """Leave Faust's own occasions to commit unused: checkpoints know what is durable."""
        return False

    async def verify_all_partitions_active(self) -> None:
        """Skip Faust's livelock detector: it watches streams, and no event passes through one."""

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Give up in order, before Faust lets go.

        The base class first forgets what could be committed and then "commits"; and its wait for
        unacknowledged messages knows nothing of the lane.
        """
        await self.intake.give_up([Place(*tp) for tp in revoked])
        await super().on_partitions_revoked(revoked)

    async def wait_empty(self) -> None:
        """Conclude at a stop, too; the fetching loop has been cancelled by then."""
        await self.intake.conclude()


class FaustSource:
    """This worker's membership as Faust and aiokafka keep it.

    A ``Place`` and Faust's ``TP`` are equal tuples; aiokafka asks for its own kind all the same.
    """

    def __init__(self, consumer: LaneConsumer) -> None:
        self._consumer = consumer

    @property
    def generation(self) -> int:
        """The generation assigned last; set in the thread that talks to the broker."""
        generation: int = self._consumer.app.consumer_generation_id
        return generation

    @property
    def member(self) -> bool:
        """Whether the group counts this worker in."""
        return self._consumer._thread.member  # noqa: SLF001 - one unit with it, here and below

    @property
    def flowing(self) -> bool:
        """Whether Faust lets records flow."""
        return self._consumer.flow_active

    @property
    def stopping(self) -> bool:
        """Whether the consumer is about to end."""
        return self._consumer.should_stop

    @property
    def positions(self) -> MutableMapping[Place, int | None]:
        """Faust's read offsets, which its seeks set too."""
        positions: Any = self._consumer._read_offset  # noqa: SLF001
        return positions  # type: ignore[no-any-return]

    def hold(self) -> None:
        """Stop the flow."""
        self._consumer.stop_flow()

    async def resumed(self) -> None:
        """Wait for the flow, or the end."""
        await self._consumer.wait(self._consumer.can_resume_flow.wait())

    def active(self) -> Collection[Place]:
        """Return Faust's active partitions, the live set."""
        active: Any = self._consumer._get_active_partitions()  # noqa: SLF001
        return active  # type: ignore[no-any-return]

    def assigned(self) -> Collection[Place]:
        """Return the assignment."""
        assigned: Any = self._consumer.assignment()
        return assigned  # type: ignore[no-any-return]

    async def poll(self, places: set[Place], wait: float) -> Mapping[Place, Sequence[Record]]:
        """Poll, in the thread that talks to the broker."""
        records: Any = await self._consumer._thread.getmany({TP(*p) for p in places}, wait)  # noqa: SLF001
        return {Place(*tp): fetched for tp, fetched in (records or {}).items()}

    async def seek(self, positions: Mapping[Place, int]) -> None:
        """Seek and wait: a bare seek would touch aiokafka from the wrong thread."""
        await self._consumer._thread.seek_wait({TP(*p): n for p, n in positions.items()})  # noqa: SLF001

    async def seek_to_committed(self) -> None:
        """Seek as Faust does."""
        await self._consumer.seek_as_stock()

    async def commit(self, offsets: Mapping[Place, int]) -> bool:
        """Commit, in the thread that talks to the broker."""
        return await self._consumer._thread.commit({TP(*p): n for p, n in offsets.items()})  # noqa: SLF001

    def next_offset(self, place: Place) -> int | None:
        """Return which offset a poll would go on from."""
        return self._consumer._thread.next_offset(TP(*place))  # noqa: SLF001

    def left(self, place: Place) -> int | None:
        """Return how many offsets are left to poll."""
        return self._consumer._thread.left(TP(*place))  # noqa: SLF001

    def end(self, place: Place) -> int | None:
        """Return the offset after the last."""
        return self._consumer.highwater(TP(*place))


class FaustRecovery:
    """Faust's recovery of the one table."""

    def __init__(self, consumer: LaneConsumer) -> None:
        self._consumer = consumer

    @property
    def _recovery(self) -> Any:
        tables: Any = self._consumer.app.tables
        return tables.recovery

    def span(self, place: Place) -> tuple[int | None, int] | None:
        """Return the last offset seen and the last to read."""
        recovery, tp = self._recovery, TP(*place)
        if tp not in recovery.active_tps:
            return None
        return recovery.active_offsets[tp], recovery.active_highwaters[tp]

    def position(self, place: Place) -> int:
        """Return the last offset seen: Faust seeks there, not to the next."""
        return max(0, self._recovery.active_offsets[TP(*place)] or 0)

    def reached(self, place: Place, offset: int) -> None:
        """Note the last offset seen, and for its watchdog that there was one."""
        recovery, tp = self._recovery, TP(*place)
        recovery.active_offsets[tp] = offset
        recovery._active_events_received_at[tp] = time.monotonic()  # noqa: SLF001 - its own watchdog

    def ends_at(self, place: Place, offset: int) -> None:
        """Note where the changelog ends; Faust looks at it within five seconds."""
        self._recovery.active_highwaters[TP(*place)] = offset

    async def finish(self, place: Place, record: Record) -> None:
        """Hand the last record over; the callback blocks while flow is suspended."""
        consumer = self._consumer
        message = consumer._to_message(TP(*place), record)  # noqa: SLF001
        self._recovery._active_events_received_at[TP(*place)] = time.monotonic()  # noqa: SLF001
        await consumer.wait_first(consumer.callback(message), consumer.suspend_flow.wait())
