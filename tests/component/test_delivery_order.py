"""What is delivered when: order within a case, receivers that fail, replay of what has failed."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.delivery.courier import now
from rupture_watch.delivery.log.listing import attempts, retry
from tests.postgres import postgres
from tests.receivers.alerts import alert_id, revision
from tests.receivers.office import at_work, hook, in_folder
from tests.receivers.sink import Answer, Sink, listening

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["postgres"]

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(params=DATABASES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty log, on each kind of database."""
    if request.param == "sqlite":
        return in_folder(tmp_path)
    made: Callable[[], str] = request.getfixturevalue("postgres")
    return made().replace("postgresql://", "postgresql+asyncpg://")


def _course(case: str) -> list[Any]:
    return [
        revision(case, number, change)
        for number, change in enumerate(("raised", "amended", "amended", "repaired"), start=1)
    ]


async def test_every_revision_arrives_once_and_each_case_in_order(log: str, tmp_path: Path) -> None:
    dice = random.Random(1)
    courses = [_course(f"case-{n}") for n in range(60)]
    async with listening(Sink()) as sink:
        sink.answer = lambda _: Answer(after=dice.random() / 100)
        async with at_work(log, hook(tmp_path, sink.url)) as office:
            for step in range(4):
                await office.note(*(course[step] for course in courses))
            await office.settled()
    assert len(sink.taken) == len(sink.effects) == 240
    heard = defaultdict(list)
    for message in sink.taken:
        heard[message.alert[0]].append(message.alert[1])
    assert set(map(tuple, heard.values())) == {(1, 2, 3, 4)}


async def test_noting_a_revision_again_changes_nothing(log: str, tmp_path: Path) -> None:
    course = _course("case-1")
    async with listening(Sink()) as sink, at_work(log, hook(tmp_path, sink.url)) as office:
        assert await office.note(*course[:2]) == 2
        assert await office.note(*course[:2]) == 0
        await office.settled()
        assert await office.note(*course) == 2
        await office.settled()
    assert len(sink.taken) == 4


async def test_a_receiver_that_was_down_gets_each_alert_once_and_in_order(
    log: str, tmp_path: Path
) -> None:
    async with listening(Sink()) as gone:
        url, port = gone.url, int(gone.url.split(":")[2].split("/")[0])
    sink = Sink()
    endpoint = hook(tmp_path, url, retries=[0.05, 3600.0], pause=0.05, longest_pause=0.1)
    async with at_work(log, endpoint) as office:
        for step in range(4):
            await office.note(*(_course(f"case-{n}")[step] for n in range(20)))
            await asyncio.sleep(0.2)  # the outage lasts for several looks
        assert {row.state for row in await office.rows()} == {"pending"}
        async with listening(sink, port=port):
            await office.settled()
    assert len(sink.taken) == len(sink.effects) == 80
    heard = defaultdict(list)
    for message in sink.taken:
        heard[message.alert[0]].append(message.alert[1])
    assert set(map(tuple, heard.values())) == {(1, 2, 3, 4)}


async def test_a_receiver_that_is_down_is_not_asked_with_everything(
    log: str, tmp_path: Path
) -> None:
    async with listening(Sink()) as sink:
        sink.answer = lambda _: Answer(503)
        endpoint = hook(tmp_path, sink.url, pause=3600.0, longest_pause=3600.0, concurrency=2)
        async with at_work(log, endpoint) as office:
            await office.note(*(revision(f"case-{n}") for n in range(100)))
            await sink.until(lambda: len(sink.requests) >= 5)
            await asyncio.sleep(0.3)  # long enough for all of them, if they were sent
        async with at_work(log) as office:
            rows = await office.rows()
    assert 5 <= len(sink.requests) <= 5 + 2
    assert {row.state for row in rows} == {"pending"}
    assert sum(row.attempts for row in rows) == len(sink.requests)


def _refusing_the_first_of_case_1(body: dict[str, Any]) -> Answer:
    refused = body["data"]["alert_id"] == alert_id("case-1") and body["data"]["revision"] == 1
    return Answer(422 if refused else 204)


