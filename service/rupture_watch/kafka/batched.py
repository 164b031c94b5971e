"""The events of one request onto topics, in whole batches, beside other requests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError

from rupture_watch.kafka.bulk import BulkProducer, fits, partition_hash
from rupture_watch.kafka.producer import Unwritten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.kafka.admin import Place
    from rupture_watch.kafka.binary_mode import BinaryEvent

FEW = 4
"""Events up to which the client's own batches, shared with other requests, cost less."""


class BatchProducer(BulkProducer):
    """Writes groups of events side by side; each group knows when all of it is written."""

    async def write(self, events: Sequence[tuple[str, BinaryEvent]]) -> None:
        """Write events to their topics and return when every one is acknowledged.

        Events of one key keep their order.

        Raises:
            Unwritten: at least one is not known to be written; others may be.
        """
        if len(events) <= FEW:
            futures = [await self.send_event(topic, event) for topic, event in events]
        else:
            futures = await self._in_batches(events)
        results = await asyncio.gather(*futures, return_exceptions=True)
        for result in results:
            if isinstance(result, KafkaError):
                raise Unwritten(f"not acknowledged: {type(result).__name__}") from result
            if isinstance(result, BaseException):
                raise result

    async def _in_batches(
        self, events: Sequence[tuple[str, BinaryEvent]]
    ) -> list[asyncio.Future[object]]:
        futures: list[asyncio.Future[object]] = []
        filling: dict[Place, Any] = {}
        for topic, event in events:
            count = self._counts.get(topic) or await self._count_partitions(topic)
            place = topic, partition_hash(event.key) % count
            batch = filling.get(place)
            while batch is None or not fits(batch, event):
                if batch is not None:
                    futures.append(await self._send_batch(place, batch))
                batch = filling[place] = self._client.create_batch()
        for place, batch in filling.items():
            futures.append(await self._send_batch(place, batch))
        return futures
