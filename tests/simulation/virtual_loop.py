"""An event loop in virtual time: one thread, many simulated processes, every order from a seed."""

from __future__ import annotations

import asyncio
import heapq
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from rupture_watch.stream.kafka_log import NotOurs

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Coroutine, Generator

LIMIT: Final = 400_000
"""Steps of one schedule; more is a loop that makes no progress."""


ASK_EVERY: Final = 0.02
"""Seconds of virtual time between two looks at whether a schedule has settled."""


class Gone(BaseException):
    """The process has died in the middle of a step: nothing of it may run any more."""


class OutOfSteps(Exception):
    """The schedule made no progress in virtual time."""


class Process:
    """What can be frozen, suspended and killed as a whole; its clocks.

    ``fuse`` kills it after so many more steps: between any two awaits of any of its tasks.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.frozen = False
        self.exit_code: int | None = None
        self.fuse = 0
        self.asleep = 0.0
        self.wall_jump = 0.0
        self.on_burnt: Callable[[], None] = lambda: None
        self.context = copy_context()
        self.context.run(PROCESS.set, self)
        self.held: list[Handle] = []
        self.since = 0.0

    @property
    def watched(self) -> bool:
        """Whether there is anything to look at before a step of it."""
        return bool(self.frozen or self.fuse or not self.alive)


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class Handle:
    """A callback that is due; asyncio asks for no more of it than this."""

    __slots__ = ("args", "callback", "cancelled_", "context", "when_")

    def __init__(
        self, callback: Callable[..., Any], args: tuple[Any, ...], context: Context, when: float
    ) -> None:
        self.callback = callback
        self.args = args
        self.context = context
        self.cancelled_ = False
        self.when_ = when

    def cancel(self) -> None:
        self.cancelled_ = True

    def cancelled(self) -> bool:
        return self.cancelled_

    def when(self) -> float:
        return self.when_


class SimulatedTask(asyncio.Task[Any]):
    """Hashed by its number: sets of tasks iterate in the same order in every run."""

    def __init__(self, *args: Any, loop: VirtualLoop, **options: Any) -> None:
        self.number = next(loop.numbers)  # before asyncio puts it into a set
        super().__init__(*args, loop=loop, **options)

    def __hash__(self) -> int:
        return self.number


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs what is ready in random order, then jumps to the next moment at which something is.

    asyncio promises first in, first out; nothing here may depend on it.
    """

    def __init__(self, random_: random.Random) -> None:
        self.now = 0.0
        self.steps = 0
        self.failures: list[dict[str, Any]] = []
        self.current: Process | None = None
        self._random = random_.random
        self._ready: list[Handle] = []
        self._timers: list[tuple[float, float, int, Handle]] = []
        self.numbers = count()
        self._tasks: list[SimulatedTask] = []

    # -- what asyncio asks of a loop ---------------------------------------------------------------

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if "exception" in context and not isinstance(context["exception"], Gone | NotOurs):
            self.failures.append(context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, Any] | Coroutine[Any, Any, Any],
        *,
        name: str | None = None,  # noqa: ARG002 - nobody reads names here
        context: Context | None = None,
    ) -> asyncio.Task[Any]:
        task = SimulatedTask(coro, loop=self, name="t", context=context)
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._tasks.append(task)
        return task

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Handle:
        handle = Handle(callback, args, copy_context() if context is None else context, self.now)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., Any],
        *args: Any,
        context: Context | None = None,
    ) -> Handle:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Handle:
        handle = Handle(callback, args, copy_context() if context is None else context, when)
        heapq.heappush(self._timers, (when, self._random(), next(self.numbers), handle))
        return handle

    # -- processes ---------------------------------------------------------------------------------

    def spawn(self, process: Process, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task in a process."""
        return process.context.run(self.create_task, work)

    def freeze(self, process: Process) -> None:
        """Run nothing of this process until it is thawed."""
        process.frozen, process.since = True, self.now

    def thaw(self, process: Process, *, slept: bool) -> None:
        """Let it go on; ``slept``: its machine stood still, and so did its timers."""
        process.frozen = False
        if slept:
            process.asleep += self.now - process.since
        held, process.held = process.held, []
        for handle in held:
            if slept and handle.when_ > process.since:
                due = handle.when_ - process.since + self.now
                heapq.heappush(self._timers, (due, self._random(), next(self.numbers), handle))
            else:
                self._ready.append(handle)

    def kill(self, process: Process, code: int) -> None:
        """End a process: none of its callbacks runs any more."""
        process.alive = False
        process.exit_code = code
        process.held.clear()

    # -- running -----------------------------------------------------------------------------------

    def run(self, done: Callable[[], bool], until: float) -> None:
        """Run until ``done``, asked every now and then as time passes, or until this moment."""
        ready, timers = self._ready, self._timers
        ask_at = self.now
        asyncio._set_running_loop(self)
        try:
            while True:
                self._run_ready()
                if self.now >= ask_at:
                    if done():
                        return
                    ask_at = self.now + ASK_EVERY
                if not timers or timers[0][0] > until:
                    return
                self.now = timers[0][0]
                while timers and timers[0][0] <= self.now:
                    handle = heapq.heappop(timers)[3]
                    if not handle.cancelled_:
                        ready.append(handle)
        finally:
            asyncio._set_running_loop(None)

    def _run_ready(self) -> None:
        """Run what is ready, in random order, until nothing is."""
        ready, draw = self._ready, self._random
        while ready:
            self.steps += 1
            if self.steps > LIMIT:
                raise OutOfSteps
            handle = ready.pop()
            if ready:
                index = int(draw() * (len(ready) + 1))
                if index < len(ready):
                    handle, ready[index] = ready[index], handle
            if handle.cancelled_:
                continue
            process = handle.context.get(PROCESS)
            if process is not None and process.watched and not self._may_run(process, handle):
                continue
            self.current = process
            with suppress(Gone):
                handle.context.run(handle.callback, *handle.args)
        self.current = None

    def _may_run(self, process: Process, handle: Handle) -> bool:
        if not process.alive:
            return False
        if process.frozen:
            process.held.append(handle)
            return False
        if process.fuse:
            process.fuse -= 1
            if not process.fuse:
                process.on_burnt()
                return False
        return True

    def close(self) -> None:
        """End every task that is left, of whichever process."""
        self._ready.clear()
        self._timers.clear()
        for task in self._tasks:
            coroutine: Any = task.get_coro()
            if not task.done():
                with suppress(BaseException):  # whatever it says when closed in mid-air
                    coroutine.close()
        self._tasks.clear()
