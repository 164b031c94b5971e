"""The gateway as a process in front of a real Kafka: what it answers is on the topics."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from rupture_watch.contracts.topics import INPUT_TYPES, Channel, topic_name
from rupture_watch.contracts.wire import timestamp
from rupture_watch.contracts.writing import canonical
from rupture_watch.gateway.intake import now
from rupture_watch.gateway.keyfile import stanza
from rupture_watch.kafka.consumer import EventConsumer, Seen
from rupture_watch.kafka.producer import EventProducer, acknowledged
from rupture_watch.operations.broker import LocalBroker
from rupture_watch.operations.topics import create
from rupture_watch.settings import as_environment
from tests.ehr_bodies import CANARY, PATIENT, body, bundle, encounter, event, response, siu
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from rupture_watch.settings import Settings

pytestmark = pytest.mark.broker

BATCH = "application/cloudevents-batch+json"
STRUCTURED = "application/cloudevents+json"
FHIR = "application/fhir+json"


class Process:
    """One running gateway."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self.running = running
        self.lines: list[dict[str, Any]] = []

    async def address(self, said: str) -> str:
        """Wait for the line that tells an address."""
        while True:
            for line in self.lines:
                if line["event"] == said:
                    return str(line["address"])
            assert self.running.stderr is not None
            text = await self.running.stderr.readline()
            assert text, self.lines
            self.lines.append(json.loads(text))

    async def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        self.running.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Read all that is left and return its exit code."""
        assert self.running.stderr is not None
        while text := await self.running.stderr.readline():
            self.lines.append(json.loads(text))
        return await self.running.wait()


def _environment(settings: Settings, folder: Path, **changes: str) -> dict[str, str]:
    keys = folder / "keys.toml"
    keys.write_text(stanza("k", b"k" * 32, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    prefix = "RUPTURE_WATCH_GATEWAY_"
    return {
        **os.environ,
        **as_environment(settings),
        f"{prefix}KEYS_FILE": str(keys),
        f"{prefix}PORT": "0",
        **{f"{prefix}{name}": value for name, value in changes.items()},
    }


@asynccontextmanager
async def _gateway(settings: Settings, folder: Path, **changes: str) -> AsyncIterator[Process]:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rupture_watch",
        "gateway",
        env=_environment(settings, folder, **changes),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Process(running)
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


@asynccontextmanager
async def _client(process: Process) -> AsyncIterator[httpx.AsyncClient]:
    address = await process.address("taking events")
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=20) as client:
        yield client


async def _post(client: httpx.AsyncClient, path: str, content: bytes, media: str) -> httpx.Response:
    return await client.post(path, content=content, headers={"content-type": media})


async def _until_good(ask: Callable[[], Awaitable[httpx.Response]]) -> None:
    """Ask again and again, as a patient sender does."""

    async def good() -> bool:
        return (await ask()).status_code == 200

    await until(good, limit=60)


async def _written(settings: Settings) -> list[Seen]:
    topics = [topic_name(settings.topic_prefix, channel) for channel in INPUT_TYPES]
    async with EventConsumer(settings.kafka, topics, from_beginning=True) as consumer:
        return [record async for record in consumer.up_to_now()]


def _headers(record: Seen) -> dict[str, str]:
    return {name: text.decode() for name, text in record.headers}


async def test_what_is_answered_is_on_its_topic(topics: Settings, tmp_path: Path) -> None:
    async with _gateway(topics, tmp_path, MLLP_PORT="0") as process, _client(process) as client:
        batch = [event(f"e{number}", subject=f"case-{number % 7}") for number in range(300)]
        answer = await _post(client, "/events", body(batch), BATCH)
        assert answer.status_code == 200, answer.text
        one = await _post(client, "/events", body(event("single")), STRUCTURED)
        assert one.json()["written"] == 1
        both = bundle(encounter(), response())
        assert (await _post(client, "/fhir?backfill=true", body(both), FHIR)).json()["written"] == 2
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int((await process.address("taking HL7 v2 over MLLP")).split(":")[1])
        )
        writer.write(b"\x0b" + siu("S26").encode() + b"\x1c\r")
        assert b"MSA|AA|M1" in await reader.readuntil(b"\x1c\r")
        writer.close()
        assert await process.stop() == 0
    written = await _written(topics)
    assert len(written) == 304
    by_case: dict[bytes | None, list[str]] = {}
    for record in written:
        told = _headers(record)
        channel = Channel(record.topic.removeprefix(topics.topic_prefix))
        assert told["ce_type"] in INPUT_TYPES[channel]
        assert record.key == told["ce_subject"].encode()
        by_case.setdefault(record.key, []).append(told["ce_id"])
    # Events of one case keep their order.
    assert by_case[b"case-3"] == [f"e{number}" for number in range(3, 300, 7)]
    assert CANARY not in str(written)
    assert CANARY not in str(process.lines)


async def test_one_patient_has_one_partition_on_all_topics(
    topics: Settings, tmp_path: Path
) -> None:
    async with _gateway(topics, tmp_path) as process, _client(process) as client:
        for number in range(8):
            who = {"reference": f"Patient/{number}"}
            both = bundle(encounter(subject=who), response(subject=who))
            answer = await _post(client, "/fhir?backfill=true", body(both), FHIR)
            assert answer.json()["written"] == 2
    places: dict[bytes | None, set[int]] = {}
    for record in await _written(topics):
        places.setdefault(record.key, set()).add(record.partition)
    assert [len(one) for one in places.values()] == [1] * 8
    assert len({number for one in places.values() for number in one}) > 1


@pytest.mark.timeout(120)
async def test_with_the_broker_killed_nothing_is_promised_and_a_repeat_changes_nothing(
    broker: LocalBroker, settings: Settings, tmp_path: Path
) -> None:
    assert broker.bootstrap  # there is a Kafka at all
    async with LocalBroker(tmp_path / "own") as own:
        settings = settings.model_copy(update={"kafka": own.kafka})
        await create(settings)
        async with (
            _gateway(settings, tmp_path, ACK_TIMEOUT="4") as process,
            _client(process) as client,
        ):
            assert (await _post(client, "/events", body(event("a")), STRUCTURED)).status_code == 200
            await own.kill_node(1)
            batch = body([event(f"b{number}") for number in range(50)])
            answer = await _post(client, "/events", batch, BATCH)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/livez")).status_code == 200
            await own.start_node(1)
            await own.answering({1})
            await _until_good(lambda: _post(client, "/events", batch, BATCH))
            await _until_good(lambda: client.get("/readyz"))
            assert (await _post(client, "/events", batch, BATCH)).json()["written"] == 50
            assert await process.stop() == 0
        written = await _written(settings)
    names = [(_headers(record)["ce_source"], _headers(record)["ce_id"]) for record in written]
    assert set(names) == {
        ("/practice", "a"),
        *(("/practice", f"b{number}") for number in range(50)),
    }
    assert len(names) > len(set(names))
    # Every repetition is the same event, byte for byte: the service counts it once.
    contents = {(_headers(record)["ce_id"], record.value, record.headers) for record in written}
    assert len(contents) == len(set(names))


async def test_cards_tell_what_the_service_has_published(topics: Settings, tmp_path: Path) -> None:
    alert_id = "0123456789abcdef0123456789abcdef"
    service = "/cds-services/alliance-questions"
    async with _gateway(topics, tmp_path) as process, _client(process) as client:
        await _post(client, "/fhir?backfill=true", body(encounter()), FHIR)
        [record] = await _written(topics)
        opened = {
            "alert_id": alert_id,
            "severity": 3,
            "rupture_type": "frame",
            "headline": "Two sessions were moved",
            "since": "2026-03-02T10:00:00Z",
        }
        async with EventProducer(topics.kafka) as producer:
            sent = await producer.send(
                topic_name(topics.topic_prefix, Channel.CASES),
                key=record.key,
                value=canonical({"open_alerts": [opened]}),
            )
            alert = {"alert_id": alert_id, "revision": 1, "state": "open"}
            told = await producer.send(
                topic_name(topics.topic_prefix, Channel.ALERTS),
                key=record.key,
                value=canonical({**alert, "considerations": ["Ask."], "clears_when": "Then."}),
            )
            await acknowledged([sent, told])
        request = {"hook": "patient-view", "hookInstance": "h", "context": {"patientId": PATIENT}}
        cards: list[dict[str, Any]] = []
        async with asyncio.timeout(20):
            while not cards or "- Ask." not in cards[0]["detail"]:
                answer = await _post(client, service, body(request), "application/json")
                cards = answer.json().get("cards", [])
        feedback = {
            "card": cards[0]["uuid"],
            "outcome": "overridden",
            "overrideReason": {"reason": {"code": "already_known"}},
            "outcomeTimestamp": timestamp(now()),
        }
        answer = await _post(
            client, f"{service}/feedback", body({"feedback": [feedback]}), "application/json"
        )
        assert answer.json()["written"] == 1, answer.text
    reviews = [one for one in await _written(topics) if one.topic.endswith("reviews.v1")]
    assert [one.key for one in reviews] == [record.key]
    assert json.loads(reviews[0].value or b"")["reason_code"] == "already_known"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"KEYS_FILE": "/nowhere"}, "RUPTURE_WATCH_GATEWAY_KEYS_FILE"),
        ({"HOST": "0.0.0.0"}, "RUPTURE_WATCH_GATEWAY_CLIENTS_FILE"),  # noqa: S104 - to be refused
        ({"PORT": "x"}, "RUPTURE_WATCH_GATEWAY_PORT"),
    ],
)
async def test_a_wrong_setting_ends_it_with_one_line(
    changes: dict[str, str], detail: str, settings: Settings, tmp_path: Path
) -> None:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rupture_watch",
        "gateway",
        env=_environment(settings, tmp_path, **changes),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await running.communicate()
    assert running.returncode == 78
    [line] = said.decode().splitlines()
    assert detail in line


async def test_missing_topics_and_a_missing_broker_have_their_exit_codes(
    settings: Settings, tmp_path: Path
) -> None:
    async with _gateway(settings, tmp_path) as process:
        assert await process.ended() == 78
        assert "is missing: run `rupture-watch topics create`" in process.lines[-1]["detail"]
    gone = settings.kafka.model_copy(update={"bootstrap": "127.0.0.1:1"})
    alone = settings.model_copy(update={"kafka": gone, "retry_limit": 1.0})
    async with _gateway(alone, tmp_path) as process:
        assert await process.ended() == 70
        assert process.lines[-1]["event"] == "no broker"
