"""Waiting for what another process, thread or broker does: for the condition, never for a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LOOK = 0.05
"""Seconds between two looks; nothing tells us when the other side has moved."""


async def until(holds: Callable[[], Awaitable[bool] | bool], *, limit: float = 30.0) -> None:
    """Return once ``holds`` does; TimeoutError after ``limit`` seconds without."""
    async with asyncio.timeout(limit):
        while True:
            held = holds()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(LOOK)
