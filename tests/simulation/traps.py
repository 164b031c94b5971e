"""Known faults of the stream, each put back in by a small patch: what the simulation must see.

Most were met while the stream was built; each is the one difference from the service as it is.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

from rupture_watch.stream import lease as leases
from rupture_watch.stream.engine import Engine
from rupture_watch.stream.intake import Intake
from rupture_watch.stream.lane import SLICE, Lane
from rupture_watch.stream.lease import Lease
from rupture_watch.stream.ledger import Place
from rupture_watch.stream.merge import Merge
from rupture_watch.stream.outputs import Outputs
from rupture_watch.stream.restore import Restore
from rupture_watch.stream.store import Partitions
from rupture_watch.stream.turns import Turns
from tests.simulation.client import Client
from tests.simulation.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rupture_watch.effects import Effects, Record
    from rupture_watch.stream.ports import Shard


class Trap(NamedTuple):
    """A fault: what is put in place of which attribute."""

    owner: Any
    attribute: str
    fault: Any


TRAPS: Final[dict[str, list[Trap]]] = {}
FOCUS: Final[dict[str, tuple[str, ...]]] = {
    "an_assignment_counts_as_a_heartbeat": ("kill", "cut off"),
    "the_lease_does_not_notice_that_the_machine_was_suspended": ("suspend",),
}
"""Traps that show in one of thousands of schedules, and the trouble that brings them out."""


def _trap(owner: Any, attribute: str) -> Callable[[Any], Any]:
    """Register a fault under its function's name."""

    def register(fault: Any) -> Any:
        TRAPS.setdefault(fault.__name__.strip("_"), []).append(Trap(owner, attribute, fault))
        return fault

    return register


@contextmanager
def sprung(name: str | None) -> Iterator[None]:
    """Put one fault back in."""
    patches = [patch.object(*trap) for trap in TRAPS[name]] if name else []
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in reversed(patches):
            one.stop()


_start, _restored, _seek = Merge.start, Lane.restored, Intake.seek
_apply, _pending_of, _decided = Restore.apply, Engine.forget, Lane._decide
_published, _refused, _delivered = Outputs.publish, Outputs.refused, Lane._deliver


# -- reading ---------------------------------------------------------------------------------------


@_trap(Merge, "start")
def the_record_at_the_read_offset_is_skipped(self: Merge, positions: Mapping[Place, int]) -> None:
    _start(self, {place: n + 1 if n else 0 for place, n in positions.items()})


@_trap(Intake, "_rewind")
async def a_poll_that_a_rebalance_overtook_is_dropped(self: Intake, records: Any) -> None:
    del self, records


def _reading(self: Intake) -> bool:
    return not self._engine.lease.lost


TRAPS["inputs_are_read_before_they_are_sought"] = [Trap(Intake, "_reading", property(_reading))]


@_trap(Intake, "seek")
async def a_partition_without_a_commit_is_not_rewound(self: Intake) -> None:
    generation = self._source.generation
    await self._source.seek_to_committed()
    inputs = {place for place in self._source.assigned() if self._is_input(place)}
    self._engine.backlog.expect(inputs)
    self._merge.clear()
    self._expect(inputs)
    self._sought_in = generation


@_trap(Lane, "_decide")
async def offsets_must_be_consecutive(
    self: Lane, partition: int, shard: Shard, records: Sequence[Record]
) -> tuple[list[Effects], dict[str, int]]:
    done, reached = await _decided(self, partition, shard, records)
    for topic in reached:
        following = self.ledger.processed().get(Place(topic, partition))
        for record in records:
            if record.topic == topic and record.offset == (following or record.offset):
                following = record.offset + 1
        reached[topic] = following or reached[topic]
    return done, reached


# -- the order of effects --------------------------------------------------------------------------


@_trap(Engine, "_checkpoint")
async def offsets_are_committed_before_the_state_is_durable(self: Engine, commit: Any) -> None:
    with self.pacer.measured():
        self.lane.ledger.settle(self.lane.ledger.processed())
        if offsets := self.lane.ledger.pending():
            await self._commit(commit, offsets)
        await self.lane.checkpoint()


@_trap(Lane, "checkpoint")
async def what_was_processed_during_a_checkpoint_counts_as_durable(self: Lane) -> None:
    for partition in list(self._shards):
        await self._settle(partition)
    self.ledger.settle(self.ledger.processed())


@_trap(Lane, "_emit")
async def alerts_are_published_before_their_outbox_is_durable(
    self: Lane, partition: int, shard: Shard, done: Sequence[Effects], records: Sequence[Record]
) -> None:
    del records
    await self._outputs.refused([letter for e in done for letter in e.dead_letters])
    await self._outputs.publish([message for e in done for message in e.safety])
    urgent = list(dict.fromkeys(key for effects in done for key in effects.urgent))
    if urgent:
        await self._deliver(shard, urgent, since={})
        await self._write(partition, await self._encoded(shard, urgent))


