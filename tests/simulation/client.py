"""aiokafka's consumer as the stream sees it: membership, positions, fetches, commits.

Runs as tasks of its own among the worker's, as the client's thread does.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from rupture_watch.stream.lease import Lease
    from rupture_watch.stream.ledger import Place
    from tests.component.memory_log import Read
    from tests.simulation.cluster import Group, Joined, Partition
    from tests.simulation.virtual_loop import Process
    from tests.simulation.world import World

NO_GENERATION: Final = -1
FETCH_WAIT: Final = 0.1
BACKOFF: Final = 0.1


class NotAssigned(Exception):
    """A seek in a partition that has gone to another worker."""


class Listener(Protocol):
    """Who is told of rebalances; each is awaited before the client goes on."""

    def on_rebalancing(self) -> None: ...

    async def on_revoked(self, places: set[Place]) -> None: ...

    async def on_assigned(self, places: set[Place], generation: int) -> None: ...


class Client:
    """One member of the group."""

    def __init__(self, world: World, process: Process, lease: Lease) -> None:
        self.generation = NO_GENERATION
        self.listener: Listener | None = None
        self.flowing: Callable[[], bool] = lambda: True
        self.positions: dict[Place, int | None] = {}
        self.ends: dict[Place, int] = {}
        self._world = world
        self._process = process
        self._lease = lease
        self._member: str | None = None
        self._incarnations = 0
        self._assigned: set[Place] = set()
        self._epoch = 0
        self._buffers: dict[Place, tuple[int, Sequence[Read], int]] = {}
        self._fetching: set[Place] = set()
        self._waiter: asyncio.Future[None] | None = None
        self._settled = asyncio.Event()
        self._settled.set()
        self._rejoin = asyncio.Event()
        self._heart: asyncio.Task[None] | None = None
        self._leaving = False

    @property
    def member(self) -> bool:
        return self.generation != NO_GENERATION

    def assigned(self) -> set[Place]:
        return self._assigned

    # -- membership --------------------------------------------------------------------------------

    async def coordinate(self) -> None:
        """Join, and join again whenever the group asks for it, until told to leave."""
        assert self.listener is not None
        prepared = False
        while not self._leaving:
            if not prepared:
                self._settled.clear()
                self.listener.on_rebalancing()
                await self.listener.on_revoked(set(self._assigned))
                prepared = True
            await self._stop_heart()
            joined = await self._join()
            if joined is None:
                self._reset()
                continue
            self._rejoin.clear()
            self.generation, numbers = joined
            self._assign(
                {
                    p
                    for p in self._world.partitions
                    if p.partition in numbers and self._world.is_read(p)
                }
            )
            prepared = False
            self._lease.assigned()
            await self._ask()
            self.announce(self.generation)
            await self.listener.on_assigned(set(self._assigned), self.generation)
            self._heart = asyncio.create_task(self._beat())
            await self._rejoin.wait()

    def announce(self, generation: int) -> None:
        """Tell the generation at once, before the callback: set by the owner."""

    async def leave(self) -> None:
        """Leave the group, as a clean stop does."""
        self._leaving = True
        await self._stop_heart()
        member = self._member
        if member is not None:
            group = self._world.group
            await self._call(partial(_leave, group, member))

    async def _join(self) -> Joined:
        if self._member is None:
            self._incarnations += 1
            self._member = f"{self._process.name}.{self._incarnations}"
        member, group = self._member, self._world.group
        joined: Joined = await self._call(lambda reply: group.join(member, reply))
        return joined

    def _assign(self, places: set[Place]) -> None:
        self._epoch += 1
        self._assigned = places
        self.positions = dict.fromkeys(places)
        self.ends.clear()
        self._buffers.clear()
        self._fetching.clear()
        self._settled.set()
        asyncio.create_task(self._start_positions(self._epoch))  # noqa: RUF006 - the loop keeps it

    async def _start_positions(self, epoch: int) -> None:
        """Begin where the group stands, or at the earliest, unless sought elsewhere before."""
        committed = await self._committed()
        if epoch == self._epoch:
            for place, position in self.positions.items():
                if position is None:
                    self.positions[place] = (
                        committed.get(place) or self._world.partitions[place].first
                    )
            self._wake()

    async def _beat(self) -> None:
        interval = self._world.session / 5
        while self._member is not None:
            await asyncio.sleep(interval)
            if not await self._lease.heartbeat(self._heartbeat, lambda: self.member):
                await asyncio.sleep(BACKOFF)

    async def _ask(self) -> None:
        """Ask whether an assignment still holds, as the service's thread does."""
        await self._lease.heartbeat(self._heartbeat, lambda: self.member)

    async def _heartbeat(self) -> bool:
        member, generation, group = self._member, self.generation, self._world.group
        if member is None:
            return False
        try:
            answer = await self._call(
                lambda reply: reply(group.heartbeat(member, generation)), repeat=False
            )
        except Exception:  # noqa: BLE001 - lost
            return False
        if answer in {"illegal", "unknown"}:
            if member == self._member:
                self._reset()
            return False
        if answer == "rebalance":
            self._rejoin.set()
        return True

    async def _stop_heart(self) -> None:
        if self._heart is not None:
            self._heart.cancel()
            await asyncio.wait([self._heart])
            self._heart = None

    def _reset(self) -> None:
        self.generation = NO_GENERATION
        self._member = None
        self._rejoin.set()

    async def commit(self, offsets: Mapping[Place, int]) -> bool:
        """Commit; False where the group refuses."""
        owned = {place: n for place, n in offsets.items() if place in self._assigned}
        group = self._world.group

        def effect(reply: Callable[[Any], None]) -> None:
            member = self._member
            reply(member is not None and group.commit(member, self.generation, owned))

        accepted: bool = await self._call(effect)
        if not accepted:
            self._reset()
        return accepted

    # -- positions and fetches ---------------------------------------------------------------------

    async def _committed(self) -> dict[Place, int]:
        group = self._world.group
        committed: dict[Place, int] = await self._call(lambda reply: reply(dict(group.committed)))
        return committed

    async def seek_to_committed(self) -> dict[Place, int | None]:
        places = set(self._assigned)
        committed = await self._committed()
        for place in places:
            if committed.get(place):
                self._seek(place, committed[place])
        return {place: committed.get(place) for place in places}

    async def seek(self, positions: Mapping[Place, int]) -> None:
        for place, offset in positions.items():
            self._seek(place, offset)
        await asyncio.sleep(0)

    def _seek(self, place: Place, offset: int) -> None:
        if place not in self._assigned:
            raise NotAssigned
        self.positions[place] = offset

    async def bounds(self, places: Collection[Place]) -> dict[Place, tuple[int, int]]:
        """Return first offset and end of each."""
        logs = self._world.partitions
        bounds: dict[Place, tuple[int, int]] = await self._call(
            lambda reply: reply({p: (logs[p].first, logs[p].end) for p in places})
        )
        return bounds

    def left(self, place: Place) -> int | None:
        position, end = self.positions.get(place), self.ends.get(place)
        return None if position is None or end is None else max(0, end - position)

    async def poll(self, places: set[Place], wait: float) -> dict[Place, Sequence[Read]]:
        """Return what has been fetched, or comes within ``wait`` seconds."""
        if not self.flowing():
            return {}
        deadline = self._world.loop.now + wait
        while True:
            await self._settled.wait()
            drained = self._drain(places)
            left = deadline - self._world.loop.now
            if drained or left <= 0:
                return drained
            self._fetch()
            self._waiter = self._world.loop.create_future()
            timer = self._world.loop.call_later(left, self._wake)
            await self._waiter
            timer.cancel()

    def _wake(self) -> None:
        """Let a poll look at what there is."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _drain(self, places: set[Place]) -> dict[Place, Sequence[Read]]:
        drained: dict[Place, Sequence[Read]] = {}
        for place in list(self._buffers):
            if place not in places:
                continue
            position, records, following = self._buffers.pop(place)
            if self.positions.get(place) != position:
                continue
            most = 1 + int(self._world.random.random() * 12)
            if len(records) > most:
                rest = records[most:]
                self._buffers[place] = rest[0].offset, rest, following
                records, following = records[:most], rest[0].offset
            self.positions[place] = following
            if records:
                drained[place] = records
        return drained

    def _fetch(self) -> None:
        wanted = [
            place
            for place in self._assigned
            if place not in self._buffers
            and place not in self._fetching
            and self.positions.get(place) is not None
        ]
        slow = self._world.slow
        for place in wanted:
            if place in slow:
                self._request([place], slow[place])
        if fast := [place for place in wanted if place not in slow]:
            self._request(fast, 0.0)

    def _request(self, places: list[Place], slow: float) -> None:
        self._fetching.update(places)
        asyncio.create_task(self._fetch_of(places, slow, self._epoch))  # noqa: RUF006 - the loop keeps it

    async def _fetch_of(self, places: list[Place], slow: float, epoch: int) -> None:
        wanted = [(self._world.partitions[p], self.positions[p] or 0) for p in places]
        limit = 1 + int(self._world.random.random() * 40)
        fetched = await self._call(
            lambda reply: _long_poll(self._world, self._process, wanted, limit, reply), slow=slow
        )
        if epoch != self._epoch:
            return
        self._fetching.difference_update(places)
        for place, position, records, following, end in fetched:
            self.ends[place] = end
            if self.positions.get(place) == position and (records or following > position):
                self._buffers[place] = position, records, following
        self._wake()

    def _call(
        self,
        effect: Callable[[Callable[[Any], None]], None],
        *,
        repeat: bool = True,
        slow: float = 0.0,
    ) -> Awaitable[Any]:
        return self._world.network.call(self._process, effect, repeat=repeat, slow=slow)


def _leave(group: Group, member: str, reply: Callable[[Any], None]) -> None:
    group.leave(member)
    reply(None)


def _long_poll(
    world: World,
    process: Process,
    wanted: list[tuple[Partition, int]],
    limit: int,
    reply: Callable[[Any], None],
) -> None:
    """Reply as soon as there is something in one of these, or when the wait is over."""
    done = False

    def answer() -> None:
        nonlocal done
        if not done:
            done = True
            reply([(log.place, at, *log.read(at, limit), log.end) for log, at in wanted])

    if any(log.end > at for log, at in wanted):
        answer()
        return
    for log, _ in wanted:
        log.waiting[id(process)] = answer
    world.later(FETCH_WAIT, answer)
