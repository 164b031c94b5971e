"""For how long this worker may still count on owning its partitions."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Final

from rupture_watch.stream.ports import PutOut

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STEP: Final = 0.05
BOOTTIME: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


def now() -> float:
    """Return seconds on a clock that goes on while the machine is suspended.

    Linux's monotonic clock stands still meanwhile: to a worker that wakes up after an hour, its
    lease would seem as good as new. Where there is no such clock, the monotonic one has to do.
    """
    return time.monotonic() if BOOTTIME is None else time.clock_gettime(BOOTTIME)


class Lease:
    """The group's promise, renewed by every heartbeat that it answers.

    After a session without heartbeats another worker may own the partitions, while code that was
    about to write simply goes on: a stopped process that is continued, a suspended machine, a
    network that cuts off the coordinator alone. The broker would not refuse its writes, so the
    log asks here before each, and its producer before each time that it sends one, again or for the
    first time. Counted from when a heartbeat was sent, for the broker counts from when it came.
    Limit: what was handed to the network before the process stood still may yet arrive.

    ``lost`` holds from the group's refusal to the next assignment.
    """

    def __init__(self, session: float) -> None:
        self._session = session
        self._renewed = -math.inf
        self.lost = False

    def renew(self, sent: float) -> None:
        """Note that the group has answered what was sent then, as :func:`now` told it."""
        self._renewed = sent
        self.lost = False

    async def heartbeat(
        self, send: Callable[[], Awaitable[bool]], member: Callable[[], bool]
    ) -> bool:
        """Send a heartbeat and draw the conclusion; return whether it was answered well.

        ``member`` tells, afterwards, whether the group still counts this worker in.
        """
        sent = now()
        answered = await send()
        if answered:
            self.renew(sent)
        elif not member():
            self.lose()
        return answered

    def assigned(self) -> None:
        """Note that the group has taken this worker in again.

        The lease begins with the first heartbeat that is answered, not with the assignment: that
        may have been under way for longer than a session, and somebody else own it all by now.
        """
        self.lost = False

    def lose(self) -> None:
        """Note that the group has put this worker out."""
        self.lost = True

    @property
    def valid(self) -> bool:
        """Whether nobody else can own the partitions now."""
        return not self.lost and now() - self._renewed < self._session

    async def held(self) -> None:
        """Wait until the lease is valid; raise :class:`PutOut` where it is lost for good.

        A broker that is away renews nothing and takes no writes either: then it is worth waiting,
        and the caller sets the limit.
        """
        while not self.valid:
            if self.lost:
                raise PutOut
            await asyncio.sleep(STEP)
