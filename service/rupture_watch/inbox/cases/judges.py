"""A process that judges beside the page, and is replaced should it die."""

from __future__ import annotations

import asyncio
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Judges:
    """One process, so that no reader waits for what is judged; work is done in its order."""

    def __init__(self) -> None:
        self._pool = _process()

    async def run(
        self,
        function: Callable[Given, Result],
        *arguments: Given.args,
        **named: Given.kwargs,
    ) -> Result:
        """Return what a function of a module returns; a process that died is tried once more."""
        loop, work = asyncio.get_running_loop(), partial(function, *arguments, **named)
        try:
            return await loop.run_in_executor(self._pool, work)
        except BrokenProcessPool:
            self._pool = _process()
            return await loop.run_in_executor(self._pool, work)

    def close(self) -> None:
        """Let the process go, with what it has not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))
