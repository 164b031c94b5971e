"""For how long this worker may still count on owning its partitions."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Final

from rupture_watch.stream.ports import PutOut

STEP: Final = 0.05


class Lease:
    """The group's promise, renewed by every heartbeat that it answers.

    After a session without heartbeats another worker may own the partitions, while code that was
    about to write simply goes on: a stopped process that is continued, a suspended machine, a
    network that cuts off the coordinator alone. The broker would not refuse its writes, so the
    log asks here before each. Counted from when a heartbeat was sent, for the broker counts from
    when it came. Limit: what was handed to the network before the process stood still may yet
    arrive.

    ``lost`` holds from the group's refusal to the next assignment.
    """

    def __init__(self, session: float) -> None:
        self._session = session
        self._renewed = -math.inf
        self.lost = False

    def renew(self, sent: float) -> None:
        """Note that the group has answered what was sent then, on the monotonic clock."""
        self._renewed = sent
        self.lost = False

    def lose(self) -> None:
        """Note that the group has put this worker out."""
        self.lost = True

    @property
    def valid(self) -> bool:
        """Whether nobody else can own the partitions now."""
        return not self.lost and time.monotonic() - self._renewed < self._session

    async def held(self) -> None:
        """Wait until the lease is valid; raise :class:`PutOut` where it is lost for good.

        A broker that is away renews nothing and takes no writes either: then it is worth waiting,
        and the caller sets the limit.
        """
        while not self.valid:
            if self.lost:
                raise PutOut
            await asyncio.sleep(STEP)
