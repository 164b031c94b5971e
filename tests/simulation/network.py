"""Requests between processes and the cluster: late, lost, repeated, cut off."""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio
    import random
    from collections.abc import Callable

    from tests.simulation.virtual_loop import Process, VirtualLoop

TYPICAL: Final = 0.002
"""Seconds that a message takes in the mean."""
AGAIN: Final = (0.02, 0.3)
"""Seconds after which a client sends again what was not answered."""
LATE: Final = 0.1
"""Seconds by which a cut may delay a message that was on its way; after that it is lost. The limit
that the lease states: no message may arrive a session late."""
NOWHERE: Final = Context()
"""The context of what belongs to no process."""


class Lost(Exception):
    """A request that is not repeated was not answered."""


class Network:
    """One network for all; each process can be cut off, the cluster can be away.

    ``lossy`` is the share of messages that are lost. What was handed over before a process died
    arrives in half of the cases; so does what was on its way when a link was cut for a moment.
    """

    def __init__(self, loop: VirtualLoop, random_: random.Random) -> None:
        self.loop = loop
        self.random = random_
        self.lossy = 0.0
        self.away_until = 0.0
        self.cut_until: dict[Process, float] = {}

    async def call(
        self,
        process: Process,
        effect: Callable[[Callable[[Any], None]], None],
        *,
        repeat: bool = True,
        slow: float = 0.0,
    ) -> Any:
        """Have the cluster do something and return its reply; ``effect`` is handed the reply's way.

        Repeated until answered, so the effect may come about more than once; otherwise
        :class:`Lost` is raised where the answer fails to come.
        """
        call = _Call(self, process, effect, repeat=repeat, slow=slow)
        call.attempt()
        return await call.answered

    def up_at(self, process: Process) -> float:
        """Return when this process reaches the cluster: now, or after the cut."""
        return max(self.loop.now, self.away_until, self.cut_until.get(process, 0.0))

    def delay(self) -> float:
        """Return how long one message takes; a few take ten times as long."""
        draw = self.random.random()
        return TYPICAL * 2 * draw if draw < 0.97 else 20 * TYPICAL * draw

    def loses(self) -> bool:
        """Tell whether a message is lost."""
        return self.random.random() < self.lossy


class _Call:
    """One request, sent once or until it is answered."""

    def __init__(
        self,
        network: Network,
        process: Process,
        effect: Callable[[Callable[[Any], None]], None],
        *,
        repeat: bool,
        slow: float,
    ) -> None:
        self.answered: asyncio.Future[Any] = network.loop.create_future()
        self._network = network
        self._process = process
        self._effect = effect
        self._repeat = repeat
        self._slow = slow

    def attempt(self) -> None:
        """Send it, from within the process."""
        network, loop = self._network, self._network.loop
        up = network.up_at(self._process)
        if up > loop.now:
            self._again(up - loop.now)
        elif network.loses():
            self._again(0.0)
        else:
            delay = network.delay() + self._slow * network.random.random()
            loop.call_later(delay, self._arrive, loop.now, context=NOWHERE)

    def _again(self, after: float) -> None:
        """Note that it failed, as a process does: not while it is frozen, not after its death."""
        delay = after + self._network.random.uniform(*AGAIN)
        retry = self.attempt if self._repeat else self._fail
        self._network.loop.call_later(delay, retry, context=self._process.context)

    def _fail(self) -> None:
        if not self.answered.done():
            self.answered.set_exception(Lost())

    def _arrive(self, sent: float) -> None:
        network, loop = self._network, self._network.loop
        if not self._process.alive and network.random.random() < 0.5:
            return
        up = network.up_at(self._process)
        if up == loop.now:
            self._effect(_once(self._reply))
        elif up - sent < LATE and network.random.random() < 0.5:
            loop.call_at(up + network.delay(), self._arrive, sent, context=NOWHERE)
        else:
            self._again(up - loop.now)

    def _reply(self, value: Any) -> None:
        network = self._network
        if network.loses():
            self._again(0.0)
        else:
            at = network.up_at(self._process) + network.delay()
            network.loop.call_at(at, self._answer, value, context=self._process.context)

    def _answer(self, value: Any) -> None:
        if not self.answered.done():
            self.answered.set_result(value)


def _once(reply: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a way to reply that can be gone only once."""
    replied = False

    def reply_once(value: Any) -> None:
        nonlocal replied
        if not replied:
            replied = True
            reply(value)

    return reply_once
