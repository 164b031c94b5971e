"""Events onto Kafka's topics, and a producer that comes back when Kafka does."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Protocol

from rupture_watch.kafka.batched import BatchProducer
from rupture_watch.kafka.producer import Unwritten
from rupture_watch.kafka.session import Unreachable

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from rupture_watch.kafka.binary_mode import BinaryEvent
    from rupture_watch.settings import KafkaSettings

logger = logging.getLogger(__name__)

PAUSE: Final = 1.0
"""Seconds between two tries to reach Kafka again."""
PARTING: Final = 5.0
"""Seconds at the end for what is under way; every answer has been given by then."""


class Unavailable(Exception):
    """Something that is needed is away for now: the sender is told to come again.

    Kafka did not acknowledge, or has not told yet what must be known. A repeat changes nothing.
    """


class Writer(Protocol):
    """Where events go; a test may keep them instead."""

    @property
    def ready(self) -> bool:
        """Whether events can be written now, as far as is known."""

    async def write(self, events: Sequence[tuple[str, BinaryEvent]]) -> None:
        """Return when every event is acknowledged.

        Raises:
            Unavailable: one is not known to be written.
        """


class KafkaWriter:
    """Writes through one producer, and makes a new one after a failure.

    An idempotent producer whose batch was given up has a hole in its numbering, and the broker
    refuses everything after it. So it is never used again. What it had under way may still be
    written, and then again when its sender comes back: the event's id is the same.
    """

    def __init__(self, kafka: KafkaSettings, *, timeout: float) -> None:
        self._kafka = kafka
        self._timeout = timeout
        self._producer: BatchProducer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def ready(self) -> bool:
        """Whether there is a producer that has not failed."""
        return self._producer is not None

    async def start(self) -> None:
        """Connect.

        Raises:
            Unreachable, NotAdmitted, Unreadable: as the producer.
        """
        self._producer = await BatchProducer(self._kafka).__aenter__()

    async def stop(self) -> None:
        """Write what is under way and disconnect."""
        self._closing = True
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(PARTING):
                    await _closed(producer)
            except TimeoutError:
                logger.warning("Kafka did not acknowledge what was under way")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def write(self, events: Sequence[tuple[str, BinaryEvent]]) -> None:
        """Return when every event is acknowledged by all replicas in sync."""
        producer = self._producer
        if producer is None:
            raise Unavailable
        try:
            async with asyncio.timeout(self._timeout):
                await producer.write(events)
        except (Unwritten, TimeoutError) as error:
            self._replace(producer, error)
            raise Unavailable from error

    def _replace(self, failed: BatchProducer, error: Exception) -> None:
        if self._producer is not failed or self._closing:
            return
        self._producer = None
        logger.warning("Kafka does not acknowledge", extra={"error": type(error).__name__})
        self._spawn(_closed(failed))
        self._spawn(self._reconnect())

    async def _reconnect(self) -> None:
        while not self._closing:
            try:
                await self.start()
            except Unreachable:
                await asyncio.sleep(PAUSE)
            except Exception as error:  # noqa: BLE001 - whatever it is, going on trying is all there is
                logger.warning("no way to Kafka", extra={"error": type(error).__name__})
                await asyncio.sleep(PAUSE)
            else:
                logger.info("Kafka takes events again")
                return

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _closed(producer: BatchProducer) -> None:
    """Close a producer; one that failed goes on trying until its batches have expired."""
    try:
        await producer.__aexit__(None, None, None)
    except Exception as error:  # noqa: BLE001 - it has failed before; its last words are no news
        logger.info("a producer did not close well", extra={"error": type(error).__name__})
