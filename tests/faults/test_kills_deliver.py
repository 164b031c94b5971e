"""Kill -9 of ``rupture-watch deliver`` in the middle of thousands of deliveries."""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url, text

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.delivery.log import open_log
from rupture_watch.operations import topics
from tests.faults.nemesis import report
from tests.faults.topic_reader import producing
from tests.postgres import postgres
from tests.receivers.alerts import alert_id, record, revision
from tests.receivers.deliver import Deliver, configured
from tests.receivers.office import in_folder
from tests.receivers.post import PostOffice, open_office
from tests.receivers.sink import Sink, listening
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rupture_watch.settings import Settings

__all__ = ["postgres"]

pytestmark = [
    pytest.mark.faults,
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
]

CASES = int(os.environ.get("CHAOS_ALERTS", "1000"))
CHANGES = ("raised", "amended", "amended")
KILLS = 4
MAILED = 50
"""Of so many cases one is grave enough for a mail."""
LIMIT = 240.0


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_each_delivery_has_exactly_one_effect_whenever_the_process_is_killed(
    settings: Settings,
    tmp_path: Path,
    seed: int,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    dice = random.Random(seed)
    log = None
    if database == "postgresql":
        made: Callable[[], str] = request.getfixturevalue("postgres")
        log = made()
    await topics.create(settings)
    await _publish(settings)
    total = CASES * len(CHANGES)
    kills = sorted(dice.sample(range(total // 20, total * 9 // 10), KILLS))
    report(f"seed {seed}: killed after {kills} of {total}")
    async with listening(Sink()) as sink, open_office(PostOffice()) as post:
        file = configured(tmp_path, hook=sink.url, mail=post.port, log=log)
        _only_grave_ones_by_mail(file)
        for threshold in kills:
            async with Deliver(settings, file, tmp_path) as deliver:
                await sink.until(lambda n=threshold: len(sink.taken) >= n, LIMIT)  # type: ignore[misc]
                await deliver.kill()
        async with Deliver(settings, file, tmp_path) as deliver:
            await sink.until(lambda: len(sink.effects) == total, LIMIT)
            await _nothing_waits(deliver)
            assert await deliver.stop() == 0
        _each_once_and_in_order(sink)
        mailed = Counter(mail["Message-ID"] for mail in post.mails)
        assert len(mailed) == CASES // MAILED
        assert len(post.mails) - len(mailed) <= KILLS
    await _as_logged(log or in_folder(tmp_path), repeated=len(sink.taken) - total)


def _only_grave_ones_by_mail(file: Path) -> None:
    text_ = file.read_text("utf-8")
    file.write_text(text_.replace('kind = "mail"', 'kind = "mail"\nseverities = [4]'), "utf-8")


async def _publish(settings: Settings) -> None:
    topic = topic_name(settings.topic_prefix, Channel.ALERTS)
    async with producing(settings.kafka) as producer:
        for number, change in enumerate(CHANGES, start=1):
            for case in range(CASES):
                severity = 3 if case % MAILED else 4
                key, value, headers = record(
                    revision(f"case-{case}", number, change, severity=severity)
                )
                await producer.send(topic, value, key=key, headers=headers)
        await producer.flush()


async def _nothing_waits(deliver: Deliver) -> None:
    async def nothing_waits() -> bool:
        _, page = await deliver.probe("/metrics")
        pending = [x for x in page.splitlines() if "deliveries_pending{" in x]
        return bool(pending) and all(line.endswith(" 0.0") for line in pending)

    await until(nothing_waits, limit=LIMIT)


def _each_once_and_in_order(sink: Sink) -> None:
    assert sink.forged == 0
    heard = defaultdict(list)
    for message in sink.effects:
        heard[message.alert[0]].append(message.alert[1])
    assert len(heard) == CASES
    assert heard.keys() == {alert_id(f"case-{case}") for case in range(CASES)}
    assert set(map(tuple, heard.values())) == {(1, 2, 3)}


async def _as_logged(url: str, *, repeated: int) -> None:
    """Compare the log with what the receiver saw: nothing was sent that it does not know of."""
    database = make_url(url.replace("postgresql://", "postgresql+asyncpg://"))
    async with open_log(database) as engine, engine.connect() as connection:
        states = await connection.execute(
            text("SELECT state, count(*) FROM delivery WHERE endpoint = 'hook' GROUP BY state")
        )
        assert [tuple(row) for row in states] == [("delivered", CASES * len(CHANGES))]
        results = await connection.execute(
            text(
                "SELECT result, count(*) FROM attempt JOIN delivery "
                "ON delivery.id = delivery_id WHERE endpoint = 'hook' GROUP BY result"
            )
        )
        counted: dict[str, int] = {row[0]: row[1] for row in results}
    assert counted["delivered"] == CASES * len(CHANGES)
    assert counted.keys() <= {"delivered", "interrupted"}
    assert repeated <= counted.get("interrupted", 0)
    report(f"attempts {counted}, arrived again under the same id: {repeated}")
