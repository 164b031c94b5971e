"""The log that the lane writes to, on a real broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aiokafka.partitioner import DefaultPartitioner

from rupture_watch.kafka.admin import Admin, TopicPlan
from rupture_watch.stream.kafka_log import BATCH_BYTES, KafkaLog, producer
from rupture_watch.stream.lease import Lease, now
from rupture_watch.stream.ports import Outgoing, PutOut
from tests.faults.topic_reader import read_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rupture_watch.settings import Settings

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def lease() -> Lease:
    lease = Lease(session=3600.0)
    lease.renew(now())
    return lease


@pytest_asyncio.fixture(loop_scope="session")
async def log(settings: Settings, lease: Lease) -> AsyncIterator[KafkaLog]:
    async with Admin(settings.kafka) as admin:
        await admin.create([TopicPlan(settings.app_id, 4, 1, {})])
    log = KafkaLog(producer(settings.kafka, lease), limit=20.0, lease=lease)
    await log.start()
    yield log
    await log.stop()


async def test_more_than_one_batch_is_written_in_order_and_every_offset_is_known(
    settings: Settings, log: KafkaLog
) -> None:
    state = b"s" * (BATCH_BYTES // 8)
    changes = [(b"c%d" % n, state if n % 3 else None) for n in range(50)]
    first = await log.append(settings.app_id, 2, changes)
    second = await log.append(settings.app_id, 2, [(b"last", b"1")])
    assert [*first, *second] == list(range(51))
    written = await read_all(settings.kafka, settings.app_id)
    assert [(r.key, r.value) for r in written] == [*changes, (b"last", b"1")]
    assert {record.partition for record in written} == {2}


async def test_without_a_partition_the_key_decides_as_in_every_client(
    settings: Settings, log: KafkaLog
) -> None:
    keys = [b"case-%d" % number for number in range(40)]
    await log.publish([Outgoing(settings.app_id, key, b"v", ()) for key in keys])
    known = [0, 1, 2, 3]
    found = {r.key: r.partition for r in await read_all(settings.kafka, settings.app_id)}
    assert found == {key: DefaultPartitioner()(key, known, known) for key in keys}


async def test_a_record_of_nothing_but_headers_can_be_written(
    settings: Settings, log: KafkaLog
) -> None:
    headers = (("a", None), ("a", b"\xff"), ("b", b""))
    await log.publish([Outgoing(settings.app_id, None, None, headers, 1)])
    [record] = await read_all(settings.kafka, settings.app_id)
    assert (record.key, record.value, tuple(record.headers)) == (None, None, headers)


async def test_nothing_is_written_once_the_lease_is_lost(
    settings: Settings, log: KafkaLog, lease: Lease
) -> None:
    lease.lose()
    with pytest.raises(PutOut):
        await log.append(settings.app_id, 0, [(b"c", b"s")])
    with pytest.raises(PutOut):
        await log.publish([Outgoing(settings.app_id, b"c", b"v", ())])
    assert await read_all(settings.kafka, settings.app_id) == []
