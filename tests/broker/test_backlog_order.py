"""A backlog on a real broker: several topics, worked off in the order they were written in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.operations import topics
from tests.faults.topic_reader import drained, producing, read_all
from tests.faults.worker import COUNTING, Worker

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="session")]

INPUTS = (Channel.RATINGS, Channel.ATTENDANCE, Channel.FRAME)
PARTITIONS = 2
ROUNDS = 12
BATCH = 250


async def test_a_backlog_of_several_topics_is_processed_in_the_order_of_their_timestamps(
    settings: Settings,
) -> None:
    """Every record is passed on as a safety item; those of one case keep their order."""
    few = settings.model_copy(update={"partitions": PARTITIONS})
    await topics.create(few)
    await _fill(few)
    names = [topic_name(few.topic_prefix, channel) for channel in INPUTS]
    async with Worker(few, module=COUNTING) as worker:
        await worker.ready()
        await drained(few, names)
        assert await worker.stop() == 0
    written = [record for name in names for record in await read_all(few.kafka, name)]
    processed = await read_all(few.kafka, topic_name(few.topic_prefix, Channel.SAFETY))
    for partition in range(PARTITIONS):
        mine = [record for record in written if record.partition == partition]
        order = [(r.topic, r.offset) for r in sorted(mine, key=_when)]
        found = [json.loads(item.value) for item in processed if item.key == _case(partition)]
        assert [(topic, offset) for topic, _, offset in found] == order


async def _fill(settings: Settings) -> None:
    """Write to the topics in turn, batch by batch: far more than one fetch of each."""
    async with producing(settings.kafka) as producer:
        for _ in range(ROUNDS):
            for channel in INPUTS:
                for partition in range(PARTITIONS):
                    batch = producer.create_batch()
                    for _ in range(BATCH):
                        batch.append(key=_case(partition), value=b"risk", timestamp=None)
                    name = topic_name(settings.topic_prefix, channel)
                    await (await producer.send_batch(batch, name, partition=partition))


def _case(partition: int) -> bytes:
    return b"case-%d" % partition


def _when(record: Any) -> tuple[int, str, int]:
    timestamp: int = record.timestamp
    return timestamp, record.topic, record.offset
