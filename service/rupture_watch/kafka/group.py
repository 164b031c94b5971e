"""Records off topics for a group that remembers how far it is: read, make durable, then commit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from rupture_watch.kafka.connection import connection_arguments
from rupture_watch.kafka.consumer import WAIT, Seen, check_topics
from rupture_watch.kafka.session import Session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from rupture_watch.kafka.admin import Place
    from rupture_watch.settings import KafkaSettings

BEATS: Final = 3
"""Heartbeats within a session's time limit."""
LOOK: Final = 2.0
"""Seconds between two looks at whether the cluster still answers, and for one of them."""


class GroupConsumer(Session):
    """Reads the partitions that the group gives to this member; nothing is committed by itself.

    A record is seen again until it is committed. Whoever keeps offsets of their own, written
    together with what was read, gives ``remembered``: these come before what is committed.

    Args:
        kafka: how to connect.
        topics: names; all must exist.
        group: the group's name.
        from_beginning: where to begin in a place that the group has never committed.
        session_timeout: seconds without a heartbeat after which this member counts as dead.
        remembered: the offset to be read next, by place.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: Sequence[str],
        *,
        group: str,
        from_beginning: bool = True,
        session_timeout: float = 10.0,
        remembered: Callable[[], Awaitable[Mapping[Place, int]]] | None = None,
    ) -> None:
        session = int(session_timeout * 1000)
        client = AIOKafkaConsumer(
            **connection_arguments(kafka),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest" if from_beginning else "latest",
            isolation_level="read_committed",
            session_timeout_ms=session,
            heartbeat_interval_ms=session // BEATS,
        )
        super().__init__(kafka, client)
        self._topics = topics
        self._group = group
        self._remembered = remembered
        self._settled = asyncio.Event()
        self.settlements = 0
        """How often the group has given places so far."""
        self._failure: Exception | None = None
        self._answered = 0.0

    async def _open(self) -> None:
        await check_topics(self._kafka, self._topics, group=self._group)
        await super()._open()
        self._client.subscribe(self._topics, listener=_Listener(self))
        self._answered = _now()

    @property
    def assigned(self) -> bool:
        """Whether the group has given places to this member, and it knows where to read on."""
        return self._settled.is_set()

    async def fetch(self) -> list[Seen]:
        """Return what has come, in the order of each place; nothing after a short while.

        Raises:
            Unreachable: the cluster refused.
        """
        if self._failure is not None:
            raise self._failure
        if not self._settled.is_set():
            await self._wait()
            return []
        try:
            fetched = await self._client.getmany(timeout_ms=WAIT)
        except KafkaError as error:
            raise self._gone(error) from error
        if self._failure is not None:
            raise self._failure
        return [Seen.of(record) for records in fetched.values() for record in records]

    async def _wait(self) -> None:
        """Wait a short while for the group to settle."""
        try:
            async with asyncio.timeout(WAIT / 1000):
                await self._settled.wait()
        except TimeoutError:
            return

    async def positions(self) -> dict[Place, int]:
        """Return the offset to be read next in each place of this member.

        Raises:
            Unreachable: the cluster refused.
        """
        try:
            return {
                (place.topic, place.partition): await self._client.position(place)
                for place in self._client.assignment()
            }
        except IllegalStateError:
            return {}
        except KafkaError as error:
            raise self._gone(error) from error

    async def commit(self, positions: Mapping[Place, int]) -> None:
        """Commit the offsets to be read next; those of places that have moved away are left out.

        Raises:
            Unreachable: the cluster refused.
        """
        mine = self._client.assignment()
        offsets = {
            TopicPartition(*place): offset
            for place, offset in positions.items()
            if TopicPartition(*place) in mine
        }
        if not offsets:
            return
        try:
            await self._client.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            return  # the group has moved on; whoever has these places now reads them again
        except KafkaError as error:
            raise self._gone(error) from error

    async def behind(self) -> int | None:
        """Return how many records wait in this member's places; None if nobody answers now."""
        places = list(self._client.assignment())
        if not places or not self._settled.is_set():
            return await self._ask_anything()
        try:
            async with asyncio.timeout(LOOK):
                ends = await self._client.end_offsets(places)
                at = {place: await self._client.position(place) for place in places}
        except (KafkaError, TimeoutError, IllegalStateError):
            return None
        self._answered = _now()
        behind: int = sum(max(0, ends[place] - at[place]) for place in places)
        return behind

    @property
    def silent_for(self) -> float:
        """Seconds since the cluster was last seen to answer :meth:`behind`."""
        return _now() - self._answered

    async def _ask_anything(self) -> int | None:
        try:
            async with asyncio.timeout(LOOK):
                await self._client.topics()
        except (KafkaError, TimeoutError):
            return None
        self._answered = _now()
        return 0

    async def settle(self, places: Collection[TopicPartition]) -> None:
        """Begin where the offsets kept elsewhere say; called by the group's listener."""
        try:
            kept = {} if self._remembered is None else await self._remembered()
            for place in places:
                if (offset := kept.get((place.topic, place.partition))) is not None:
                    self._client.seek(place, offset)
                else:
                    await self._client.position(place)  # settled before anybody writes more
        except Exception as error:  # noqa: BLE001 - the client would only log it
            self._failure = self._gone(error) if isinstance(error, KafkaError) else error
        self.settlements += 1
        self._settled.set()

    def unsettle(self) -> None:
        """Read nothing until the group has settled again; called by the group's listener."""
        self._settled.clear()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka carries no types
    """Tells the consumer what the group gives and takes."""

    def __init__(self, consumer: GroupConsumer) -> None:
        self._consumer = consumer

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002
        self._consumer.unsettle()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        await self._consumer.settle(assigned)


def _now() -> float:
    return asyncio.get_running_loop().time()
