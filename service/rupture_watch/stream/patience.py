"""A time-out that counts only the time in which something could have happened."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STEP: Final = 0.5
"""Seconds of waiting counted at most per turn of the clock."""


@asynccontextmanager
async def patience(limit: float) -> AsyncIterator[None]:
    """Raise ``TimeoutError`` after ``limit`` seconds, as ``asyncio.timeout`` does, but fairly.

    While the event loop is held, or the machine gives the process no time, an acknowledgement
    cannot be heard that has long arrived. So the limit is counted in steps, each looked at when the
    loop has turned, and a step that took longer than it should counts as one. A broker that is
    silent while the loop turns is given up after just the limit.
    """
    loop = asyncio.get_running_loop()
    handle: asyncio.Handle
    async with asyncio.timeout(None) as bound:

        def count(left: float) -> None:
            nonlocal handle
            if left <= 0:
                bound.reschedule(loop.time())
            else:
                step = min(STEP, left)
                handle = loop.call_later(step, count, left - step)

        handle = loop.call_soon(count, limit)
        try:
            yield
        finally:
            handle.cancel()
