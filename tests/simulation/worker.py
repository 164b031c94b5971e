"""One simulated worker: the service's own parts on a simulated client."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, NoReturn

from rupture_watch.codec.case_state import NewerState
from rupture_watch.failures import MISCONFIGURED, UNAVAILABLE
from rupture_watch.metrics import Metrics
from rupture_watch.stream.backlog import Backlog
from rupture_watch.stream.engine import Engine
from rupture_watch.stream.failpoints import Failpoint
from rupture_watch.stream.flood import FloodGuard
from rupture_watch.stream.health import Health
from rupture_watch.stream.kafka_log import KafkaLog
from rupture_watch.stream.lane import Lane
from rupture_watch.stream.lease import Lease
from rupture_watch.stream.outputs import DeadLetterTopic, Outputs
from rupture_watch.stream.pacer import Pacer
from rupture_watch.stream.ticks import Clock
from rupture_watch.stream.turns import Turns
from tests.simulation.client import Client
from tests.simulation.phases import Phases
from tests.simulation.sender import Sender
from tests.simulation.virtual_loop import Gone, Process

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.simulation.world import World


class Silent(Metrics):
    """Counts nothing: a registry would cost more than a whole schedule."""

    def __init__(self) -> None:
        """Register nothing."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Count nothing."""

    def level(self, name: str, value: float, **labels: str) -> None:
        """Set nothing."""

    def observe(self, name: str, seconds: float) -> None:
        """Observe nothing."""


SILENT = Silent()


class Doom(Failpoint):
    """Kills between two steps of the commit order, where no await is."""

    def __init__(self, worker: Worker) -> None:
        super().__init__("")
        self.left = 0
        self._worker = worker

    def passing(self, name: str) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                self._worker.die(f"killed {name}", 137)


class Worker:
    """A process; everything it knows dies with it."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.process = Process(name)
        self.process.on_burnt = lambda: world.bury(self, "killed", 137)
        self.doom = Doom(self)
        self.engine: Engine | None = None
        self.stop = asyncio.Event()
        self.main = world.loop.spawn(self.process, self._guarded(self._run()))

    def die(self, reason: str, code: int) -> NoReturn:
        """End at once, as ``os._exit`` does."""
        self.world.bury(self, reason, code)
        raise Gone

    def _failed(self, error: BaseException) -> NoReturn:
        self.world.errors.append(error)
        code = MISCONFIGURED if isinstance(error, NewerState) else UNAVAILABLE
        self.die(f"died of {type(error).__name__}: {error}", code)

    async def _guarded(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - as serve does
            self._failed(error)

    async def _run(self) -> None:
        world = self.world
        lease = Lease(world.session)
        sender = Sender(world, self.process, lease)
        log = KafkaLog(sender, limit=world.limit, lease=lease)
        await log.start()
        names = world.topics
        outputs = Outputs(
            log,
            SILENT,
            prefix=names.prefix,
            changelog=names.changelog,
            dead_letters=DeadLetterTopic(world.dead_letters, world.count, 1_000_000),
        )
        lane = Lane(
            world.pipeline, outputs, guard=FloodGuard(), failpoint=self.doom, ticks=names.ticks
        )
        backlog = Backlog(names.ticks)
        self.engine = engine = Engine(
            topics=names,
            lane=lane,
            turns=Turns(self._failed),
            backlog=backlog,
            pacer=Pacer(lane, backlog, SILENT, interval=world.commit_interval),
            health=Health(SILENT),
            lease=lease,
            metrics=SILENT,
            failpoint=self.doom,
            limit=world.limit,
        )
        client = Client(world, self.process, lease)
        self.phases = phases = Phases(engine, client)
        clock = Clock(engine, log, interval=world.tick_interval, now=lambda: time.time())  # noqa: PLW0108 - looked up when called
        drain = self._start(phases.drain())
        tasks = [
            self._start(work)
            for work in (
                client.coordinate(),
                phases.commit_handler(),
                phases.slurp(),
                phases.recover(),
                clock.run(),
            )
        ]
        await self.stop.wait()
        phases.stopping = True
        phases.hold()
        drain.cancel()
        await asyncio.wait([drain])
        await phases.intake.conclude()
        await phases.intake.conclude()
        await client.leave()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await sender.stop()
        self.world.bury(self, "stopped", 0)

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[None]:
        return asyncio.create_task(self._guarded(work))
