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

from rupture_watch.stream.ledger import Ledger
from rupture_watch.stream.store import Partitions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rupture_watch.stream.failpoints import Failpoint
    from rupture_watch.stream.flood import FloodGuard
    from rupture_watch.stream.ledger import Place
    from rupture_watch.stream.outputs import Outputs
    from rupture_watch.stream.ports import Change, Effects, Pipeline, Record, Shard

SLICE: Final = 200
"""Records or cases handled before the loop may breathe: a few milliseconds of work."""
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

    @property
    def dirty(self) -> int:
        """How many cases are ahead of the changelog."""
        return sum(shard.dirty for shard in self._shards.values())

    async def advance(self, batches: Mapping[Place, Sequence[Record]]) -> None:
        """Take the records of one poll, partition by partition, ticks after everything else."""
        work: dict[int, list[Place]] = defaultdict(list)
        for place in sorted(batches, key=self._ticks_last):
            work[place.partition].append(place)
        await asyncio.gather(
            *(
                self._advance(partition, {place: batches[place] for place in places})
                for partition, places in work.items()
            )
        )

    async def checkpoint(self) -> None:
        """Make durable all that is processed now; what is processed meanwhile may wait."""
        boundary = self.ledger.processed()
        await asyncio.gather(*map(self._settle, list(self._shards)))
        self.ledger.settle(boundary)
        self._failpoint.passing("after_checkpoint_durable")

    async def restored(self, ends: Mapping[int, int | None]) -> None:
        """Take over these partitions, their changelog read up to ``ends``.

        A kept partition into which nothing was read keeps its shard. Every other gets a new one,
        and whatever its outboxes hold is published again: it may have been lost with the process.
        """
        for partition, end in ends.items():
            replayed = self.partitions.restored(partition, end)
            self._outputs.recovered(replayed)
            if partition in self._shards and not replayed:
                continue
            shard = self._pipeline.shard(partition, self.partitions.cases(partition))
            self._shards[partition] = shard
            async with self._locks[partition]:
                await self._deliver(shard, shard.restored(), since={})

    def retain(self, partitions: Collection[int]) -> None:
        """Drop the partitions that went to another worker, cases and all."""
        for partition in self.partitions.retain(partitions) | (set(self._shards) - set(partitions)):
            self._shards.pop(partition, None)
            self._locks.pop(partition, None)
            self._torn.discard(partition)
            self._guard.forget(partition)

    async def _advance(self, partition: int, batches: Mapping[Place, Sequence[Record]]) -> None:
        async with self._room, self._locks[partition]:
            shard = self._shards[partition]
            done, reached = await self._decide(shard, batches)
            self._failpoint.passing("after_decided")
            await self._emit(partition, shard, done, batches)
            for place, offset in reached.items():
                self.ledger.advance(place, offset)

    async def _decide(
        self, shard: Shard, batches: Mapping[Place, Sequence[Record]]
    ) -> tuple[list[Effects], dict[Place, int]]:
        """Take the records slice by slice; return the effects and the next offset per place.

        A slice on which the flood guard trips has no effects, and nothing follows it.
        """
        done: list[Effects] = []
        reached: dict[Place, int] = {}
        for place, records in batches.items():
            for start in range(0, len(records), SLICE):
                if self.halted:
                    return done, reached
                piece = records[start : start + SLICE]
                effects = shard.process(piece)
                if not self._plausible(place, piece, effects):
                    self.halted = True
                    return done, reached
                done.append(effects)
                reached[place] = piece[-1].offset + 1
                await asyncio.sleep(0)
        return done, reached

    async def _emit(
        self,
        partition: int,
        shard: Shard,
        done: Sequence[Effects],
        batches: Mapping[Place, Sequence[Record]],
    ) -> None:
        for effects in done:
            self._outputs.processed(effects.outcomes)
        await self._outputs.refused([letter for e in done for letter in e.dead_letters])
        await self._outputs.publish([message for e in done for message in e.safety])
        urgent = list(dict.fromkeys(key for effects in done for key in effects.urgent))
        if urgent:
            await self._write(partition, shard.encode(urgent))
            self._failpoint.passing("after_state_durable")
            await self._deliver(shard, urgent, since=_timestamps(batches, set(urgent)))

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

    def _plausible(self, place: Place, piece: Sequence[Record], effects: Effects) -> bool:
        """Ask the flood guard; ticks are our own and would dilute what it sees."""
        if place.topic == self._ticks:
            return True
        refused = {letter.record.offset for letter in effects.dead_letters}
        return self._guard.accepts(place.partition, [record.offset for record in piece], refused)

    def _ticks_last(self, place: Place) -> bool:
        """A tick read before the events it was behind would find silence that there is not."""
        return place.topic == self._ticks


def _timestamps(
    batches: Mapping[Place, Iterable[Record]], keys: Collection[bytes]
) -> dict[bytes, int]:
    """Return the broker's latest timestamp (ms) per case: an alert's cause is in this batch."""
    return {
        record.key: record.timestamp
        for records in batches.values()
        for record in records
        if record.key is not None and record.key in keys
    }
