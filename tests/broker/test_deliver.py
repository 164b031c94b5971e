"""``rupture-watch deliver`` as a process, on a real Kafka, with real receivers."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.delivery.log import open_log
from rupture_watch.delivery.log.listing import listed
from rupture_watch.delivery.serving import group_name
from rupture_watch.kafka.admin import Admin
from tests.faults.topic_reader import producing
from tests.postgres import postgres
from tests.receivers.alerts import STATEMENT, alert_id, record, revision
from tests.receivers.deliver import Deliver, configured
from tests.receivers.post import PostOffice, open_office
from tests.receivers.sink import SECRET, Sink, listening
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rupture_watch.delivery.alerts import AlertRevision
    from rupture_watch.settings import Settings

__all__ = ["postgres"]

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="session")]

CHANGES = ("raised", "amended", "repaired")
CANARY = "case-canary-4711"


def _topic(settings: Settings) -> str:
    return topic_name(settings.topic_prefix, Channel.ALERTS)


async def _publish(settings: Settings, revisions: Iterable[AlertRevision]) -> int:
    """Publish revisions as the worker does; return how many."""
    async with producing(settings.kafka) as producer:
        count = 0
        for one in revisions:
            key, value, headers = record(one)
            await producer.send(_topic(settings), value, key=key, headers=headers)
            count += 1
        await producer.flush()
        return count


async def _committed(settings: Settings, records: int, limit: float = 30.0) -> None:
    """Wait until the group has committed this many records."""
    async with Admin(settings.kafka) as admin:

        async def committed() -> bool:
            return sum((await admin.committed(group_name(settings.app_id))).values()) == records

        await until(committed, limit=limit)


async def test_alerts_arrive_everywhere_and_every_offset_is_committed(
    topics: Settings, tmp_path: Path
) -> None:
    cases = [f"case-{n}" for n in range(10)]
    async with listening(Sink()) as sink, open_office(PostOffice()) as post:
        file = configured(tmp_path, hook=sink.url, mail=post.port)
        async with Deliver(topics, file, tmp_path) as deliver:
            await deliver.ready()
            for number, change in enumerate(CHANGES, start=1):
                await _publish(topics, (revision(case, number, change) for case in cases))
                await sink.until(lambda number=number: len(sink.taken) == 10 * number)  # type: ignore[misc]
                await post.until(10)  # what is over before a mail goes out is not mailed
            await _committed(topics, 30)
            assert (await deliver.probe("/readyz"))[0] == 200
            series = 'deliveries_total{channel="webhook",result="delivered"}'
            assert await deliver.metric(series) == 30
            assert await deliver.stop() == 0
    assert len(sink.effects) == len(sink.taken) == 30
    assert {m["To"] for m in post.mails} == {"lead@clinic.example"}
    assert len({m["Message-ID"] for m in post.mails}) == len(post.mails) == 10


async def test_a_receiver_that_is_down_gets_each_alert_once_and_in_order_when_it_is_back(
    topics: Settings, tmp_path: Path
) -> None:
    cases = [f"case-{n}" for n in range(25)]
    async with listening(Sink()) as gone:
        port = int(gone.url.split(":")[2].split("/")[0])
        file = configured(tmp_path, hook=gone.url)
    sink = Sink()
    async with Deliver(topics, file, tmp_path) as deliver:
        await deliver.ready()
        for number, change in enumerate(CHANGES, start=1):
            await _publish(topics, (revision(case, number, change) for case in cases))
        await deliver.logged("receiver away")
        await _committed(topics, 75)
        assert await deliver.stop() == 0
    async with Deliver(topics, file, tmp_path) as deliver:
        await deliver.ready()
        async with listening(sink, port=port):
            await sink.until(lambda: len(sink.taken) == 75)
        assert await deliver.stop() == 0
    assert len(sink.effects) == 75
    for case in cases:
        assert [m.alert[1] for m in sink.taken if m.alert[0] == alert_id(case)] == [1, 2, 3]


async def test_a_second_process_waits_and_takes_over_from_one_that_is_killed(
    topics: Settings, tmp_path: Path, postgres: Callable[[], str]
) -> None:
    async with listening(Sink()) as sink:
        file = configured(tmp_path, hook=sink.url, log=postgres())
        async with Deliver(topics, file, tmp_path) as first:
            await first.ready()
            async with Deliver(topics, file, tmp_path) as second:
                await second.logged("serving metrics and probes")
                await _publish(topics, [revision("case-1")])
                await sink.until(lambda: len(sink.taken) == 1)
                assert (await second.probe("/readyz"))[0] == 503
                assert (await second.probe("/livez"))[0] == 200
                await first.kill()
                await second.ready()
                await _publish(topics, [revision("case-1", 2, "amended")])
                await sink.until(lambda: len(sink.effects) == 2)
                assert await second.stop() == 0
    assert [message.alert[1] for message in sink.effects] == [1, 2]


async def test_a_log_that_was_set_back_is_brought_up_to_date_from_the_topic(
    topics: Settings, tmp_path: Path
) -> None:
    async with listening(Sink()) as sink:
        file = configured(tmp_path, hook=sink.url)
        database = tmp_path / "deliveries.db"
        async with Deliver(topics, file, tmp_path) as deliver:
            await deliver.ready()
            assert await deliver.stop() == 0
        kept = await asyncio.to_thread(database.read_bytes)
        async with Deliver(topics, file, tmp_path) as deliver:
            await deliver.ready()
            await _publish(topics, [revision("case-1"), revision("case-2")])
            await sink.until(lambda: len(sink.taken) == 2)
            await _committed(topics, 2)
            assert await deliver.stop() == 0
        await asyncio.to_thread(_set_back, database, kept)
        async with Deliver(topics, file, tmp_path) as deliver:
            await deliver.ready()
            await sink.until(lambda: len(sink.taken) == 4)
            assert await deliver.stop() == 0
    assert len(sink.effects) == 2  # the receiver knows the ids


async def test_a_new_installation_may_begin_with_what_comes_from_now_on(
    topics: Settings, tmp_path: Path
) -> None:
    await _publish(topics, [revision("before")])
    async with listening(Sink()) as sink:
        file = configured(tmp_path, hook=sink.url, start="now")
        async with Deliver(topics, file, tmp_path) as deliver:
            await deliver.ready()
            await deliver.kill()
        await _publish(topics, [revision("between")])
        async with Deliver(topics, file, tmp_path) as deliver:
            await deliver.ready()
            await _publish(topics, [revision("after")])
            await sink.until(lambda: len(sink.taken) == 2)
            assert await deliver.stop() == 0
    assert {m.alert[0] for m in sink.taken} == {alert_id("between"), alert_id("after")}


async def test_what_is_no_alert_is_counted_and_passed_over_and_no_line_tells_of_anybody(
    topics: Settings, tmp_path: Path
) -> None:
    key, value, headers = record(revision(CANARY))
    async with producing(topics.kafka) as producer:
        name = _topic(topics)
        await producer.send(name, b"{", key=key, headers=headers)
        await producer.send(name, value, key=key, headers=[])
        await producer.send(name, value.replace(b'"open"', b'"ajar"'), key=key, headers=headers)
        await producer.send(name, None, key=key, headers=headers)
        await producer.send(name, value, key=key, headers=headers)
        await producer.flush()
    async with listening(Sink("whsec_" + SECRET[6:][::-1])) as sink:  # refuses every signature
        file = configured(tmp_path, hook=sink.url, retries=[0.05])
        async with Deliver(topics, file, tmp_path) as deliver:
            await deliver.ready()
            await deliver.logged("given up")
            await _committed(topics, 5)
            assert await deliver.metric("alert_records_refused_total") == 4
            _, metrics = await deliver.probe("/metrics")
            assert await deliver.stop() == 0
    assert sink.forged == 2
    told = json.dumps(deliver.lines) + metrics
    for secret in (CANARY, alert_id(CANARY), STATEMENT, SECRET, "whsec_", "lead@"):
        assert secret not in told


@pytest.mark.parametrize("command", [[], ["--failed"], ["--json"], ["retry"], ["attempts", "1"]])
async def test_the_log_can_be_read_and_replayed_beside_the_running_process(
    topics: Settings, tmp_path: Path, command: list[str]
) -> None:
    async with listening(Sink("whsec_" + SECRET[6:][::-1])) as sink:
        file = configured(tmp_path, hook=sink.url, retries=[])
        async with Deliver(topics, file, tmp_path) as deliver:
            await deliver.ready()
            await _publish(topics, [revision(CANARY)])
            await deliver.logged("given up")
            code, out = await deliver.command("deliveries", "--config", str(file), *command)
            if command == ["retry"]:
                await sink.until(lambda: sink.forged == 2)
            assert await deliver.stop() == 0
    assert CANARY not in out
    assert alert_id(CANARY) not in out
    expected = {
        (): (0, "failed"),
        ("--failed",): (1, "rejected"),
        ("--json",): (0, '"state": "failed"'),
        ("retry",): (0, "1 will be tried again"),
        ("attempts", "1"): (0, "rejected (401)"),
    }[tuple(command)]
    assert (code, expected[1] in out) == (expected[0], True), out


async def test_without_its_topic_it_says_what_to_do_and_ends_with_78(
    settings: Settings, tmp_path: Path
) -> None:
    file = configured(tmp_path, hook="http://127.0.0.1:9/hook")
    async with Deliver(settings, file, tmp_path) as deliver:
        assert await deliver.ended() == 78
    assert "run `rupture-watch topics create`" in str(deliver.lines[-1]["detail"])


async def test_without_kafka_it_ends_with_70(topics: Settings, tmp_path: Path) -> None:
    file = configured(tmp_path, hook="http://127.0.0.1:9/hook")
    nowhere = topics.model_copy(
        update={"kafka": topics.kafka.model_copy(update={"bootstrap": "127.0.0.1:9"})}
    )
    async with Deliver(nowhere, file, tmp_path) as deliver:
        assert await deliver.ended() == 70
    assert deliver.lines[-1]["exit"] == 70


async def test_a_log_that_cannot_be_reached_ends_it_with_70(
    topics: Settings, tmp_path: Path
) -> None:
    file = configured(
        tmp_path, hook="http://127.0.0.1:9/hook", log="postgresql://nobody@127.0.0.1:9/x"
    )
    async with Deliver(topics, file, tmp_path) as deliver:
        assert await deliver.ended() == 70
    assert "the delivery log" in str(deliver.lines[-1]["detail"])


async def test_postgresql_that_goes_away_ends_it_with_70_and_nothing_is_lost(
    topics: Settings, tmp_path: Path, postgres: Callable[[], str]
) -> None:
    database = postgres()
    async with listening(Sink()) as sink:
        file = configured(tmp_path, hook=sink.url, log=database)
        async with Deliver(topics, file, tmp_path) as deliver:
            await deliver.ready()
            await _cut_off(database)
            assert await deliver.ended() == 70
        await _publish(topics, [revision("case-1")])
        async with Deliver(topics, file, tmp_path) as deliver:
            await sink.until(lambda: len(sink.taken) == 1)
            assert await deliver.stop() == 0
    url = make_url(database.replace("postgresql://", "postgresql+asyncpg://"))
    async with open_log(url) as engine:
        assert [row.state for row in await listed(engine, limit=9)] == ["delivered"]


def _set_back(database: Path, kept: bytes) -> None:
    """Replace a log by an earlier copy of it."""
    for part in database.parent.glob(f"{database.name}*"):
        part.unlink()
    database.write_bytes(kept)


async def _cut_off(database: str) -> None:
    """End every connection to a database, as a server that goes down does."""
    engine = create_async_engine(database.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await engine.dispose()
