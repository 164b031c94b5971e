"""The lane's work as tasks of their own: nobody cancels them, a failure ends the process."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, NoReturn

from aiokafka.errors import KafkaError

from rupture_watch.codec.case_state import NewerState
from rupture_watch.failures import MISCONFIGURED, UNAVAILABLE
from rupture_watch.kafka.admission import NOT_ALLOWED
from rupture_watch.stream.ports import LogFailed, PutOut

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

logger = logging.getLogger(__name__)


class Turns:
    """Runs one piece of work after another outside of its caller's reach.

    Stopping a Faust app cancels the loop that fetches, in the middle of awaited acknowledgements,
    and Faust commits past an event whose handler raised. So each turn is a task behind a shield,
    and no exception ever leaves it: the process ends instead, and its successor replays.

    ``put_out`` turns true where a turn ended because the group has put the worker out: memory is
    then ahead of the changelog, with nobody left to write it, and has to be dropped.
    """

    def __init__(self, die: Callable[[BaseException], None] | None = None) -> None:
        self.put_out = False
        self._running: set[asyncio.Task[None]] = set()
        self._die = die or end_process

    async def take(self, work: Coroutine[None, None, None]) -> None:
        """Run this to its end, even if the caller is cancelled while it waits."""
        task = asyncio.create_task(self._guarded(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)

    @property
    def running(self) -> int:
        """How many turns are in progress."""
        return len(self._running)

    async def idle(self) -> None:
        """Wait until every turn in progress has ended."""
        while self._running:
            await asyncio.wait(self._running)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except PutOut:
            self.put_out = True
            logger.warning("put out of the group in the middle of a turn")
        except Exception as error:  # noqa: BLE001 - whatever it is, going on could lose events
            self._die(error)


def end_process(error: BaseException) -> NoReturn:
    """Say why in one line and end at once, writing nothing more: a successor starts over."""
    if isinstance(error, NewerState):
        logger.critical(
            "the state is a newer service's: run that version", extra={"exit": MISCONFIGURED}
        )
        os._exit(MISCONFIGURED)
    if (detail := _lacking(error)) is not None:
        logger.critical(
            "Kafka does not allow this user what it needs",
            extra={
                "detail": detail,
                "exit": MISCONFIGURED,
                "remedy": "grant what `rupture-watch rights` lists for the worker",
            },
        )
        os._exit(MISCONFIGURED)
    if isinstance(error, LogFailed | KafkaError):
        detail = str(error) if isinstance(error, LogFailed) else type(error).__name__
        logger.critical("Kafka has failed us", extra={"detail": detail, "exit": UNAVAILABLE})
    else:
        logger.critical("internal error", exc_info=error, extra={"exit": UNAVAILABLE})
    os._exit(UNAVAILABLE)


def _lacking(error: BaseException) -> str | None:
    """Return how the broker put it where the user lacks a right, else None."""
    if isinstance(error, NOT_ALLOWED):
        return type(error).__name__
    said = str(error).rpartition(" ")[2] if isinstance(error, LogFailed) else ""
    return said if said in {kind.__name__ for kind in NOT_ALLOWED} else None
