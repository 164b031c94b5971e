"""aiokafka's idempotent producer: batches in order, one of each partition in flight, for ever."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from rupture_watch.stream.kafka_log import NotOurs
from rupture_watch.stream.ledger import Place
from rupture_watch.stream.ports import PutOut
from tests.simulation.network import AGAIN, Lost

if TYPE_CHECKING:
    from collections.abc import Collection

    from rupture_watch.stream.lease import Lease
    from tests.simulation.cluster import Row
    from tests.simulation.virtual_loop import Process
    from tests.simulation.world import World

NUMBERS = count()


class Acknowledged(NamedTuple):
    offset: int


class Batch:
    """As many records as fit."""

    def __init__(self, most: int) -> None:
        self.rows: list[Row] = []
        self._most = most

    def append(self, *, key: Any, value: Any, timestamp: None, headers: Any) -> object | None:  # noqa: ARG002 - aiokafka's signature
        if len(self.rows) == self._most:
            return None
        self.rows.append((key, value, tuple(headers)))
        return self

    def record_count(self) -> int:
        return len(self.rows)

    def close(self) -> None:
        """Take no more."""


class Sender:
    """What the service's log sends with."""

    def __init__(self, world: World, process: Process, lease: Lease) -> None:
        self._lease = lease
        self._world = world
        self._process = process
        self._number = next(NUMBERS)
        self._sequences: dict[Place, int] = defaultdict(int)
        self._queued: dict[Place, asyncio.Event] = {}
        self._flying: dict[Place, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._open = 0
        self._empty = asyncio.Event()

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        while self._open:
            self._empty.clear()
            await self._empty.wait()

    async def partitions_for(self, topic: str) -> Collection[int]:
        return self._world.numbers_of(topic)

    def create_batch(self) -> Batch:
        return Batch(1 + int(self._world.random.random() * 5))

    async def send_batch(
        self, batch: Batch, topic: str, *, partition: int
    ) -> asyncio.Future[Acknowledged]:
        """Queue a batch once the one before it has been sent."""
        place = Place(topic, partition)
        while place in self._queued:
            await self._queued[place].wait()
        self._queued[place] = asyncio.Event()
        written = self._world.loop.create_future()
        self._open += 1
        asyncio.create_task(self._send(place, batch.rows, written))  # noqa: RUF006 - the loop keeps it
        return asyncio.shield(written)

    async def _send(self, place: Place, rows: list[Row], written: asyncio.Future[Any]) -> None:
        async with self._flying[place]:
            self._queued.pop(place).set()
            sequence = self._sequences[place]
            self._sequences[place] += 1
            try:
                offset = await self._deliver(place, sequence, rows)
            except PutOut:
                written.set_exception(NotOurs())
            else:
                written.set_result(Acknowledged(offset))
        self._open -= 1
        self._empty.set()

    async def _leased(self) -> None:
        """Wait for the lease, as the service's producer does before each request."""
        await self._lease.held()

    async def _deliver(self, place: Place, sequence: int, rows: list[Row]) -> int:
        """Send until it is acknowledged, with the lease asked each time."""
        log, world = self._world.partitions[place], self._world
        while True:
            await self._leased()
            try:
                offset: int = await world.network.call(
                    self._process,
                    lambda reply: reply(
                        log.produce(self._number, sequence, rows, world.timestamp())
                    ),
                    repeat=False,
                    slow=world.slow.get(place, 0.0),
                )
            except Lost:
                await asyncio.sleep(world.random.uniform(*AGAIN))
            else:
                return offset
