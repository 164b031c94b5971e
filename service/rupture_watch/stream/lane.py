"""The lane: whole batches through the pipeline, effects in the one order that is safe.

Per partition, under its lock:

1. the shard decides; alerts go into the outbox of their case's state, in memory;
2. safety items and dead letters are published, and awaited: a state that knows their events would
   take a replay for a repetition and stay silent;
3. the states with an outbox are written to the changelog, and awaited;
4. their alerts are published, and awaited; only then the outbox is cleared, in memory.

At a checkpoint: the standings of changed cases are published (for the same reason before their
state), then the other dirty cases are written in slices, all awaited; only then the offsets that
the checkpoint began with count as durable and may be committed.

So: ``state with outbox durable < alert published < outbox cleared``, and ``state durable < offset
committed``. What was published is known to a durable state: it can repeat, byte for byte, but
nothing published can be forgotten. Limits: this is effectively once, not exactly once; and a
process that is frozen past its session and then thawed is fenced by a check, not by the broker.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rupture_watch.stream.ledger import Ledger, Place
from rupture_watch.stream.store import Partitions
from rupture_watch.stream.stride import Stride

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence

    from rupture_watch.effects import Effects, Record
    from rupture_watch.stream.failpoints import Failpoint
    from rupture_watch.stream.flood import FloodGuard
    from rupture_watch.stream.outputs import Outputs
    from rupture_watch.stream.ports import Change, Pipeline, Shard

SLICE: Final = 200
"""Cases handled before the loop may breathe: a few milliseconds of work."""
HELD: Final = 0.025
"""Seconds for which a slice of records may hold the loop; one that is dearer than those before it
takes a little longer, and the next is shorter."""
FIRST_SLICE: Final = 50
LARGEST_SLICE: Final = 500
AT_ONCE: Final = 4
"""Partitions in progress at a time: enough to work while another awaits its acknowledgement."""


class Lane:
    """All owned partitions of one worker; knows nothing of Faust or Kafka.

    ``halted`` turns true, for good, when the flood guard trips: what led there stays uncommitted.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        outputs: Outputs,
        *,
        guard: FloodGuard,
        failpoint: Failpoint,
        ticks: str,
    ) -> None:
        self.partitions = Partitions()
        self.ledger = Ledger()
        self.halted = False
        self._pipeline = pipeline
        self._outputs = outputs
        self._guard = guard
        self._failpoint = failpoint
        self._ticks = ticks
        self._shards: dict[int, Shard] = {}
        self._torn: set[int] = set()
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._slot = asyncio.Lock()
        self._stride = Stride(target=HELD, start=FIRST_SLICE, most=LARGEST_SLICE)

    @property
    def slice_size(self) -> int:
        """How many records hold the loop for about as long as they may."""
        return self._stride.size

    @property
    def dirty(self) -> int:
        """How many cases are ahead of the changelog."""
        return sum(shard.dirty for shard in self._shards.values())

    async def advance(self, batches: Mapping[int, Sequence[Record]]) -> None:
        """Take these records, per partition number, in the order given: all topics in one."""
        await _together(self._advance(number, batches[number]) for number in batches)

    async def checkpoint(self) -> None:
        """Make durable all that is processed now; what is processed meanwhile may wait."""
        boundary = self.ledger.processed()
        await _together(map(self._settle, list(self._shards)))
        self.ledger.settle(boundary)
        self._failpoint.passing("after_checkpoint_durable")

    async def restored(self, ends: Mapping[int, int | None]) -> None:
        """Take over these partitions, their changelog read up to ``ends``.

        A kept partition into which nothing was read keeps its shard. Every other gets a new one,
        and whatever its outboxes hold is published again: it may have been lost with the process.
        Nothing is, before every state has been looked at: a newer service's is refused first.
        """
        waiting: dict[int, Sequence[bytes]] = {}
        for partition, end in ends.items():
            replayed = self.partitions.restored(partition, end)
            if replayed is None:
                continue
            self._outputs.recovered(replayed)
            if partition in self._shards and not replayed:
                continue
            shard = self._pipeline.shard(partition, self.partitions.cases(partition))
            self._shards[partition] = shard
            waiting[partition] = shard.restored()
        for partition, keys in waiting.items():
            async with self._locks[partition]:
                await self._deliver(self._shards[partition], keys, since={})

    def retain(self, partitions: Collection[int]) -> None:
        """Drop the partitions that went to another worker, cases and all."""
        for partition in self.partitions.retain(partitions) | (set(self._shards) - set(partitions)):
            self._shards.pop(partition, None)
            self._locks.pop(partition, None)
            self._torn.discard(partition)
            self._guard.forget(partition)

    async def _advance(self, partition: int, records: Sequence[Record]) -> None:
        async with self._room, self._locks[partition]:
            shard = self._shards[partition]
            done, reached = await self._decide(partition, shard, records)
            self._failpoint.passing("after_decided")
            await self._emit(partition, shard, done, records)
            for topic, offset in reached.items():
                self.ledger.advance(Place(topic, partition), offset)

    async def _decide(
        self, partition: int, shard: Shard, records: Sequence[Record]
    ) -> tuple[list[Effects], dict[str, int]]:
        """Take the records slice by slice; return the effects and the next offset per topic.

        A slice on which the flood guard trips has no effects, and nothing follows it. One slice
        per turn of the loop, whichever partition's: heartbeats and acknowledgements come between.
        """
        done: list[Effects] = []
        reached: dict[str, int] = {}
        start = 0
        while start < len(records):
            async with self._slot:
                if self.halted:
                    break
                piece = records[start : start + self._stride.size]
                effects = self._process(shard, piece)
                if not self._plausible(partition, piece, effects):
                    self.halted = True
                    break
                await asyncio.sleep(0)
            done.append(effects)
            reached.update((record.topic, record.offset + 1) for record in piece)
            start += len(piece)
        return done, reached

    def _process(self, shard: Shard, piece: Sequence[Record]) -> Effects:
        started = time.perf_counter()
        effects = shard.process(piece)
        self._stride.took(len(piece), time.perf_counter() - started)
        return effects

    async def _emit(
        self,
        partition: int,
        shard: Shard,
        done: Sequence[Effects],
        records: Sequence[Record],
    ) -> None:
        for effects in done:
            self._outputs.processed(effects.outcomes)
        await self._outputs.refused([letter for e in done for letter in e.dead_letters])
        await self._outputs.publish([message for e in done for message in e.safety])
        urgent = list(dict.fromkeys(key for effects in done for key in effects.urgent))
        if urgent:
            await self._write(partition, await self._encoded(shard, urgent))
            self._failpoint.passing("after_state_durable")
            await self._deliver(shard, urgent, since=_timestamps(records, set(urgent)))

    async def _encoded(self, shard: Shard, keys: Sequence[bytes]) -> Sequence[Change]:
        changes: list[Change] = []
        for start in range(0, len(keys), SLICE):
            changes += shard.encode(keys[start : start + SLICE])
            await asyncio.sleep(0)
        return changes

    async def _deliver(
        self, shard: Shard, keys: Sequence[bytes], *, since: Mapping[bytes, int]
    ) -> None:
        """Publish the outboxes of these cases, whose states are durable; then clear them."""
        for start in range(0, len(keys), SLICE):
            piece = keys[start : start + SLICE]
            await self._outputs.publish([m for key in piece for m in shard.outbox(key)])
            now = time.time()
            self._outputs.alerted([now - since[key] / 1000 for key in piece if key in since])
            self._failpoint.passing("after_alerts_published")
            for key in piece:
                shard.outbox_published(key)
            self._failpoint.passing("after_outbox_cleared")

    async def _settle(self, partition: int) -> None:
        """Write what is dirty now, oldest first, letting records through between the slices."""
        if partition in self._torn:
            self._torn.discard(partition)
            await self._mend(partition)
        shard = self._shards[partition]
        left = shard.dirty
        published = SLICE
        while published == SLICE:
            async with self._room, self._locks[partition]:
                published = await self._standings(shard)
        while left > 0:
            async with self._room, self._locks[partition]:
                while await self._standings(shard) == SLICE:
                    pass
                changes = shard.take_dirty(SLICE)
                if not changes:
                    return
                await self._write(partition, changes)
            left -= len(changes)
            await asyncio.sleep(0)

    async def _standings(self, shard: Shard) -> int:
        messages = shard.standings(SLICE)
        await self._outputs.publish(messages)
        return len(messages)

    async def _write(self, partition: int, changes: Sequence[Change]) -> None:
        offsets = await self._outputs.append(partition, changes)
        if not self.partitions.wrote(partition, changes, offsets):
            self._outputs.hole(partition)
            self._torn.add(partition)

    async def _mend(self, partition: int) -> None:
        """Write every case again, so that nobody else's word about one is the last.

        A worker that was put out while it wrote leaves states behind that are older than ours. The
        lease says that ours are right, and that no more of its states can follow.
        """
        cases = self.partitions.cases(partition)
        keys = list(cases)
        for start in range(0, len(keys), SLICE):
            async with self._room, self._locks[partition]:
                piece = [(key, cases[key]) for key in keys[start : start + SLICE] if key in cases]
                await self._write(partition, piece)

    def _plausible(self, partition: int, piece: Sequence[Record], effects: Effects) -> bool:
        """Ask the flood guard; ticks are our own and would dilute what it sees."""
        refused = {(e.record.topic, e.record.offset) for e in effects.dead_letters}
        events = [(r.topic, r.offset) for r in piece if r.topic != self._ticks]
        return self._guard.accepts(partition, events, refused)


async def _together(work: Iterable[Coroutine[None, None, None]]) -> None:
    """Do all of this at once; where one part fails, none of the others outlives it."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in work:
                group.create_task(part)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _timestamps(records: Iterable[Record], keys: Collection[bytes]) -> dict[bytes, int]:
    """Return the broker's latest timestamp (ms) per case: an alert's cause is in this batch."""
    return {
        record.key: record.timestamp
        for record in records
        if record.key is not None and record.key in keys
    }
