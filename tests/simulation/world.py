"""One schedule: a cluster, workers, events and faults, from a seed to a verdict."""

from __future__ import annotations

import asyncio
import json
import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from aiokafka.partitioner import murmur2

from rupture_watch.stream import intake
from rupture_watch.stream.engine import Topics
from rupture_watch.stream.ledger import Place
from rupture_watch.stream.ports import LogFailed
from tests.simulation.clocks import EPOCH, virtual_clocks
from tests.simulation.cluster import Group, Partition
from tests.simulation.network import NOWHERE, Network
from tests.simulation.script import InternalError
from tests.simulation.virtual_loop import VirtualLoop
from tests.simulation.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.memory_log import Read
    from tests.simulation.plan import Fault, Plan
    from tests.simulation.script import Script, Sending

PREFIX: Final = "s."
TICKS: Final = f"{PREFIX}ticks.v1"
CHANGELOG: Final = "changelog"
OUTPUTS: Final = tuple(
    f"{PREFIX}{name}.v1" for name in ("alerts", "cases", "safety", "dead-letters")
)
PATIENCE: Final = 40.0
"""Seconds after the last fault within which all must be settled."""


class World:
    """Everything of one schedule."""

    def __init__(self, plan: Plan, script: Script) -> None:
        self._script = script
        self.plan = plan
        self.random = random.Random(plan.seed * 2 + 1)
        self.loop = VirtualLoop(self.random)  # type: ignore[abstract] # only what is asked of it
        self.network = Network(self.loop, self.random)
        self.session, self.limit = plan.session, plan.limit
        self.commit_interval, self.tick_interval = plan.commit_interval, plan.tick_interval
        self.count = plan.partitions
        self.topics = Topics(PREFIX, frozenset({*script.inputs, TICKS}), TICKS, CHANGELOG)
        self.dead_letters = OUTPUTS[-1]
        self.pipeline = script.pipeline
        numbers = range(self.count)
        self.partitions = {
            place: Partition(place)
            for topic in (*script.inputs, TICKS, CHANGELOG, *OUTPUTS)
            for place in (Place(topic, number) for number in numbers)
        }
        self.group = Group(
            self.loop,
            self.random,
            partitions=self.count,
            session=plan.session,
            rebalance=2 * plan.limit,
        )
        self.group.on_commit = partial(script.check_commit, self)
        self.slow: dict[Place, float] = {}
        self.workers: list[Worker] = []
        self.errors: list[BaseException] = []
        self.timeline: list[str] = []
        self.faults: list[str] = []
        self._hired = 0
        self._closing = False

    # -- what the parts ask ------------------------------------------------------------------------

    def numbers_of(self, topic: str) -> range:  # noqa: ARG002 - all topics have the same
        return range(self.count)

    def is_read(self, place: Place) -> bool:
        return place.topic in self.topics.inputs or place.topic == CHANGELOG

    def timestamp(self) -> int:
        """Return the cluster's clock, in milliseconds."""
        return int((EPOCH + self.loop.now) * 1000)

    def later(self, delay: float, callback: Callable[[], None]) -> None:
        self.loop.call_later(delay, callback, context=NOWHERE)

    def note(self, what: str) -> None:
        self.timeline.append(f"{self.loop.now:8.3f} {what}")

    def bury(self, worker: Worker, reason: str, code: int) -> None:
        """A worker's process ends; another takes its place unless it was told to stop."""
        if not worker.process.alive:
            return
        self.loop.kill(worker.process, code)
        self.note(f"{worker.process.name} {reason}")
        if code and not self._closing:
            self.later(0.02 + 0.3 * self.random.random(), self._hire)

    # -- running -----------------------------------------------------------------------------------

    def run(self) -> None:
        """Play the schedule to its end; raise ``AssertionError`` where a promise is broken."""
        poll = self.plan.poll
        with (
            virtual_clocks(self.loop, self.random),
            patch.multiple(intake, POLL=poll, IDLE=poll, PACE=self.plan.pace),
        ):
            try:
                self._play()
            finally:
                asyncio._set_running_loop(self.loop)
                self.loop.close()
                asyncio._set_running_loop(None)

    def _play(self) -> None:
        for _ in range(self.plan.workers):
            self._hire()
        for sending in self._script.sendings:
            self.loop.call_at(sending.at, self._send, sending, context=NOWHERE)
        for fault in self.plan.faults:
            self.loop.call_at(fault.at, self._strike, fault, context=NOWHERE)
        self._sweep()

        def calm() -> bool:
            return self.loop.now >= self.plan.quiet

        self.loop.run(calm, self.plan.quiet)
        self._heal()
        self._settle("the events")
        self._judge(final=False)
        for number in range(self.count):
            row = None, self._last_tick(), ()
            self.partitions[Place(TICKS, number)].append([row], self.timestamp())
        self._settle("the last tick")
        self._closing = True
        for worker in self._alive():
            worker.process.context.run(worker.stop.set)
        deadline = self.loop.now + PATIENCE
        self.loop.run(lambda: not self._alive(), deadline)
        left = [worker.process.name for worker in self._alive()]
        assert not left, f"{left} did not stop"
        assert not self.loop.failures, self.loop.failures
        self._judge(final=True)

    def _judge(self, *, final: bool) -> None:
        unexpected = [repr(error) for error in self.errors if not isinstance(error, LogFailed)]
        if unexpected:
            raise InternalError(f"a worker died of {unexpected}")
        self._script.judge(self, final=final)

    def _settle(self, what: str) -> None:
        deadline = self.loop.now + PATIENCE
        self.loop.run(self._settled, deadline)
        assert self._settled(), f"lag was left after {what}: {self._lags()}"

    def _settled(self) -> bool:
        """Tell whether all that was sent is committed, and owned, with nothing left to do."""
        engines = [worker.engine for worker in self._alive() if worker.engine is not None]
        owned = {number for engine in engines for number in engine.partitions.owned()}
        return (
            len(owned) == self.count
            and not self._lags()
            and all(engine.health.ready and not engine.turns.running for engine in engines)
            and not any(engine.lane.dirty for engine in engines)
            and not any(engine.lane.ledger.pending() for engine in engines)
        )

    def _lags(self) -> dict[Place, int]:
        committed = self.group.committed
        return {
            place: log.end - committed.get(place, 0)
            for place, log in self.partitions.items()
            if place.topic in self.topics.inputs
            and log.records
            and log.records[-1].offset >= committed.get(place, 0)
            and (place.topic != TICKS or self._awaits(log.records))
        }

    def _awaits(self, ticks: list[Read]) -> bool:
        """Tell whether the last tick has been sent and is not committed."""
        last = self.group.committed.get(Place(TICKS, ticks[0].partition), 0)
        return any(r.offset >= last and r.value == self._last_tick() for r in ticks[-50:])

    def _last_tick(self) -> bytes:
        return json.dumps({"time": self._script.last_tick}).encode()

    def _alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.process.alive]

    def _hire(self) -> None:
        if self._closing:
            return
        self._hired += 1
        name = f"w{self._hired}"
        self.note(f"{name} starts")
        self.workers.append(Worker(self, name))

    def _sweep(self) -> None:
        self.group.sweep()
        self.later(0.1, self._sweep)

    # -- events ------------------------------------------------------------------------------------

    def _send(self, sending: Sending) -> None:
        number = (murmur2(sending.key) & 0x7FFFFFFF) % self.count
        row = sending.key, sending.value, sending.headers
        self.partitions[Place(sending.topic, number)].append([row], self.timestamp())

    # -- faults ------------------------------------------------------------------------------------

    def _strike(self, fault: Fault) -> None:
        alive = self._alive()
        victim = alive[int(fault.choice * len(alive))] if alive else None
        done = getattr(self, "_" + fault.kind.replace(" ", "_"))(fault, victim)
        if done is not None:
            self.faults.append(fault.kind)
            self.note(f"{fault.kind}: {done}")

    def _kill(self, fault: Fault, victim: Worker | None) -> str | None:
        if victim is None:
            return None
        victim.process.fuse = 1 + int(fault.length * 100)
        return f"{victim.process.name} after {victim.process.fuse} steps"

    def _kill_at_a_step(self, fault: Fault, victim: Worker | None) -> str | None:
        if victim is None:
            return None
        victim.doom.left = 1 + int(fault.length * 5)
        return f"{victim.process.name} at its {victim.doom.left}. step"

    def _stop(self, _: Fault, victim: Worker | None) -> str | None:
        if victim is None or len(self._alive()) < 2:
            return None
        victim.process.context.run(victim.stop.set)
        return victim.process.name

    def _join(self, _: Fault, __: Worker | None) -> str | None:
        if len(self._alive()) > 3:
            return None
        self._hire()
        return self.workers[-1].process.name

    def _freeze(self, fault: Fault, victim: Worker | None, *, slept: bool = False) -> str | None:
        if victim is None or victim.process.frozen:
            return None
        self.loop.freeze(victim.process)

        def thaw() -> None:
            if victim.process.frozen:
                self.note(f"{victim.process.name} goes on")
                self.loop.thaw(victim.process, slept=slept)

        self.later(fault.length, thaw)
        return f"{victim.process.name} for {fault.length:.3f} s"

    def _suspend(self, fault: Fault, victim: Worker | None) -> str | None:
        return self._freeze(fault, victim, slept=True)

    def _cut_off(self, fault: Fault, victim: Worker | None) -> str | None:
        if victim is None:
            return None
        self.network.cut_until[victim.process] = self.loop.now + fault.length
        return f"{victim.process.name} for {fault.length:.3f} s"

    def _broker_away(self, fault: Fault, _: Worker | None) -> str:
        self.network.away_until = self.loop.now + fault.length
        return f"for {fault.length:.3f} s"

    def _slow_place(self, fault: Fault, _: Worker | None) -> str:
        places = [place for place in self.partitions if place.topic != TICKS]
        place = places[int(fault.choice * len(places))]
        self.slow[place] = fault.length / 4

        def heal() -> None:
            self.slow.pop(place, None)

        self.later(2 * fault.length, heal)
        return f"{place}, {self.slow[place]:.3f} s"

    def _lossy(self, fault: Fault, _: Worker | None) -> str:
        self.network.lossy = 0.3 * fault.choice

        def heal() -> None:
            self.network.lossy = 0.0

        self.later(fault.length, heal)
        return f"{self.network.lossy:.2f} for {fault.length:.3f} s"

    def _clock_jump(self, fault: Fault, victim: Worker | None) -> str | None:
        if victim is None:
            return None
        victim.process.wall_jump += (fault.choice - 0.5) * 7200
        return f"{victim.process.name} by {victim.process.wall_jump:.0f} s"

    def _compact(self, fault: Fault, _: Worker | None) -> str:
        for number in range(self.count):
            self.partitions[Place(CHANGELOG, number)].compact(self.random, tail=fault.choice < 0.2)
        return "with the tail" if fault.choice < 0.2 else ""

    def _gap(self, fault: Fault, _: Worker | None) -> str:
        places = [place for place in self.partitions if self.is_read(place)]
        place = places[int(fault.choice * len(places))]
        self.partitions[place].gap(1 + int(3 * fault.length))
        return str(place)

    def _heal(self) -> None:
        self.note("all faults are over")
        self.network.lossy = 0.0
        self.slow.clear()
        for worker in self._alive():
            if worker.process.frozen:
                self.loop.thaw(worker.process, slept=False)
        if not self._alive():
            self._hire()

    # -- what is looked at -------------------------------------------------------------------------

    def folded(self, topic: str) -> dict[bytes, bytes]:
        """Return the last value of each key of a topic."""
        logs = [log for place, log in self.partitions.items() if place.topic == topic]
        return {key: value for log in logs for key, value in log.folded().items()}

    def records_of(self, topic: str) -> list[Any]:
        """Return all that was ever written to a topic, of all partitions."""
        return [r for p, log in self.partitions.items() if p.topic == topic for r in log.history]