@_trap(Lane, "_deliver")
async def the_outbox_is_cleared_without_an_acknowledgement(
    self: Lane, shard: Shard, keys: Sequence[bytes], *, since: Mapping[bytes, int]
) -> None:
    del since
    for key in keys:
        _later(self._outputs.publish(list(shard.outbox(key))))
        shard.outbox_published(key)


@_trap(Lane, "_deliver")
async def the_outbox_is_not_published_after_a_restore(
    self: Lane, shard: Shard, keys: Sequence[bytes], *, since: Mapping[bytes, int]
) -> None:
    if since:
        await _delivered(self, shard, keys, since=since)


@_trap(Outputs, "refused")
async def dead_letters_are_not_awaited(self: Outputs, letters: Any) -> None:
    _later(_refused(self, letters))
    await asyncio.sleep(0)


@_trap(Lane, "_emit")
async def safety_items_are_published_after_the_state(
    self: Lane, partition: int, shard: Shard, done: Sequence[Effects], records: Sequence[Record]
) -> None:
    del records
    await self._outputs.refused([letter for e in done for letter in e.dead_letters])
    urgent = list(dict.fromkeys(key for effects in done for key in effects.urgent))
    if urgent:
        await self._write(partition, await self._encoded(shard, urgent))
        await self._deliver(shard, urgent, since={})
    await self._outputs.publish([message for e in done for message in e.safety])


@_trap(Lane, "_settle")
async def standings_are_published_after_the_state(self: Lane, partition: int) -> None:
    shard = self._shards[partition]
    while shard.dirty:
        async with self._locks[partition]:
            if changes := shard.take_dirty(SLICE):
                await self._write(partition, changes)
    async with self._locks[partition]:
        await self._standings(shard)


@_trap(Turns, "_guarded")
async def an_exception_is_only_logged(self: Turns, work: Any) -> None:
    del self
    with suppress(Exception):
        await work


@_trap(Turns, "take")
async def a_turn_is_cancelled_with_its_caller(self: Turns, work: Any) -> None:
    await self._guarded(work)


# -- giving up and taking over ---------------------------------------------------------------------


@_trap(Engine, "forget")
def pending_offsets_of_revoked_partitions_are_kept(self: Engine, places: Any) -> None:
    self.backlog.forget(places)


@_trap(Lane, "retain")
def cases_of_lost_partitions_are_kept(self: Lane, partitions: Any) -> None:
    del self, partitions


@_trap(Turns, "idle")
async def partitions_are_given_up_in_the_middle_of_a_batch(self: Turns) -> None:
    del self
    await asyncio.sleep(0)


@_trap(Engine, "abandon")
async def a_worker_that_was_put_out_keeps_what_it_knows(self: Engine) -> None:
    await self.turns.idle()


@_trap(Engine, "conclude")
async def a_worker_that_finds_itself_put_out_late_keeps_what_it_knows(
    self: Engine, commit: Any
) -> None:
    await self.turns.idle()
    if self.lane.ledger.pending() or self.lane.ledger.behind or self.lane.dirty:
        await self.checkpoint(commit)


@_trap(Partitions, "restore_from")
def a_dropped_partition_is_read_on_from_where_it_once_was(
    self: Partitions, partition: int
) -> int | None:
    self._dropped.discard(partition)
    return self._applied.get(partition)


@_trap(Partitions, "retain")
def a_restore_of_what_was_dropped_meanwhile_counts(self: Partitions, partitions: Any) -> set[int]:
    lost = set(self._cases) - set(partitions)
    for partition in lost:
        del self._cases[partition]
        self._applied.pop(partition, None)
        self._replayed.pop(partition, None)
    return lost


@_trap(Restore, "apply")
async def a_restore_waits_for_a_record_at_the_very_end(
    self: Restore, place: Place, records: Any, *, following: int | None
) -> None:
    del following
    await _apply(self, place, records, following=None)


# -- fencing ---------------------------------------------------------------------------------------


@_trap(Lease, "assigned")
def an_assignment_counts_as_a_heartbeat(self: Lease) -> None:
    self.renew(leases.now())


async def _not_asked(self: Client) -> None:
    del self


TRAPS["an_assignment_counts_as_a_heartbeat"].append(Trap(Client, "_ask", _not_asked))


@_trap(Lease, "held")
async def writes_do_not_ask_for_the_lease(self: Lease) -> None:
    del self


@_trap(Sender, "_leased")
async def repeated_sends_do_not_ask_for_the_lease(self: Sender) -> None:
    del self


@_trap(leases, "now")
def the_lease_does_not_notice_that_the_machine_was_suspended() -> float:
    return time.monotonic()


def _later(work: Any) -> None:
    """Let this happen without anybody waiting for it."""

    async def quietly() -> None:
        with suppress(Exception):
            await work

    asyncio.create_task(quietly())  # noqa: RUF006 - the loop keeps it