async def test_a_message_that_is_refused_holds_up_its_own_case_alone(
    log: str, tmp_path: Path
) -> None:
    async with listening(Sink()) as sink:
        sink.answer = _refusing_the_first_of_case_1
        async with at_work(log, hook(tmp_path, sink.url, retries=[3600.0])) as office:
            await office.note(*_course("case-1")[:2], *_course("case-2"))
            await sink.until(lambda: len(sink.taken) == 4)
    assert {message.alert[0] for message in sink.taken} == {alert_id("case-2")}


async def test_when_a_revision_is_given_up_the_next_one_goes_out(log: str, tmp_path: Path) -> None:
    async with listening(Sink()) as sink:
        sink.answer = _refusing_the_first_of_case_1
        async with at_work(log, hook(tmp_path, sink.url, retries=[0.02])) as office:
            await office.note(*_course("case-1")[:2])
            first, second = await office.settled()
            results = [one.result for one in await attempts(office.engine, first.id)]
    assert results == ["rejected", "rejected"]
    assert (first.state, first.attempts, second.state) == ("failed", 2, "delivered")
    assert [message.alert[1] for message in sink.taken] == [2]


async def test_a_replay_sends_what_failed_unless_a_later_revision_has_arrived(
    log: str, tmp_path: Path
) -> None:
    def answer(body: dict[str, Any]) -> Answer:
        return Answer(422 if body["data"]["revision"] == 1 else 204)

    async with listening(Sink()) as sink:
        sink.answer = answer
        async with at_work(log, hook(tmp_path, sink.url, retries=[])) as office:
            await office.note(*_course("case-1")[:2], revision("case-2"))
            await office.settled()
            sink.answer = lambda _: Answer()
            retried = await retry(office.engine, now())
            assert (retried.again, retried.overtaken, retried.forgotten) == (1, 1, 0)
            rows = await office.settled()
    assert sorted(row.state for row in rows) == ["delivered", "delivered", "failed"]
    assert [row.last_result for row in rows if row.state == "failed"] == ["overtaken"]
    assert [m.alert for m in sink.taken] == [(alert_id("case-1"), 2), (alert_id("case-2"), 1)]


async def test_a_replayed_delivery_keeps_its_name(log: str, tmp_path: Path) -> None:
    async with listening(Sink()) as sink:
        sink.answer = lambda _: Answer(422)
        async with at_work(log, hook(tmp_path, sink.url, retries=[])) as office:
            await office.note(revision("case-1"))
            await office.settled()
            await retry(office.engine, now())
            await office.settled()
    names = [value for one in sink.requests for k, value in one.items() if k == "webhook-id"]
    assert len(names) == 2
    assert len(set(names)) == 1


async def test_an_attempt_that_a_crash_cut_short_is_written_down_and_made_again(
    log: str, tmp_path: Path
) -> None:
    async with listening(Sink()) as sink:
        sink.answer = lambda _: Answer(after=30.0)
        async with at_work(log, hook(tmp_path, sink.url)) as office:
            await office.note(revision("case-1"))
            await sink.until(lambda: len(sink.requests) == 1)
            await office.crash()
    async with listening(Sink()) as sink, at_work(log, hook(tmp_path, sink.url)) as office:
        [row] = await office.settled()
        results = [one.result for one in await attempts(office.engine, row.id)]
    assert results == ["interrupted", "delivered"]


async def test_content_is_forgotten_once_nobody_needs_it_and_the_record_stays(
    log: str, tmp_path: Path
) -> None:
    async with listening(Sink()) as sink:
        good = hook(tmp_path, sink.url, name="good")
        bad = hook(tmp_path, "http://127.0.0.1:9/", name="bad", retries=[])
        async with at_work(log, good, bad) as office:
            await office.note(revision("case-1"))
            await office.settled()
            await office.log.tidy(failed_before=0, attempts_before=0)
            assert (await retry(office.engine, now())).again == 1
            await office.settled()
            later = now() + 1
            await office.log.tidy(failed_before=later, attempts_before=0)
            assert await retry(office.engine, now()) == (0, 0, 1)
            assert await office.note(revision("case-1")) == 0
            assert len(await office.rows()) == 2
    assert len(sink.taken) == 1
