"""A crash between each pair of steps of the commit order loses nothing and invents nothing."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.kafka.topics import changelog_name
from rupture_watch.operations import topics
from rupture_watch.stream.failpoints import KILLED, POINTS
from tests.component.counting import ALERT_EVERY
from tests.faults.topic_reader import drained, folded, producing, read_all
from tests.faults.worker import COUNTING, Worker

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

pytestmark = [
    pytest.mark.faults,
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
]

CASES = 40
REPEATS = {"after_alerts_published", "after_outbox_cleared"}
"""Where an alert is out and the changelog still says that it has to go: it goes again."""


@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_loses_nothing_and_invents_nothing(settings: Settings, point: str) -> None:
    own = settings.model_copy(update={"instance_id": "static", "commit_interval": 1.0})
    await topics.create(own)
    ratings = topic_name(own.topic_prefix, Channel.RATINGS)
    await _send(own, ratings, rounds=ALERT_EVERY)
    async with Worker(own, module=COUNTING, extra={"RUPTURE_WATCH_FAILPOINT": point}) as doomed:
        assert await doomed.ended() == KILLED
    await _send(own, ratings, rounds=5)
    async with Worker(own, module=COUNTING) as successor:
        await successor.ready()
        await drained(own, [ratings])
        assert await successor.stop() == 0
    states = await folded(own.kafka, changelog_name(own.app_id))
    counts = {key: json.loads(state)["n"] for key, state in states.items()}
    assert counts == {b"c%d" % n: ALERT_EVERY + 5 for n in range(CASES)}
    assert all(json.loads(state)["out"] == [] for state in states.values())
    alerts = await read_all(own.kafka, topic_name(own.topic_prefix, Channel.ALERTS))
    told = Counter((alert.key, alert.value) for alert in alerts)
    assert {key for key, _ in told} == set(counts)
    assert len(told) == CASES
    if point in REPEATS:  # elsewhere an earlier slice's may, when the machine is slow
        assert max(told.values()) > 1
    standings = await folded(own.kafka, topic_name(own.topic_prefix, Channel.CASES))
    assert standings == {key: b"%d" % count for key, count in counts.items()}


async def _send(settings: Settings, topic: str, *, rounds: int) -> None:
    async with producing(settings.kafka) as producer:
        for number in range(rounds * CASES):
            await producer.send(topic, key=b"c%d" % (number % CASES), value=b"x")
