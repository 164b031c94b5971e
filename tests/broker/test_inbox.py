"""The inbox on a real Kafka: killed in the middle of answers, rebuilt, and quick to show."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from rupture_watch.contracts.reading import read
from rupture_watch.inbox.access.roles import Role
from tests.browser.stage import Stage, alerts_of, staged, stories
from tests.inbox_records import Tape
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rupture_watch.operations.broker import LocalBroker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]


@pytest.fixture
async def stage(broker: LocalBroker, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(broker.kafka, tmp_path) as found:
        yield found


async def a_session(stage: Stage) -> aiohttp.ClientSession:
    token = await stage.person("berg", Role.LEAD)
    return aiohttp.ClientSession(stage.address, cookies={"rupture-watch": token})


async def a_form(session: aiohttp.ClientSession, path: str) -> str:
    async with session.get(path) as page:
        return (await page.text()).split('name="csrf" value="')[1].split('"')[0]


async def test_killed_in_the_middle_of_answers_it_loses_none_and_sends_none_twice(
    stage: Stage,
) -> None:
    tape = stories()
    alerts = [
        (data["alert_id"], next(
            (one.key or b"").decode() for one in tape.records
            if data["alert_id"].encode() in (one.value or b"")
        ))
        for data in alerts_of(tape).values()
    ]  # fmt: skip
    taken: set[str] = set()
    async with await a_session(stage) as session:
        csrf = await a_form(session, "/settings")

        async def answer(number: int) -> None:
            alert_id, ref = alerts[number % len(alerts)]
            data = {"csrf": csrf, "alert_id": alert_id, "action": "acknowledged",
                    "token": f"the-form-{number:03d}"}  # fmt: skip
            try:
                async with session.post(
                    f"/cases/{ref}/decide", data=data, allow_redirects=False
                ) as said:
                    assert said.status == 303
                    if said.headers["location"].endswith("said=acknowledged"):
                        taken.add(data["token"])
            except aiohttp.ClientError:
                return

        answers = [asyncio.create_task(answer(number)) for number in range(60)]

        async def some_were_taken() -> bool:
            return len(taken) >= 10

        await until(some_were_taken, limit=60)
        stage.process.kill()
        await stage.process.wait()
        await asyncio.gather(*answers)
    assert 10 <= len(taken) < 60
    kept = await stage.figure("SELECT count(*) FROM outgoing")
    assert kept >= len(taken)
    await stage.start()
    await stage.caught_up("SELECT count(*) FROM outgoing WHERE acknowledged IS NULL", 0)
    records = await stage.reviews()
    by_id: dict[str, set[bytes]] = {}
    for one in records:
        incoming = read(one.key, one.value, one.headers)
        by_id.setdefault(incoming.fact.event_id, set()).add(one.value)
    assert len(by_id) == kept, "every answer that was kept is on the topic"
    assert all(len(values) == 1 for values in by_id.values()), "a repetition has the same bytes"
    await stage.caught_up("SELECT count(*) FROM reviews", kept)


async def test_a_rebuild_leads_to_the_same_inbox(stage: Stage) -> None:
    async with await a_session(stage) as session:
        csrf = await a_form(session, "/settings")
        (alert,) = await rows(stage, "SELECT alert_id, ref FROM alerts WHERE listed > 0 LIMIT 1")
        data = {"csrf": csrf, "alert_id": alert["alert_id"], "action": "repair_opened",
                "token": "the-only-form"}  # fmt: skip
        async with session.post(f"/cases/{alert['ref']}/decide", data=data) as said:
            assert said.status == 200
    await stage.caught_up("SELECT count(*) FROM reviews", 1)
    queries = (
        "SELECT alert_id, revision, stage, listed, headline FROM alerts ORDER BY alert_id",
        "SELECT ref, kind, name, event_id FROM facts ORDER BY ref, kind, name",
        "SELECT alert_id, revision, kind FROM changes ORDER BY alert_id, revision",
        "SELECT ref, sessions, last_seen FROM cases ORDER BY ref",
        "SELECT source, type, events FROM sources ORDER BY source, type",
    )
    before = [await rows(stage, query) for query in queries]
    stage.process.terminate()
    assert await asyncio.wait_for(stage.process.wait(), 20) == 0
    for option in ([], ["--from-topics-only"]):
        rebuilding = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "rupture_watch", "inbox", "rebuild", "--json", *option,
            env=stage.environment, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(rebuilding.communicate(), 60)
        assert rebuilding.returncode == 0
        assert json.loads(output)["records"] > 100
        assert [await rows(stage, query) for query in queries] == before, option
    assert await stage.figure("SELECT count(*) FROM users") == 1


async def test_an_event_is_in_the_inbox_within_a_second_of_its_acknowledgement(
    stage: Stage,
) -> None:
    waits = []
    tape = stories()
    (first, *_) = [one for one in tape.records if one.topic.endswith("alerts.v1")]
    async with await a_session(stage) as session:
        for number in range(15):
            alert_id = f"{number:032x}"
            value = json.dumps({**json.loads(first.value or b""), "alert_id": alert_id}).encode()
            since = await stage.figure("SELECT max(received) FROM alerts")
            async with session.get(f"/live?since={since}") as stream:
                await stage.publish(Tape(records=[first._replace(value=value)]))
                begun = time.monotonic()
                async with asyncio.timeout(20):
                    async for line in stream.content:
                        if line.startswith(b"data:") and json.loads(line[5:])["new"]:
                            break
                waits.append(time.monotonic() - begun)
    waits.sort()
    assert waits[len(waits) // 2] < 1.0, waits


async def test_without_kafka_the_page_says_so_and_keeps_what_is_answered(
    broker: LocalBroker, tmp_path: Path
) -> None:
    del broker
    environment = {
        **os.environ, "KAFKA_BOOTSTRAP": "127.0.0.1:9", "RUPTURE_WATCH_DATA_DIR": str(tmp_path),
        "RUPTURE_WATCH_INBOX_PORT": "0",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rupture_watch", "inbox", "--guest",
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        address = (await process.stdout.readline()).decode().split()[1]
        link = (await process.stdout.readline()).decode().split()[-1]
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            async with session.post(link) as page:
                text = await page.text()
            assert "Kafka does not answer" in text
            assert "Nothing needs you now" in text
            async with session.get(f"{address}/readyz") as answer:
                assert answer.status == 503
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_missing_topics_end_it_with_one_line(broker: LocalBroker, tmp_path: Path) -> None:
    environment = {
        **os.environ, "KAFKA_BOOTSTRAP": broker.bootstrap, "RUPTURE_WATCH_TOPIC_PREFIX": "none.",
        "RUPTURE_WATCH_DATA_DIR": str(tmp_path), "RUPTURE_WATCH_INBOX_PORT": "0",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rupture_watch", "inbox",
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 78
    assert b"is missing: run `rupture-watch topics create`" in errors


async def rows(stage: Stage, query: str) -> list[dict[str, Any]]:
    async with stage.database.reading() as connection:
        found = await connection.exec_driver_sql(query)
        return [dict(row) for row in found.mappings()]
