"""Faust around the intake: what it does at a rebalance and in a recovery, step by step.

Follows ``faust/transport/consumer.py``, ``faust/app/base.py`` and ``faust/tables/recovery.py`` of
0.15 line by line where they await, and leaves out what has no effect on the stream.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

from rupture_watch.stream import intake
from rupture_watch.stream.intake import Intake
from rupture_watch.stream.ledger import Place
from tests.simulation.client import NotAssigned

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection, Mapping, MutableMapping, Sequence

    from rupture_watch.effects import Record
    from rupture_watch.stream.engine import Engine
    from tests.simulation.client import Client

SLURP_WAIT: Final = 5.0


class RebalanceAgain(Exception):
    """A rebalance began in the middle of a recovery."""


class Phases:
    """A worker's Faust app: the source and the recovery that the intake asks, and its listener."""

    def __init__(self, engine: Engine, client: Client) -> None:
        self.stopping = False
        self.flowing = True
        self.generation = 0
        self.positions: MutableMapping[Place, int | None] = defaultdict(lambda: None)
        self._engine = engine
        self._client = client
        self._resumable = asyncio.Event()
        self._suspended = asyncio.Event()
        self._active: set[Place] = set()
        self._paused: set[Place] = set()
        self._assignment: set[Place] = set()
        self._started = asyncio.Event()
        self._ended = asyncio.Event()
        self._recovering = False
        self._recovery_generation = 0
        self._restoring: set[Place] = set()
        self._owned_tables: set[Place] = set()
        self._seen: Any = Counter()
        self._highwaters: Counter[Place] = Counter()
        self._queue: deque[Record] = deque()
        self._queued = asyncio.Event()
        self._controlled = asyncio.Event()
        self._buffer: list[Record] = []
        self.intake = Intake(engine, self, self)
        client.listener = self
        client.flowing = lambda: self.flowing
        client.announce = self._announce  # type: ignore[method-assign]

    # -- Source ------------------------------------------------------------------------------------

    @property
    def member(self) -> bool:
        return self._client.member

    def hold(self) -> None:
        self.flowing = False
        self._resumable.clear()
        self._suspended.set()

    def _resume(self) -> None:
        self.flowing = True
        self._resumable.set()
        self._suspended.clear()

    async def resumed(self) -> None:
        await self._resumable.wait()

    def active(self) -> Collection[Place]:
        return self._active

    def assigned(self) -> set[Place]:
        return self._client.assigned()

    async def poll(self, places: set[Place], wait: float) -> Mapping[Place, Sequence[Record]]:
        return await self._client.poll(places, wait)

    async def seek(self, positions: Mapping[Place, int]) -> None:
        for place, offset in positions.items():
            if offset > 0:
                self.positions[place] = offset
            else:
                self.positions.pop(place, None)
        await self._client.seek(positions)

    async def seek_to_committed(self) -> None:
        committed = await self._client.seek_to_committed()
        self.positions.update(committed)

    async def commit(self, offsets: Mapping[Place, int]) -> bool:
        return await self._client.commit(offsets)

    def next_offset(self, place: Place) -> int | None:
        return self._client.positions.get(place)

    def left(self, place: Place) -> int | None:
        return self._client.left(place)

    def end(self, place: Place) -> int | None:
        return self._client.ends.get(place)

    # -- Recovery ----------------------------------------------------------------------------------

    def span(self, place: Place) -> tuple[int | None, int] | None:
        if place not in self._restoring:
            return None
        return self._seen[place], self._highwaters[place]

    def position(self, place: Place) -> int:
        return max(0, self._seen[place] or 0)

    def reached(self, place: Place, offset: int) -> None:
        self._seen[place] = offset

    def ends_at(self, place: Place, offset: int) -> None:
        self._highwaters[place] = offset

    async def finish(self, place: Place, record: Record) -> None:  # noqa: ARG002 - the port's signature
        await self._first(self._put(record), self._suspended.wait())

    async def _put(self, record: Record) -> None:
        await self._controlled.wait()
        self._queue.append(record)
        self._queued.set()

    # -- tasks -------------------------------------------------------------------------------------

    async def drain(self) -> None:
        await self.intake.drain(lambda: self.stopping)

    async def commit_handler(self) -> None:
        while not self.stopping:
            await asyncio.sleep(intake.PACE)
            await self.intake.pace()

    async def slurp(self) -> None:
        """Apply what comes one by one, and see the end of a recovery."""
        while not self.stopping:
            self._ended.clear()
            try:
                async with asyncio.timeout(SLURP_WAIT):
                    while not self._queue:
                        self._queued.clear()
                        await self._queued.wait()
            except TimeoutError:
                self._see_end()
                continue
            record = self._queue.popleft()
            place = Place(record.topic, record.partition)
            if place not in self._restoring:
                continue
            seen = self._seen[place]
            if seen is None or record.offset > seen:
                self._seen[place] = record.offset
                self._buffer.append(record)
                await asyncio.sleep(0)
            self._see_end()

    def _see_end(self) -> None:
        if self._recovering and not self._needed():
            self._flush()
            self._recovering = False
            self._ended.set()

    def _flush(self) -> None:
        for record in self._buffer:
            self._engine.partitions.replay(record.partition, [record])
        self._buffer.clear()

    def _needed(self) -> bool:
        return any(
            end - self._seen[place] > 0
            for place, end in self._highwaters.items()
            if self._seen[place] is not None
        )

    async def recover(self) -> None:
        """Go through a recovery whenever partitions have been assigned."""
        while True:
            await self._started.wait()
            self._started.clear()
            try:
                await self._recover(self._recovery_generation)
            except (RebalanceAgain, NotAssigned):
                continue

    async def _recover(self, generation: int) -> None:
        await self._wait(asyncio.sleep(0))
        self._recovering = True
        self._flush()
        await self._wait(self._build_highwaters())
        await self._wait(self._build_offsets())
        await self._wait(self._seek_offsets())
        if self._started.is_set():
            return
        if self._needed():
            self._recovering = True
            self._resume_places(self._restoring)
            self._resume_control()
            self._resume()
            await self._wait(self._ended.wait())
            self._pause(self._restoring)
        else:
            self._resume_control()
            self._resume()
            self._recovering = False
        await self._wait(self._complete(generation))

    async def _build_highwaters(self) -> None:
        bounds = await self._client.bounds(set(self._restoring))
        self._highwaters.clear()
        self._highwaters.update({place: end - 1 for place, (_, end) in bounds.items()})

    async def _build_offsets(self) -> None:
        bounds = await self._client.bounds(set(self._restoring))
        for place in set(self._restoring):
            last, new = self._seen[place], bounds[place][0] - 1 if place in bounds else None
            if last is None:
                self._seen[place] = -1 if new is None else new
            elif new is not None:
                self._seen[place] = max(last, new)

    async def _seek_offsets(self) -> None:
        await self._client.seek({p: max(0, self._seen[p]) for p in self._restoring})

    async def _complete(self, generation: int) -> None:
        await asyncio.sleep(0)
        self._recovering = False
        restored = asyncio.ensure_future(self._restored(self._owned_tables))
        await asyncio.wait([restored])
        assignment = self._client.assigned()
        if self.generation != generation:
            return
        self._resume_places({p for p in assignment if p.topic != self._engine.topics.changelog})
        if assignment:
            await self._wait(self.intake.seek())
        self._resume_control()
        self._resume()
        self._engine.resumed(self.generation)

    async def _restored(self, places: set[Place]) -> None:
        await self._engine.restored({place.partition: self._seen[place] for place in places})

    async def _first(self, *work: Awaitable[Any]) -> None:
        tasks = [asyncio.ensure_future(one) for one in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _wait(self, work: Awaitable[Any]) -> None:
        await self._first(work, self._started.wait())
        if self._started.is_set():
            raise RebalanceAgain

    def _resume_control(self) -> None:
        self._queue.clear()
        self._controlled.set()

    def _pause(self, places: set[Place]) -> None:
        self._active -= places
        self._paused |= places

    def _resume_places(self, places: set[Place]) -> None:
        self._active |= places
        self._paused -= places

    # -- Listener ----------------------------------------------------------------------------------

    def on_rebalancing(self) -> None:
        self._engine.health.pause()

    def _announce(self, generation: int) -> None:
        self.generation = generation

    async def on_revoked(self, places: set[Place]) -> None:
        await self._in_main(self._revoked(places))

    async def on_assigned(self, places: set[Place], generation: int) -> None:
        await self._in_main(self._take(places, generation))

    async def _in_main(self, work: Any) -> None:
        await asyncio.sleep(0)
        await asyncio.wait([asyncio.ensure_future(work)])

    async def _revoked(self, places: set[Place]) -> None:
        await self.intake.give_up(places)
        self._active -= places
        self._paused -= places
        for place in places:
            self.positions.pop(place, None)
        self._flush()
        if assignment := set(self._client.assigned()):
            self.hold()
            self._controlled.clear()
            self._pause(assignment)
            await self.intake.conclude()
        await asyncio.sleep(0)

    async def _take(self, places: set[Place], generation: int) -> None:
        self._paused &= places
        self._active.clear()
        self._active |= places - self._paused
        lost = self._assignment - places
        self._assignment = set(places)
        await asyncio.sleep(0)
        self._pause(places)
        await asyncio.sleep(0)
        changelog = self._engine.topics.changelog
        tables = {place for place in places if place.topic == changelog}
        self._engine.retain({place.partition for place in tables})
        for _ in range(3):
            await asyncio.sleep(0)
        if generation != self.generation:
            return
        for place in lost:
            self._seen.pop(place, None)
            self._highwaters.pop(place, None)
        self._restoring.clear()
        self._restoring |= tables
        self._owned_tables = set(tables)
        for place in tables:
            persisted: int | None = self._engine.partitions.restore_from(place.partition)
            if persisted is not None:
                self._seen[place] = persisted
            self._seen.setdefault(place, None)
        kept = {place: seen for place, seen in self._seen.items() if place in self._restoring}
        self._seen.clear()
        self._seen.update(kept)
        self._started.set()
        self._recovery_generation = generation
