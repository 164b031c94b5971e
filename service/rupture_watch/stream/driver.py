"""The thread that talks to the broker, connected by our settings; and no producer of Faust's."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as stock

from rupture_watch.kafka.connection import connection_arguments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from faust.types import TP

    from rupture_watch.stream.transport import LaneTransport

FAUST: Final = logging.getLogger("faust")
"""Where our subclasses of Faust's services log: mode would take the name of our module."""
POLL_RECORDS: Final = 2000
FETCH_WAIT_MS: Final = 100
"""How long a fetch waits for data. Stock: 1500; seeks and offset requests queue behind it."""
HEARTBEATS_PER_SESSION: Final = 5
MILLISECONDS: Final = 1000
NO_STABLE_OFFSET: Final = -1
NO_GENERATION: Final[int] = stock.DEFAULT_GENERATION_ID


class LaneThread(stock.AIOKafkaConsumerThread):
    """The thread that talks to the broker, so that heartbeats go on while the lane computes."""

    logger = FAUST

    async def on_start(self) -> None:
        """Have every heartbeat that the group answers renew the lease."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001 - no hook for heartbeats
        coordinator._do_heartbeat = partial(self._beat, coordinator._do_heartbeat)  # noqa: SLF001

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Ask at once whether the assignment still holds: the next heartbeat is a while off."""
        self._lane.engine.lease.assigned()
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(self._lane.settings.session_timeout):
                await self._ensure_consumer()._coordinator._do_heartbeat()  # noqa: SLF001 - as above
        await super().on_partitions_assigned(assigned, generation_id)

    async def _beat(self, heartbeat: Callable[[], Awaitable[bool]]) -> bool:
        return await self._lane.engine.lease.heartbeat(heartbeat, lambda: self.member)

    @property
    def _lane(self) -> LaneTransport:
        return cast("LaneTransport", self.transport)

    def _create_worker_consumer(self, transport: stock.Transport) -> AIOKafkaConsumer:  # noqa: ARG002
        """Make the consumer from our settings; Faust hard-codes the fetch wait."""
        settings = self._lane.settings
        self._assignor = self.app.assignor
        session = int(settings.session_timeout * MILLISECONDS)
        return AIOKafkaConsumer(
            **connection_arguments(settings.kafka),
            group_id=settings.app_id,
            group_instance_id=settings.instance_id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=POLL_RECORDS,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=1 << 20,
            session_timeout_ms=session,
            heartbeat_interval_ms=session // HEARTBEATS_PER_SESSION,
            rebalance_timeout_ms=int(2 * settings.retry_limit * MILLISECONDS),
            max_poll_interval_ms=int(10 * settings.retry_limit * MILLISECONDS),
            isolation_level="read_committed",
        )

    @property
    def member(self) -> bool:
        """Whether the group counts this worker in; aiokafka resets its generation when put out."""
        generation: int = self._ensure_consumer()._coordinator.generation  # noqa: SLF001 - no accessor
        return generation != NO_GENERATION

    def left(self, tp: TP) -> int | None:
        """Return how many offsets are left to poll, or ``None`` before the first fetch tells.

        By the position that the fetcher keeps, for that is past the markers of transactions too,
        which no poll returns; and up to the last stable offset, for no poll goes further.
        """
        state, position = self._state(tp), self.next_offset(tp)
        if state is None or position is None:
            return None
        end: int | None = state.highwater if state.lso in {None, NO_STABLE_OFFSET} else state.lso
        return None if end is None else max(0, end - position)

    def next_offset(self, tp: TP) -> int | None:
        """Return the position that the fetcher keeps, ``None`` while it has none."""
        state = self._state(tp)
        position: int | None = state and state._position  # noqa: SLF001 - one read: its thread may reset it
        return position

    def _state(self, tp: TP) -> Any:
        assignment: Any = self._ensure_consumer()._subscription.subscription.assignment  # noqa: SLF001 - position() is a coroutine of the thread
        return assignment.state_value(tp) if assignment and tp in assignment.tps else None

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; return False where the group refuses, raise where it cannot be asked.

        Stock crashes the app here and still counts the offsets as committed.
        """
        owned = self.assignment()
        try:
            await self._ensure_consumer().commit(
                {
                    TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(offset, "")
                    for tp, offset in offsets.items()
                    if tp in owned
                }
            )
        except (CommitFailedError, IllegalStateError):
            return False
        return True


class NoProducer(stock.Producer):
    """Faust's own producer, idle: the lane has its own, which it awaits."""

    logger = FAUST

    async def on_start(self) -> None:
        """Connect to nothing."""

    async def on_stop(self) -> None:
        """Disconnect from nothing."""

    async def flush(self) -> None:
        """Flush nothing: whatever was sent has been awaited."""

    async def create_topic(self, *args: Any, **options: Any) -> None:
        """Create nothing: topics are made by an operator and checked at start."""

    async def send(self, *args: Any, **options: Any) -> Any:
        """Refuse: nothing may be sent that nobody awaits."""
        raise NotImplementedError
