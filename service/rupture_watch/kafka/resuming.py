"""Records from where a reader left off, for readers that keep their own positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiokafka.errors import KafkaError

from rupture_watch.kafka.consumer import EventConsumer, Seen

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from rupture_watch.kafka.admin import Place
    from rupture_watch.settings import KafkaSettings

MOST: Final = 500
"""Records of one batch: what a reader stores in one transaction."""


class ResumingConsumer(EventConsumer):
    """Reads every partition from the given offset on; one that is not named from its beginning.

    An offset that the partition no longer has (records expired, the topic was made anew) means
    the beginning as well: readers must be idempotent anyway.

    Args:
        kafka: how to connect.
        topics: names; all must exist.
        offsets: what to read next, by topic and partition.
    """

    def __init__(
        self, kafka: KafkaSettings, topics: Sequence[str], offsets: Mapping[Place, int]
    ) -> None:
        super().__init__(kafka, topics, from_beginning=True)
        self._offsets = offsets

    async def _open(self) -> None:
        await super()._open()
        partitions = list(self._client.assignment())
        first = await self._client.beginning_offsets(partitions)
        ends = await self._client.end_offsets(partitions)
        for partition in partitions:
            offset = self._offsets.get((partition.topic, partition.partition), 0)
            if not first[partition] <= offset <= ends[partition]:
                offset = first[partition]
            self._client.seek(partition, offset)

    async def batches(self) -> AsyncGenerator[list[Seen], None]:
        """Yield records in batches, without end; an empty one now and then where nothing comes.

        Raises:
            Unreachable: the cluster stopped answering.
        """
        while True:
            yield await self._fetch(MOST)

    async def lag(self) -> int:
        """Return how many records have been written that were not handed out yet.

        Raises:
            Unreachable: the cluster stopped answering.
        """
        try:
            ends = await self._client.end_offsets(list(self._client.assignment()))
            return sum(
                [end - await self._client.position(partition) for partition, end in ends.items()]
            )
        except KafkaError as error:
            raise self._gone(error) from error
