"""What Faust's consumer and table share: the lane and all that is known about its progress."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rupture_watch.stream.patience import patience
from rupture_watch.stream.ports import LogFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from rupture_watch.metrics import Metrics
    from rupture_watch.stream.backlog import Backlog
    from rupture_watch.stream.failpoints import Failpoint
    from rupture_watch.stream.health import Health
    from rupture_watch.stream.lane import Lane
    from rupture_watch.stream.lease import Lease
    from rupture_watch.stream.ledger import Place
    from rupture_watch.stream.pacer import Pacer
    from rupture_watch.stream.store import Partitions
    from rupture_watch.stream.turns import Turns

logger = logging.getLogger(__name__)

Commit: TypeAlias = "Callable[[Mapping[Place, int]], Awaitable[bool]]"
"""Commits next offsets; returns False where the group refuses, raises where it cannot be asked."""


class Topics(NamedTuple):
    """The topics a worker reads; ``changelog`` only to restore, ``ticks`` is one of the inputs."""

    prefix: str
    inputs: frozenset[str]
    ticks: str
    changelog: str


class Engine(NamedTuple):
    """The parts of one worker; ``limit`` is how long a broker failure is borne, in seconds."""

    topics: Topics
    lane: Lane
    turns: Turns
    backlog: Backlog
    pacer: Pacer
    health: Health
    lease: Lease
    metrics: Metrics
    failpoint: Failpoint
    limit: float

    @property
    def partitions(self) -> Partitions:
        """The state in memory."""
        return self.lane.partitions

    def retain(self, partitions: Collection[int]) -> None:
        """Drop all but these partitions, which are to be restored now."""
        self.health.assigned()
        self.lane.retain(partitions)

    async def restored(self, ends: Mapping[int, int | None]) -> None:
        """Take over restored partitions; a failure here ends the process like any other turn."""
        await self.turns.take(self.lane.restored(ends))
        self.health.restored()

    def resumed(self, generation: int) -> None:
        """Note that partitions are assigned, restored and read again."""
        seconds = self.health.resume()
        self.observe()
        logger.info(
            "ready",
            extra={
                "cases": len(self.lane.partitions),
                "generation": generation,
                "partitions": sorted(self.lane.partitions.owned()),
                "seconds": round(seconds, 3),
            },
        )

    def forget(self, places: Collection[Place]) -> None:
        """Drop the offsets of partitions that are given up."""
        self.lane.ledger.forget(places)
        self.backlog.forget(places)

    async def checkpoint(self, commit: Commit) -> None:
        """Make durable what is processed and commit it, in a turn of its own."""
        await self.turns.take(self._checkpoint(commit))

    async def conclude(self, commit: Commit) -> None:
        """Let the turns in progress end, then settle and commit everything.

        A worker may find only then that it has been put out of the group; then it drops everything.
        """
        await self.turns.idle()
        lane = self.lane
        unsettled = lane.ledger.pending() or lane.ledger.behind or lane.dirty
        if unsettled and not self.turns.put_out:
            await self.checkpoint(commit)
        if self.turns.put_out:
            await self.abandon()

    async def abandon(self) -> None:
        """Drop everything unwritten, for somebody else owns it: all will be restored anew."""
        await self.turns.idle()
        if self.lane.partitions.owned():
            logger.warning("put out of the group; unwritten state is dropped")
            self.lane.retain(())
        self.forget(list(self.lane.ledger.processed()))
        self.turns.put_out = False

    async def _checkpoint(self, commit: Commit) -> None:
        with self.pacer.measured():
            await self.lane.checkpoint()
            if offsets := self.lane.ledger.pending():
                await self._commit(commit, offsets)

    async def _commit(self, commit: Commit, offsets: Mapping[Place, int]) -> None:
        """Commit what is durable; a refusal is no failure, its events will be read again."""
        try:
            async with patience(self.limit):
                accepted = await commit(offsets)
        except Exception as error:
            raise LogFailed(f"offset commit: {type(error).__name__}") from error
        if not accepted:
            self.metrics.count("commits_refused_total")
            return
        self.lane.ledger.commit(offsets)
        self.failpoint.passing("after_offsets_committed")
        self.metrics.level("heartbeat_timestamp_seconds", time.time(), stage="committed")

    def observe(self) -> None:
        """Bring the gauges up to date."""
        lane, metrics = self.lane, self.metrics
        metrics.level("cases", len(lane.partitions))
        metrics.level("dirty_cases", lane.dirty)
        metrics.level("partitions", len(lane.partitions.owned()))
        for topic, lag in self.backlog.by_topic().items():
            metrics.level("lag_records", lag, topic=topic.removeprefix(self.topics.prefix))

    def note_halt(self) -> None:
        """Say so, once, when the flood guard has stopped the lane."""
        if self.lane.halted and not self.health.halted:
            self.health.halt()
