"""``rupture-watch simulate --live``: a simulated clinic and its clock, onto the topics."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.kafka.binary_mode import STRUCTURED, NotAnEvent, to_binary
from rupture_watch.kafka.producer import EventProducer, Unwritten

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rupture_watch.operations.simulate.live import LiveClinic
    from rupture_watch.operations.simulate.wire import Event
    from rupture_watch.settings import Settings


class Sender:
    """Puts a clinic's events and ticks onto the topics.

    Args:
        settings: name the topics.
        producer: writes to them.
        acknowledged: called once for every event that is written.
    """

    def __init__(
        self, settings: Settings, producer: EventProducer, acknowledged: Callable[[], None]
    ) -> None:
        self._prefix = settings.topic_prefix
        self._partitions = settings.partitions
        self._producer = producer
        self._acknowledged = acknowledged
        self._unwritten: asyncio.Future[Unwritten] = asyncio.get_running_loop().create_future()

    async def send(self, channel: Channel, case: str, event: Event) -> None:
        """Send one event; one that is no CloudEvent goes as it stands, as a bad sender would."""
        topic = topic_name(self._prefix, channel)
        line = msgspec.json.encode(event)
        try:
            written = await self._producer.send_event(topic, to_binary(line))
        except NotAnEvent:
            written = await self._producer.send(
                topic, key=case.encode(), value=line, headers=STRUCTURED
            )
        written.add_done_callback(self._land)

    async def tick(self, moment: datetime) -> None:
        """Tell every partition how late it is in the clinic."""
        value = msgspec.json.encode({"time": moment})
        topic = topic_name(self._prefix, Channel.TICKS)
        for partition in range(self._partitions):
            await self._producer.send(topic, key=None, value=value, partition=partition)

    async def failed(self) -> Unwritten:
        """Wait until the broker does not acknowledge an event; return that as a failure."""
        return await asyncio.shield(self._unwritten)

    def _land(self, written: asyncio.Future[object]) -> None:
        error = written.exception()
        if error is None:
            self._acknowledged()
        elif not self._unwritten.done():
            self._unwritten.set_result(Unwritten(f"not acknowledged: {type(error).__name__}"))


async def send(clinic: LiveClinic, settings: Settings, progress: Callable[[int], None]) -> None:
    """Run the clinic until cancelled; ``progress`` is told how many events are written.

    Raises:
        Unreachable, Unwritten: the cluster does not answer, or stopped acknowledging.
    """
    count = 0

    def acknowledged() -> None:
        nonlocal count
        count += 1
        progress(count)

    async with EventProducer(settings.kafka) as producer:
        sender = Sender(settings, producer, acknowledged)
        running = asyncio.create_task(clinic.run(sender.send, sender.tick))
        failing = asyncio.create_task(sender.failed())
        try:
            await asyncio.wait((running, failing), return_when=asyncio.FIRST_COMPLETED)
            if failing.done():
                raise failing.result()
            await running
        finally:
            running.cancel()
            failing.cancel()
