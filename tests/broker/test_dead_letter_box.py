"""The dead letters on a real broker: told without values, put back byte for byte, each once."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.effects import DeadLetter
from rupture_watch.kafka.consumer import EventConsumer
from rupture_watch.kafka.transactions import AtomicProducer, Overtaken, Write
from rupture_watch.operations.dead_letters.redrive import Order, Redrive, redrive
from rupture_watch.operations.dead_letters.selection import Fate, Selection
from rupture_watch.operations.dead_letters.summary import summarize
from rupture_watch.settings import as_environment
from rupture_watch.stream.dead_letters import bury
from tests.component.memory_log import Read
from tests.contract.poison import data, headers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.kafka.consumer import Seen
    from rupture_watch.settings import Settings

pytestmark = pytest.mark.broker

CANARY = "Zebedee-Canary"


def _letter(settings: Settings, record: Read, *, reason: Reason = Reason.RULE_ERROR) -> Write:
    """Return what a worker would have written for this record of partition 1."""
    name = topic_name(settings.topic_prefix, Channel.DEAD_LETTERS)
    letter = DeadLetter(record, reason, "rules", "ZeroDivisionError", "rules: failed")
    return Write(*bury(letter, name, partitions=settings.partitions, limit=1_000_000))


def _good(settings: Settings, offset: int, **changed: Any) -> Read:
    topic = topic_name(settings.topic_prefix, Channel.RATINGS)
    own = headers(ce_id=b"%d" % offset)
    return Read(topic, 1, offset, b"case-1", data(session_id=f"s-{offset}"), own)._replace(
        **changed
    )


async def _write(settings: Settings, records: Sequence[Write]) -> None:
    async with AtomicProducer(settings.kafka, f"{settings.app_id}-test") as producer:
        await producer.write(records)


async def _redrive(settings: Settings, *, go: bool = True, **order: Any) -> Redrive:
    return await redrive(
        settings, Registry.default(), Order(**order), go=go, progress=lambda *_: None
    )


async def _records(settings: Settings, channel: Channel) -> list[Seen]:
    name = topic_name(settings.topic_prefix, channel)
    async with EventConsumer(
        settings.kafka, [name], from_beginning=True, committed=True
    ) as consumer:
        return [record async for record in consumer.up_to_now()]


async def test_a_redriven_record_has_its_own_bytes_and_says_where_it_was_refused(
    topics: Settings,
) -> None:
    odd: list[tuple[str, bytes | None]] = [("a", None), ("a", b"\xff"), ("ce_id", b"")]
    records = [
        _good(topics, 5),
        _good(topics, 6, key=None, value=None, headers=odd),
        _good(topics, 7, key=b"\xff", value=b"", headers=[]),
    ]
    await _write(topics, [_letter(topics, record) for record in records])

    done = await _redrive(topics, trust=True)

    assert (done.sent, done.fates) == (3, {Fate.READY: 3})
    back = {
        dict(r.headers)["x-rupture-watch-redriven"]: r
        for r in await _records(topics, Channel.RATINGS)
    }
    for record in records:
        sent = back.pop(f"{record.topic}/1/{record.offset}".encode())
        assert (sent.key, sent.value) == (record.key, record.value)
        added = list(sent.headers[-2:])
        assert list(sent.headers[:-2]) == list(record.headers)
        assert added[1] == ("x-rupture-watch-attempt", b"2")
        if record.key is None:
            assert sent.partition == record.partition
    assert back == {}


async def test_a_second_redrive_of_the_same_letters_writes_nothing(topics: Settings) -> None:
    letters = [_letter(topics, _good(topics, offset)) for offset in range(5)]
    await _write(topics, [*letters, letters[0]])  # a crash repeats a letter

    first, second = await _redrive(topics), await _redrive(topics)

    assert (first.sent, first.fates) == (5, {Fate.READY: 5, Fate.REPEATED: 1})
    assert (second.sent, second.fates) == (0, {Fate.REDRIVEN: 6})
    assert len(await _records(topics, Channel.RATINGS)) == 5


async def test_without_go_nothing_is_written(topics: Settings) -> None:
    await _write(topics, [_letter(topics, _good(topics, 1))])

    assert (await _redrive(topics, go=False)).ready == {"rule_error": 1}

    assert await _records(topics, Channel.RATINGS) == []
    assert len(await _records(topics, Channel.DEAD_LETTERS)) == 1


async def test_every_filter_selects_and_the_limit_bounds(topics: Settings) -> None:
    framed = _good(topics, 3, topic=topic_name(topics.topic_prefix, Channel.FRAME))
    await _write(topics, [_letter(topics, _good(topics, n), reason=Reason.INVALID) for n in (1, 2)])
    await _write(topics, [_letter(topics, framed)])
    written = await _records(topics, Channel.DEAD_LETTERS)
    last = max(written, key=lambda record: record.offset)

    async def count(**filters: Any) -> int:
        return (await _redrive(topics, go=False, selection=Selection(**filters))).selected

    assert await count() == 3
    assert await count(reasons=frozenset({Reason.INVALID})) == 2
    assert await count(channels=frozenset({Channel.FRAME})) == 1
    assert await count(since=last.timestamp) + await count(until=last.timestamp) == 3
    assert await count(partition=1, first=1, last=1) == 1
    assert await count(partition=2) == 0
    limited = await _redrive(topics, limit=2, trust=True)
    assert limited.sent == 2


async def test_what_cannot_or_should_not_go_back_is_counted_by_why(topics: Settings) -> None:
    thrice = [*headers(), ("x-rupture-watch-attempt", b"3")]
    name = topic_name(topics.topic_prefix, Channel.DEAD_LETTERS)
    large = DeadLetter(_good(topics, 2), Reason.TOO_LARGE, "decode", "TooLarge", "value: too_large")
    await _write(
        topics,
        [
            _letter(topics, _good(topics, 1, headers=thrice)),
            Write(*bury(large, name, partitions=topics.partitions, limit=10)),
            _letter(topics, _good(topics, 3, topic="somebody.else")),
            _letter(topics, _good(topics, 4, value=b"{}")),
            _letter(topics, _good(topics, 5, key=b"case-2")),
            _letter(topics, _good(topics, 6)),
        ],
    )

    done = await _redrive(topics)

    assert done.fates == {
        Fate.EXHAUSTED: 1,
        Fate.NOT_WHOLE: 1,
        Fate.NO_INPUT: 1,
        Fate.REFUSED: 2,
        Fate.READY: 1,
    }
    assert [dict(r.headers)["ce_id"] for r in await _records(topics, Channel.RATINGS)] == [b"6"]


async def test_a_rate_is_kept(topics: Settings) -> None:
    await _write(topics, [_letter(topics, _good(topics, offset)) for offset in range(30)])
    started = asyncio.get_running_loop().time()
    seen: list[tuple[int, int]] = []

    await redrive(
        topics,
        Registry.default(),
        Order(rate=20.0),
        go=True,
        progress=lambda sent, of: seen.append((sent, of)),
    )

    assert asyncio.get_running_loop().time() - started >= 25 / 20
    assert seen == [(number, 30) for number in range(5, 31, 5)]


async def test_the_younger_of_two_redrives_shuts_the_older_out(topics: Settings) -> None:
    name = topic_name(topics.topic_prefix, Channel.RATINGS)
    record = Write(name, b"k", b"v", [])
    async with AtomicProducer(topics.kafka, topics.app_id) as older:
        await older.write([record])
        async with AtomicProducer(topics.kafka, topics.app_id) as younger:
            with pytest.raises(Overtaken):
                await older.write([record])
            await younger.write([record])
    assert len(await _records(topics, Channel.RATINGS)) == 2


async def test_the_summary_counts_by_fault_and_shows_nothing_of_an_event(
    topics: Settings,
) -> None:
    own = _letter(topics, _good(topics, 1, value=data(session_id=CANARY)))
    forged = [
        (name, CANARY.encode() + b"\xff" if "message" in name or "class" in name else value)
        for name, value in _letter(topics, _good(topics, 2)).headers
    ]
    foreign = own._replace(headers=[("ce_id", CANARY.encode())])
    await _write(topics, [own, own, own._replace(headers=forged), foreign])
    await _redrive(topics, limit=1)

    summary = await summarize(topics, lambda _: None)

    assert (summary.letters, summary.redriven) == (2, 1)
    assert (summary.repeated, summary.foreign) == (1, 1)
    mine, theirs = sorted(summary.rows(), key=lambda row: row["fault"], reverse=True)
    assert (mine["reason"], mine["topic"]) == ("rule_error", "ratings.v1")
    assert (mine["error"], mine["fault"]) == ("ZeroDivisionError", "rules: failed")
    assert (mine["letters"], mine["redriven"], mine["attempts"]) == (1, 1, 1)
    assert (theirs["error"], theirs["fault"]) == ("other", "other")
    told = _command(topics, "dead-letters", "--json")
    assert json.loads(told)["kinds"] == summary.rows()
    assert CANARY not in told + _command(topics, "dead-letters")


def _command(settings: Settings, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "rupture_watch", *arguments],
        env={**as_environment(settings), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
