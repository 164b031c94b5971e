"""The demo from its first line to its last count."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rupture_watch.operations.demo.cast import Cast, assemble
from rupture_watch.operations.demo.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from rupture_watch.contracts.topics import Channel
    from rupture_watch.operations.simulate.live import LiveClinic
    from rupture_watch.operations.simulate.wire import Event
    from rupture_watch.operations.tail import PublishedAlert
    from rupture_watch.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What to show: ``seconds`` of a clinic (None: until stopped) and so many workers.

    ``say`` is told what goes on, ``show`` every alert event. ``page``: serve the inbox as well.
    """

    seconds: float | None
    workers: int
    clinic: LiveClinic
    say: Callable[[str], None]
    show: Callable[[PublishedAlert], None]
    page: bool = False


async def run(demo: Demo, settings: Settings) -> Tally | None:
    """Run the demo; return its tally once all is settled, None if stopped before it began.

    With ``KAFKA_BOOTSTRAP`` it uses that Kafka, otherwise one of its own. Topics, consumer group
    and data are its own in either case, and gone afterwards. SIGINT and SIGTERM end it early.

    Raises:
        DemoFailure, BrokerFailure: a part ended by itself, or the service did not keep up.
        Unreachable, Refused: the Kafka that was named does not answer, or not to us.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    tally = Tally()
    async with AsyncExitStack() as stack:
        cast = await _unless(stopped, assemble(demo, settings, tally, stack))
        if cast is None:
            return None
        await _play(demo, cast, tally, stopped)
        demo.say("stopping")
    return tally


async def _unless(
    stopped: asyncio.Event, assembled: Coroutine[object, object, Cast]
) -> Cast | None:
    """Wait for the cast; None if it is stopped before it is complete."""
    assembling = asyncio.create_task(assembled)
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((assembling, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if assembling.done():
        return assembling.result()
    assembling.cancel()
    await asyncio.gather(assembling, return_exceptions=True)
    return None


async def _play(demo: Demo, cast: Cast, tally: Tally, stopped: asyncio.Event) -> None:
    """Let the clinic run until its time is up; then wait until all that it sent is judged."""
    failures: list[asyncio.Task[Exception]] = [
        asyncio.create_task(failed()) for failed in cast.failures
    ]
    following = asyncio.create_task(cast.watching.run())
    clinic = asyncio.create_task(_run_clinic(demo, cast, tally))
    ends = asyncio.create_task(_ending(demo.seconds, stopped))
    tasks: list[asyncio.Task[object]] = [*failures, following, clinic, ends]
    demo.say("the clinic runs: its past weeks fast, then calmly; Ctrl-C ends it with a summary")
    try:
        await _first(ends, clinic, following, *failures)
        clinic.cancel()
        demo.say("the clinic has stopped; waiting until every event is judged")
        settling = asyncio.create_task(_settle(cast))
        tasks.append(settling)
        await _first(settling, following, *failures)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run_clinic(demo: Demo, cast: Cast, tally: Tally) -> None:
    async def send(channel: Channel, case: str, event: Event) -> None:
        tally.note_sent(event.get("id", ""), event.get("time", ""), time.time())
        await cast.sender.send(channel, case, event)

    await demo.clinic.run(send, cast.sender.tick)


async def _settle(cast: Cast) -> None:
    await cast.producer.flush()
    await cast.watching.caught_up(cast.admin)


async def _ending(seconds: float | None, stopped: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopped.wait(), seconds)
    except TimeoutError:
        return


async def _first(expected: asyncio.Task[object], *others: asyncio.Task[object]) -> None:
    """Wait for ``expected``; should another task end first, that is a failure: raise it."""
    await asyncio.wait({expected, *others}, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        if task.done() and isinstance(failure := task.result(), Exception):
            raise failure
    if expected.done():
        expected.result()
