"""States and records from the partitions of one installation to those of another, by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.kafka.binary_mode import BinaryEvent
from rupture_watch.kafka.bulk import BulkProducer
from rupture_watch.kafka.topics import changelog_name
from rupture_watch.kafka.transactions import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rupture_watch.kafka.admin import Place
    from rupture_watch.kafka.spans import Span, SpanReader
    from rupture_watch.kafka.transactions import AtomicProducer
    from rupture_watch.settings import Settings


class Carrier:
    """Carries stretches of partitions, and notes for a group how far it has come.

    ``tell`` is told the topic written to and how many records of it.
    """

    def __init__(
        self,
        reader: SpanReader,
        producer: AtomicProducer,
        *,
        group: str,
        tell: Callable[[str, int], object],
    ) -> None:
        self._reader = reader
        self._producer = producer
        self._group = group
        self._tell = tell

    async def states(self, spans: Mapping[Place, Span], new: Settings) -> int:
        """Write the last state of every case to the new changelog; return how many.

        Not in a transaction: its marker would be the last thing in a partition, and a restore waits
        for a record there. Twice is as good as once here, for the last one counts. A partition is
        noted as done when all of it is acknowledged.
        """
        changelog = changelog_name(new.app_id)
        written = 0
        async with BulkProducer(new.kafka) as bulk:
            for place, span in spans.items():
                last: dict[bytes, bytes | None] = {}
                async for records, _ in self._reader.read(place, span):
                    last.update((r.key, r.value) for r in records if r.key is not None)
                for key, state in last.items():
                    await bulk.add(changelog, BinaryEvent("", key, state, []))  # type: ignore[arg-type] # a tombstone has none
                written += len(last)
                await bulk.settle()
                await self._producer.write([], group=self._group, positions={place: span.end})
                self._tell(changelog, written)
        return written

    async def records(self, place: Place, span: Span, target: str, *, keyed: bool) -> int:
        """Write a stretch of a partition to the target topic, untouched; return how many records.

        Where they are not ``keyed`` by case, or have no key, they keep their partition's number.
        """
        written = 0
        async for records, reached in self._reader.read(place, span):
            writes = [
                Write(
                    target,
                    r.key,
                    r.value,
                    r.headers,
                    None if keyed and r.key is not None else r.partition,
                    r.timestamp,
                )
                for r in records
            ]
            await self._producer.write(writes, group=self._group, positions={place: reached})
            written += len(writes)
            self._tell(target, written)
        return written
