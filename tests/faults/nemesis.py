"""Kills and joins on a seeded schedule."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tests.faults.worker import Worker

EASY_ENDS = (0, -signal.SIGTERM)
"""Exit codes of a stop: a process may be told before it listens."""
CROWD = 4
"""Workers at most; a join beyond that is a clean stop instead."""


class Step(NamedTuple):
    """After ``delay`` seconds ``kill`` or ``join``; ``choice`` picks the victim."""

    delay: float
    action: str
    choice: float


def schedule(seed: int, *, kills: int, joins: int, longest: float = 5.0) -> list[Step]:
    """Return the same steps for the same seed."""
    random_ = random.Random(seed)
    actions = ["kill"] * kills + ["join"] * joins
    random_.shuffle(actions)
    return [Step(random_.uniform(0.2, longest), action, random_.random()) for action in actions]


def written(steps: list[Step]) -> str:
    """Return a schedule in words."""
    return ", ".join(f"{step.action} after {step.delay:.1f} s" for step in steps)


def report(line: str) -> None:
    """Say what a run did; pytest shows it with a failure, or with ``-s``."""
    sys.stdout.write(f"{line}\n")


class Nemesis:
    """A fleet of workers, and what happens to it. Leaving ends all that are left."""

    def __init__(self, hire: Callable[[], Worker], *, workers: int = 2) -> None:
        self._hire = hire
        self._wanted = workers
        self._stack = AsyncExitStack()
        self.fleet: list[Worker] = []
        self.fallen: list[Worker] = []

    async def __aenter__(self) -> Self:
        for _ in range(self._wanted):
            await self._join()
        await asyncio.gather(*(worker.ready() for worker in self.fleet))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def strike(self, steps: list[Step]) -> None:
        """Carry out the schedule; a killed worker comes back at once as a new process."""
        for step in steps:
            await asyncio.sleep(step.delay)  # the schedule's own time, nothing waits for it
            victim = self.fleet[int(step.choice * len(self.fleet))]
            if step.action == "kill":
                await self._remove(victim)
                await victim.kill()
                await self._join()
            elif len(self.fleet) < CROWD:
                await self._join()
            else:
                await self._remove(victim)
                assert await victim.stop() in EASY_ENDS, victim.lines

    async def replace(self, worker: Worker) -> None:
        """Stop one worker cleanly, as a deployment does, and wait until its successor is ready."""
        await self._remove(worker)
        assert await worker.stop() == 0, worker.lines
        await self._join()
        await self.fleet[-1].ready()

    async def retire(self) -> None:
        """Stop every worker cleanly; each must say so."""
        codes = await asyncio.gather(*(worker.stop() for worker in self.fleet))
        assert set(codes) <= set(EASY_ENDS), [worker.lines[-3:] for worker in self.fleet]

    def complaints(self) -> list[dict[str, object]]:
        """Return every line above a warning that any worker has logged."""
        everyone = [*self.fleet, *self.fallen]
        return [line for w in everyone for line in w.lines if line.get("level") == "critical"]

    async def _join(self) -> None:
        self.fleet.append(await self._stack.enter_async_context(self._hire()))

    async def _remove(self, worker: Worker) -> None:
        self.fleet.remove(worker)
        self.fallen.append(worker)
