"""A file of events onto the topics: all of it, in order, to the right partitions."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from rupture_watch.contracts.topics import INPUT_TYPES, Channel, topic_name
from rupture_watch.kafka.consumer import EventConsumer, MissingTopic, Seen
from rupture_watch.operations.broker.artifacts import java, kafka_jars
from rupture_watch.operations.live import send
from rupture_watch.operations.publish import Fault, publish
from rupture_watch.operations.simulate import simulate
from rupture_watch.operations.simulate.live import LiveClinic, Pace
from rupture_watch.operations.tail import alerts
from rupture_watch.settings import as_environment

if TYPE_CHECKING:
    from pathlib import Path

    from rupture_watch.settings import Settings

pytestmark = pytest.mark.broker


def _silent(*, read: int, acknowledged: int) -> None:
    """Take progress and show none."""


def _lines(**clinic: Any) -> list[bytes]:
    return [msgspec.json.encode(event) + b"\n" for event in simulate(**clinic)]


async def _written(settings: Settings) -> list[Seen]:
    topics = [topic_name(settings.topic_prefix, channel) for channel in INPUT_TYPES]
    async with EventConsumer(settings.kafka, topics, from_beginning=True) as consumer:
        return [record async for record in consumer.up_to_now()]


async def test_every_event_arrives_once_on_the_topic_of_its_type(topics: Settings) -> None:
    lines = _lines(cases=20, weeks=8, seed=1, bad_share=0.0)
    published = await publish(topics, lines, _silent)
    written = await _written(topics)
    assert published.faults == []
    assert published.acknowledged == len(written) == len(lines)
    sent = sorted((e["type"], e["source"], e["id"]) for e in map(json.loads, lines))
    names = ("ce_type", "ce_source", "ce_id")
    assert sorted(tuple(dict(r.headers)[n].decode() for n in names) for r in written) == sent
    for record in written:
        channel = Channel(record.topic.removeprefix(topics.topic_prefix))
        assert dict(record.headers)["ce_type"].decode() in INPUT_TYPES[channel]


async def test_one_case_has_one_partition_everywhere_and_keeps_its_order(topics: Settings) -> None:
    lines = _lines(cases=20, weeks=8, seed=1, bad_share=0.0)
    await publish(topics, lines, _silent)
    places: dict[bytes | None, set[int]] = {}
    order: dict[tuple[str, str], list[str]] = {}
    for record in await _written(topics):
        places.setdefault(record.key, set()).add(record.partition)
        headers = {name: text.decode() for name, text in record.headers}
        order.setdefault((record.topic, headers["ce_subject"]), []).append(headers["ce_id"])
    assert all(len(partitions) == 1 for partitions in places.values())
    assert len(set.union(*places.values())) == topics.partitions
    expected: dict[tuple[str, str], list[str]] = {}
    for event in map(json.loads, lines):
        channel = next(channel for channel, types in INPUT_TYPES.items() if event["type"] in types)
        topic = topic_name(topics.topic_prefix, channel)
        expected.setdefault((topic, event["subject"]), []).append(event["id"])
    assert order == expected


async def test_what_is_no_event_is_named_by_line_and_the_rest_is_sent(topics: Settings) -> None:
    good = _lines(cases=1, weeks=4, seed=1, bad_share=0.0)[:2]
    other = json.dumps({**json.loads(good[0]), "type": "org.example.v1"}).encode()
    published = await publish(topics, [good[0], b"{\n", b"\n", other, good[1]], _silent)
    assert published.acknowledged == 2
    assert published.faults == [
        Fault(2, "not a JSON object with data"),
        Fault(4, "type: no topic carries it"),
    ]


async def test_progress_ends_with_the_whole_file(topics: Settings) -> None:
    lines = _lines(cases=20, weeks=8, seed=1, bad_share=0.0)
    seen: list[tuple[int, int]] = []
    await publish(topics, lines, lambda *, read, acknowledged: seen.append((read, acknowledged)))
    assert seen[-1] == (sum(map(len, lines)), len(lines))


def test_the_command_counts_and_exits_by_what_it_found(topics: Settings, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(_lines(cases=2, weeks=4, seed=1, bad_share=0.0)) + b"garbage\n")
    run = subprocess.run(
        [sys.executable, "-m", "rupture_watch", "publish", str(file), "--json"],
        env=as_environment(topics),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = file.read_bytes().splitlines()
    fault = {"line": len(lines), "reason": "not a JSON object with data"}
    assert json.loads(run.stdout) == {"acknowledged": len(lines) - 1, "faults": [fault]}
    assert run.returncode == 1


async def test_a_live_clinic_comes_with_a_clock_on_every_partition(topics: Settings) -> None:
    clinic = LiveClinic(cases=10, weeks=8, seed=1, pace=Pace(events_per_second=1000.0))
    enough = asyncio.Event()

    def progress(count: int) -> None:
        if count == 100:
            enough.set()

    sending = asyncio.create_task(send(clinic, topics, progress))
    async with asyncio.timeout(30):
        await enough.wait()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    ticks = topic_name(topics.topic_prefix, Channel.TICKS)
    moments: dict[int, list[str]] = {}
    async with EventConsumer(topics.kafka, [ticks], from_beginning=True) as consumer:
        async for record in consumer.up_to_now():
            moments.setdefault(record.partition, []).append(json.loads(record.value or b"")["time"])
    assert len(await _written(topics)) >= 100
    assert sorted(moments) == list(range(topics.partitions))
    assert all(told and told == sorted(told) for told in moments.values())


async def test_the_brokers_own_console_consumer_reads_what_was_published(topics: Settings) -> None:
    (line,) = _lines(cases=1, weeks=4, seed=1, bad_share=0.0)[:1]
    event = json.loads(line)
    await publish(topics, [line], _silent)
    (record,) = await _written(topics)
    jars = await kafka_jars()
    console = await asyncio.create_subprocess_exec(
        java() or "java",
        "-cp",
        f"{jars}/*",
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        f"--bootstrap-server={topics.kafka.bootstrap}",
        f"--topic={record.topic}",
        "--from-beginning",
        "--max-messages=1",
        "--formatter-property=print.key=true",
        "--formatter-property=print.headers=true",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await console.communicate()
    headers, key, value = output.decode().rstrip("\n").split("\t")
    assert f"ce_type:{event['type']}" in headers.split(",")
    assert (key, json.loads(value)) == (event["subject"], event["data"])


async def test_following_a_topic_that_is_not_there_says_how_to_make_it(settings: Settings) -> None:
    coming = alerts(settings, from_beginning=True, unreadable=pytest.fail)
    with pytest.raises(MissingTopic, match="run `rupture-watch topics create`"):
        await anext(coming)
