"""Load for the counting pipeline, and everything that must have become of it."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.kafka.topics import changelog_name
from tests.component.counting import ALERT_EVERY
from tests.faults.nemesis import report
from tests.faults.topic_reader import folded, producing, read_all

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

CASES = 5_000
PER_SECOND = 2_500
CHANNELS = (Channel.RATINGS, Channel.ATTENDANCE, Channel.FRAME)


def named(settings: Settings, channel: Channel) -> str:
    """Return the topic of a channel."""
    return topic_name(settings.topic_prefix, channel)


async def send(settings: Settings, seed: int, *, events: int, cases: int = CASES) -> None:
    """Send events to three topics at a steady pace, some bad, some with a marked risk."""
    random_ = random.Random(seed)
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with producing(settings.kafka) as producer:
        for number in range(events):
            value = random_.choices([b"x", b"bad", b"risk"], weights=[97, 2, 1])[0]
            key = b"c%d" % random_.randrange(cases)
            topic = named(settings, random_.choice(CHANNELS))
            await producer.send(topic, key=key, value=value)
            if number % 50 == 0:
                await asyncio.sleep(started + number / PER_SECOND - loop.time())


async def compare(settings: Settings, *, events: int) -> dict[str, int]:
    """Foretell everything from the input topics; return how much of it came repeatedly."""
    kafka = settings.kafka
    sent = [r for channel in CHANNELS for r in await read_all(kafka, named(settings, channel))]
    assert len(sent) == events
    counts = Counter(record.key for record in sent if record.value != b"bad")
    states = await folded(kafka, changelog_name(settings.app_id))
    assert {key: json.loads(state)["n"] for key, state in states.items()} == counts
    assert [state for state in states.values() if json.loads(state)["out"]] == []
    standings = await folded(kafka, named(settings, Channel.CASES))
    assert standings == {key: b"%d" % count for key, count in counts.items()}
    due = {(k, n) for k, top in counts.items() for n in range(ALERT_EVERY, top + 1, ALERT_EVERY)}
    bad = {_place(record) for record in sent if record.value == b"bad"}
    risks = {_place(record) for record in sent if record.value == b"risk"}
    return {
        "alerts": await _repeated(settings, Channel.ALERTS, _alert, due),
        "dead letters": await _repeated(settings, Channel.DEAD_LETTERS, origin, bad),
        "safety items": await _repeated(settings, Channel.SAFETY, _risk, risks),
    }


async def _repeated(settings: Settings, channel: Channel, identity: Any, expected: set[Any]) -> int:
    """Check that these and no others came, every repetition the same to the byte."""
    versions: dict[Any, Counter[Any]] = defaultdict(Counter)
    for record in await read_all(settings.kafka, named(settings, channel)):
        versions[identity(record)][record.key, record.value, record.headers] += 1
    assert set(versions) == expected
    assert [name for name, contents in versions.items() if len(contents) > 1] == []
    repeated = sum(sum(contents.values()) for contents in versions.values()) - len(versions)
    report(f"{channel}: {len(versions)} as foretold, {repeated} repeated")
    return repeated


def origin(letter: Any) -> tuple[str, int, int]:
    """Return where a dead letter's record was read."""
    headers = dict(letter.headers)
    topic, partition, offset = (
        headers[f"__connect.errors.{part}"].decode() for part in ("topic", "partition", "offset")
    )
    return topic, int(partition), int(offset)


def _place(record: Any) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _alert(record: Any) -> tuple[bytes, int]:
    return record.key, json.loads(record.value)["n"]


def _risk(record: Any) -> tuple[str, int, int]:
    topic, partition, offset = json.loads(record.value)
    return topic, partition, offset
