"""Kill -9 and joins under load, with a pipeline whose every effect can be foretold."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.kafka.topics import changelog_name
from rupture_watch.operations import topics
from tests.component.counting import ALERT_EVERY
from tests.faults.nemesis import Nemesis, schedule
from tests.faults.topic_reader import drained, folded, producing, read_all
from tests.faults.worker import COUNTING, Worker

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

pytestmark = [
    pytest.mark.faults,
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]

EVENTS = 100_000
CASES = 5_000
PER_SECOND = 2_500
INPUTS = (Channel.RATINGS, Channel.ATTENDANCE, Channel.FRAME)


async def test_after_kills_and_joins_every_count_alert_and_dead_letter_is_right(
    settings: Settings, seed: int
) -> None:
    steps = schedule(seed, kills=5, joins=3)
    print(f"seed {seed}: {[f'{step.delay:.1f}s {step.action}' for step in steps]}")
    await topics.create(settings)
    async with Nemesis(lambda: Worker(settings, module=COUNTING)) as nemesis:
        sending = asyncio.create_task(_send(settings, seed))
        await nemesis.strike(steps)
        await sending
        await drained(settings, [_name(settings, channel) for channel in INPUTS], limit=90)
        await nemesis.retire()
        assert nemesis.complaints() == []
    await _compare(settings)


def _name(settings: Settings, channel: Channel) -> str:
    return topic_name(settings.topic_prefix, channel)


async def _send(settings: Settings, seed: int) -> None:
    """Send events to three topics at a steady pace, some bad, some with a marked risk."""
    random_ = random.Random(seed)
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with producing(settings.kafka) as producer:
        for number in range(EVENTS):
            value = random_.choices([b"x", b"bad", b"risk"], weights=[97, 2, 1])[0]
            key = b"c%d" % random_.randrange(CASES)
            await producer.send(_name(settings, random_.choice(INPUTS)), key=key, value=value)
            if number % 50 == 0:
                await asyncio.sleep(started + number / PER_SECOND - loop.time())


async def _compare(settings: Settings) -> None:
    """Foretell everything from the input topics, and compare."""
    kafka = settings.kafka
    sent = [r for channel in INPUTS for r in await read_all(kafka, _name(settings, channel))]
    assert len(sent) == EVENTS
    counts = Counter(record.key for record in sent if record.value != b"bad")
    states = await folded(kafka, changelog_name(settings.app_id))
    assert {key: json.loads(state)["n"] for key, state in states.items()} == counts
    assert [state for state in states.values() if json.loads(state)["out"]] == []
    standings = await folded(kafka, _name(settings, Channel.CASES))
    assert standings == {key: b"%d" % count for key, count in counts.items()}
    due = {(k, n) for k, top in counts.items() for n in range(ALERT_EVERY, top + 1, ALERT_EVERY)}
    alerts = _versions(
        await read_all(kafka, _name(settings, Channel.ALERTS)),
        lambda record: (record.key, json.loads(record.value)["n"]),
    )
    assert set(alerts) == due
    letters = _versions(await read_all(kafka, _name(settings, Channel.DEAD_LETTERS)), _origin)
    assert set(letters) == {_place(record) for record in sent if record.value == b"bad"}
    safety = _versions(
        await read_all(kafka, _name(settings, Channel.SAFETY)),
        lambda record: tuple(json.loads(record.value)),
    )
    assert set(safety) == {_place(record) for record in sent if record.value == b"risk"}
    for kind, versions in (("alerts", alerts), ("letters", letters), ("safety", safety)):
        assert [key for key, contents in versions.items() if len(contents) > 1] == [], kind
        repeated = sum(sum(contents.values()) for contents in versions.values()) - len(versions)
        print(f"{kind}: {len(versions)} expected and found, {repeated} repeated")


def _versions(records: list[Any], identity: Any) -> dict[Any, Counter[Any]]:
    """Group by identity; a repetition that differs in a single byte is a second version."""
    found: dict[Any, Counter[Any]] = defaultdict(Counter)
    for record in records:
        found[identity(record)][record.key, record.value, record.headers] += 1
    return found


def _place(record: Any) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _origin(letter: Any) -> tuple[str, int, int]:
    headers = dict(letter.headers)
    topic, partition, offset = (
        headers[f"__connect.errors.{name}"].decode() for name in ("topic", "partition", "offset")
    )
    return topic, int(partition), int(offset)
