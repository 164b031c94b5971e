"""Reviews on their way: durable here, then acknowledged by Kafka, then said to be done.

A review that Kafka has not acknowledged stays here and is sent again, with the same bytes and the
same id, until it is: whoever reads it twice takes it once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from rupture_watch.contracts import writing
from rupture_watch.contracts.reading import read
from rupture_watch.contracts.topics import Channel, EventType, topic_name
from rupture_watch.contracts.wire import timestamp
from rupture_watch.inbox.projection.alert_rows import AlertRows
from rupture_watch.inbox.projection.incoming import IncomingFact
from rupture_watch.inbox.storage.local_schema import outgoing
from rupture_watch.kafka.producer import EventProducer, Unwritten, acknowledged
from rupture_watch.kafka.session import Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.inbox.storage.database import Database
    from rupture_watch.settings import KafkaSettings

log = logging.getLogger(__name__)

SOURCE: Final = "/rupture-watch/inbox"
PATIENCE: Final = 5.0
"""Seconds for which a person waits; then the page says that the answer is on its way."""
AGAIN: Final = 5.0
"""Seconds between two tries of what was not acknowledged."""
_ID_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about an alert; ``token`` is of the form that was sent.

    The same form sent twice is one decision.
    """

    ref: str
    alert_id: str
    action: str
    reason_code: str | None
    by_role: str
    user_id: int
    token: str


class Decisions:
    """Publishes reviews, each acknowledged.

    Args:
        database: keeps what is on its way.
        kafka: how to connect.
        prefix: that of the topics.
    """

    def __init__(self, database: Database, kafka: KafkaSettings, prefix: str) -> None:
        self._database = database
        self._kafka = kafka
        self._topic = topic_name(prefix, Channel.REVIEWS)
        self._producer: EventProducer | None = None
        self._sending = asyncio.Lock()
        self._waiting = asyncio.Event()

    async def take(self, decision: Decision) -> bool:
        """Take a decision; tell whether Kafka has acknowledged it within a few seconds."""
        event_id = sha256(f"{decision.token}|{decision.alert_id}".encode()).hexdigest()[:_ID_DIGITS]
        value, headers = _event(decision, event_id, time.time_ns() // 1_000)
        async with self._database.writing() as connection:
            known = (
                await connection.execute(
                    select(outgoing.c.acknowledged).where(outgoing.c.event_id == event_id)
                )
            ).first()
            if known is not None and known.acknowledged is not None:
                return True
            if known is None:
                await connection.execute(
                    insert(outgoing).values(
                        event_id=event_id,
                        ref=decision.ref,
                        value=value,
                        headers=json.dumps([[name, text.decode()] for name, text in headers]),
                        user_id=decision.user_id,
                        created=time.time_ns() // 1_000,
                    )
                )
        try:
            async with asyncio.timeout(PATIENCE):
                await self._send([event_id])
        except (Unreachable, Unwritten, TimeoutError) as error:
            log.warning("a review waits for Kafka", extra={"error": type(error).__name__})
            self._waiting.set()
            return False
        return True

    async def run(self) -> None:
        """Send again what was not acknowledged, until cancelled; begin with what a crash left."""
        self._waiting.set()
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            try:
                await self._send(await self._unacknowledged())
            except (Unreachable, Unwritten) as error:
                log.warning("reviews wait for Kafka", extra={"error": type(error).__name__})
                self._waiting.set()
                await asyncio.sleep(AGAIN)

    async def close(self) -> None:
        """Let the producer go."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.__aexit__(None, None, None)

    async def _unacknowledged(self) -> list[str]:
        async with self._database.reading() as connection:
            rows = await connection.execute(
                select(outgoing.c.event_id)
                .where(outgoing.c.acknowledged.is_(None))
                .order_by(outgoing.c.created)
            )
            return list(rows.scalars())

    async def _send(self, ids: Sequence[str]) -> None:
        """Publish these and apply them here, once Kafka has acknowledged them."""
        async with self._sending:
            for event_id in ids:
                async with self._database.reading() as connection:
                    row = (
                        await connection.execute(
                            select(outgoing).where(outgoing.c.event_id == event_id)
                        )
                    ).first()
                if row is None or row.acknowledged is not None:
                    continue
                headers = [(name, text.encode()) for name, text in json.loads(row.headers)]
                producer = await self._connected()
                try:
                    written = await producer.send(
                        self._topic, key=row.ref.encode(), value=row.value, headers=headers
                    )
                    await acknowledged([written])
                except Unwritten:
                    await self.close()
                    raise
                await self._apply(event_id, row.ref, row.value, headers)

    async def _connected(self) -> EventProducer:
        if self._producer is None:
            producer = EventProducer(self._kafka)
            await producer.__aenter__()
            self._producer = producer
        return self._producer

    async def _apply(
        self, event_id: str, ref: str, value: bytes, headers: list[tuple[str, bytes]]
    ) -> None:
        incoming = read(ref.encode(), value, headers)
        received = time.time_ns() // 1_000_000
        line = writing.structured(value, headers)
        found = IncomingFact(ref, incoming.fact, incoming.type, line, received)
        async with self._database.writing() as connection:
            await connection.execute(
                update(outgoing)
                .where(outgoing.c.event_id == event_id)
                .values(acknowledged=time.time_ns() // 1_000)
            )
            await AlertRows(connection).take([], [found])


def _event(decision: Decision, event_id: str, at: int) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return a review as a CloudEvent; it names a role and no person."""
    data: dict[str, Any] = {
        "alert_id": decision.alert_id,
        "action": decision.action,
        "by_role": decision.by_role,
    }
    if decision.reason_code is not None:
        data["reason_code"] = decision.reason_code
    attributes = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": EventType.ALERT_REVIEWED.value,
        "subject": decision.ref,
        "time": timestamp(at),
        "dataschema": writing.schema_id(EventType.ALERT_REVIEWED.value),
    }
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    return writing.canonical(data), [*headers, ("content-type", b"application/json")]
