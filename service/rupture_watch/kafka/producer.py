"""Events onto topics, each acknowledged by every replica in sync."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from rupture_watch.failures import Unavailable
from rupture_watch.kafka.connection import connection_arguments
from rupture_watch.kafka.session import Session

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from rupture_watch.kafka.binary_mode import BinaryEvent
    from rupture_watch.settings import KafkaSettings

LINGER = 5
"""Milliseconds that a record waits for company; fewer requests at no visible delay."""
BATCH = 256 * 1024
LARGEST = 5 * 1024 * 1024
"""Bytes: the limit of the dead-letter topic, so that the broker decides, not the client."""


class EventProducer(Session):
    """An idempotent producer; the key's murmur2 hash picks the partition, as Java's does.

    ``send`` returns once the record is queued, with a future that resolves when it is written.
    Leaving the context waits for all that is queued.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        client = AIOKafkaProducer(
            **connection_arguments(kafka),
            enable_idempotence=True,
            acks="all",
            linger_ms=LINGER,
            max_batch_size=BATCH,
            max_request_size=LARGEST,
        )
        super().__init__(kafka, client)

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        partition: int | None = None,
    ) -> asyncio.Future[object]:
        """Queue one record; raise :class:`Unwritten` where it cannot even be queued."""
        try:
            written: asyncio.Future[object] = await self._client.send(
                topic, value=value, key=key, headers=list(headers), partition=partition
            )
        except KafkaError as error:
            raise Unwritten(f"{topic}: {type(error).__name__}") from error
        return written

    async def send_event(self, topic: str, event: BinaryEvent) -> asyncio.Future[object]:
        """Queue one CloudEvent."""
        return await self.send(topic, key=event.key, value=event.value, headers=event.headers)

    async def flush(self) -> None:
        """Wait until everything queued is written, or has failed."""
        await self._client.flush()


class Unwritten(Unavailable):
    """A record was not written; the line names its topic and the reason, never its content."""


async def acknowledged(written: Sequence[asyncio.Future[object]]) -> None:
    """Wait until all of these records are written; the first failure raises Unwritten."""
    for future in written:
        try:
            await future
        except KafkaError as error:
            raise Unwritten(f"not acknowledged: {type(error).__name__}") from error
