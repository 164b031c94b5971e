"""What is too large, too many or ahead of its time costs itself alone: its partition goes on."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from rupture_watch.alliance.history import MOST_FACTS
from rupture_watch.codec.case_state import decode
from rupture_watch.contracts.reading import MAX_BYTES
from rupture_watch.contracts.topics import Channel, channel_of_type, topic_name
from rupture_watch.kafka.topics import changelog_name, declarations
from rupture_watch.operations import topics
from rupture_watch.shard import LARGEST_STATE
from tests.builders import a_form, a_frame_fact, amended, the_rules, weeks
from tests.faults import oracle
from tests.faults.topic_reader import drained, folded, producing, read_all
from tests.faults.worker import Worker
from tests.records import event_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.facts import Fact
    from rupture_watch.settings import Settings

pytestmark = [
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

FAT, THIN = "fat-case", "thin-case"
STRUCTURED = [("content-type", b"application/cloudevents+json")]


@pytest.fixture
def single(settings: Settings) -> Settings:
    """An installation with one partition, which every case shares."""
    return settings.model_copy(update={"partitions": 1})


async def test_a_record_of_four_megabytes_is_one_dead_letter_and_a_larger_one_the_sender_s(
    single: Settings,
) -> None:
    await topics.create(single)
    ratings = _name(single, Channel.RATINGS)
    limit = int(
        next(t for t in declarations().topics if t.name in ratings).configs["max.message.bytes"]
    )
    largest = random.Random(1).randbytes(limit - 1_000)
    async with producing(single.kafka, max_request_size=2 * limit) as producer:
        await producer.send_and_wait(ratings, largest, key=FAT.encode(), headers=STRUCTURED)
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(ratings, largest + b"x" * 2_000, key=FAT.encode())
        for case, size in (("just-fits", MAX_BYTES), ("does-not", MAX_BYTES + 1)):
            value = json.dumps(event_of(a_form("s1", 0), case)).encode().ljust(size)
            await producer.send(ratings, value, key=case.encode(), headers=STRUCTURED)
    await _send(single, _events(THIN, weeks(36.0)))

    states, letters = await _judged(single)

    assert [(_reason(one), one.key) for one in letters] == [
        ("too_large", FAT.encode()),
        ("too_large", b"does-not"),
    ]
    assert letters[0].value == largest
    assert set(states) == {b"just-fits", THIN.encode()}


async def test_a_case_with_more_facts_than_fit_forgets_the_oldest_and_the_others_go_on(
    single: Settings,
) -> None:
    await topics.create(single)
    crowd = [
        a_frame_fact("room_changed", day * 0.5, name=_noise(day)) for day in range(3 * MOST_FACTS)
    ]
    await _send(single, _events(FAT, crowd))
    await _send(single, _events(THIN, weeks(36.0)))

    states, letters = await _judged(single)

    assert letters == []
    case, _ = decode(FAT, states[FAT.encode()], the_rules())
    assert 0 < len(case.history.facts) <= MOST_FACTS
    assert THIN.encode() in states


async def test_a_case_full_of_the_largest_facts_there_are_fits_into_a_message_and_is_restored(
    single: Settings,
) -> None:
    await topics.create(single)
    bulky = [_bulky(number) for number in range(MOST_FACTS)]
    await _send(single, _events(FAT, bulky))
    await _send(single, _events(THIN, weeks(36.0)))

    states, letters = await _judged(single)

    assert letters == []
    assert LARGEST_STATE // 2 < len(states[FAT.encode()]) < LARGEST_STATE
    assert THIN.encode() in states
    async with Worker(single) as successor:
        assert (await successor.logged("ready"))["cases"] == 2
        await _send(single, _events(FAT, [amended(bulky[0])]))
        await drained(single, oracle.inputs(single))
        assert await successor.stop() == 0


async def test_a_fact_that_is_taken_back_and_restored_a_thousand_times_floods_nobody_else(
    single: Settings,
) -> None:
    await topics.create(single)
    fact = a_frame_fact("privacy_incident", 1, name="toggled")
    versions = [
        amended(fact, days_later=n * 0.0001, void=bool(n % 2), event_id=f"e{n}")
        for n in range(1_000)
    ]
    await _send(single, _events(FAT, versions))
    await _send(single, _events(THIN, [a_frame_fact("privacy_incident", 1)]))

    states, letters = await _judged(single)

    assert letters == []
    assert set(states) == {FAT.encode(), THIN.encode()}
    alerts = await read_all(single.kafka, _name(single, Channel.ALERTS))
    told = oracle.told(alerts)  # every revision there, none twice with other bytes
    assert len(told) == 2
    assert max(alert["revision"] for alert in told.values()) > 100


async def test_a_sender_s_clock_may_be_five_minutes_ahead_of_the_broker_s_and_no_more(
    single: Settings,
) -> None:
    await topics.create(single)
    now = datetime.now(UTC)
    for minutes in (4, 10):
        event = event_of(a_form(f"s{minutes}", 0), THIN)
        moment = (now + timedelta(minutes=minutes)).isoformat(timespec="seconds")
        await _send(single, [(THIN, {**event, "time": moment, "recordedtime": moment})])

    states, letters = await _judged(single)

    assert list(map(_reason, letters)) == ["from_the_future"]
    case, _ = decode(THIN, states[THIN.encode()], the_rules())
    assert [fact.name for fact in case.history.facts.values()] == ["s4/SRS/client"]


def _name(settings: Settings, channel: Channel) -> str:
    return topic_name(settings.topic_prefix, channel)


def _noise(seed: int, size: int = 32) -> str:
    """Return a pseudonym that nothing compresses."""
    return random.Random(seed).randbytes(size).hex()


def _bulky(number: int) -> Fact:
    """Return the largest fact that there is: a form of many codes, of a source with a long name."""
    items = tuple(
        (str(n), round(random.Random(number * 100 + n).uniform(0, 4), 3)) for n in range(1, 46)
    )
    return a_form(
        _noise(number),
        number * 0.5,
        None,
        instrument="OQ-45",
        items=items,
        scores=(),
        event_id=_noise(number, 64),
        source="/" + _noise(number, 120),
        group_id=_noise(-number),
        version=_noise(number, 32),
    )


def _events(case: str, facts: Iterable[Fact]) -> list[tuple[str, dict[str, Any]]]:
    return [(case, event_of(fact, case)) for fact in facts]


async def _send(settings: Settings, events: list[tuple[str, dict[str, Any]]]) -> None:
    async with producing(settings.kafka) as producer:
        for case, event in events:
            channel = channel_of_type(event["type"])
            assert channel is not None
            await producer.send(
                _name(settings, channel),
                json.dumps(event).encode(),
                key=case.encode(),
                headers=STRUCTURED,
            )


async def _judged(settings: Settings) -> tuple[dict[bytes, bytes], list[Any]]:
    """Let a worker read all there is; return the states and the dead letters."""
    async with Worker(settings) as worker:
        await worker.ready()
        await drained(settings, oracle.inputs(settings), limit=90)
        assert await worker.stop() == 0
    states = await folded(settings.kafka, changelog_name(settings.app_id))
    return states, await read_all(settings.kafka, _name(settings, Channel.DEAD_LETTERS))


def _reason(letter: Any) -> str:
    reason: bytes = dict(letter.headers)["x-rupture-watch-reason"]
    return reason.decode()
