"""Which rule set alerts were made by can be told from the stream alone."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from rupture_watch.contracts import schemas
from rupture_watch.contracts.topics import Channel, EventType, topic_name
from rupture_watch.kafka.session import Unreachable
from rupture_watch.operations.rulesets_used import UnknownRuleSet, changes
from rupture_watch.rulesets import load_ruleset
from rupture_watch.stream.rulesets import PARTITION, announce
from tests.contract.events import REGISTRY
from tests.faults.topic_reader import producing, read_all
from tests.faults.worker import Worker, environment

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="session")]

DEFAULT, STRICT = load_ruleset("default"), load_ruleset("strict")


def topic_of(settings: Settings) -> str:
    return topic_name(settings.topic_prefix, Channel.RULESETS)


async def rules(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as an auditor would."""
    command = [sys.executable, "-m", "rupture_watch", "rules", *arguments]
    surroundings = {**os.environ, **environment(settings), "COLUMNS": "200"}
    return await asyncio.to_thread(
        subprocess.run, command, env=surroundings, capture_output=True, text=True, check=False
    )


async def test_a_worker_writes_its_rule_set_once_however_often_it_starts(topics: Settings) -> None:
    for _ in range(2):
        async with Worker(topics) as worker:
            await worker.ready()
            assert await worker.stop() == 0
    records = await read_all(topics.kafka, topic_of(topics))
    assert [record.key for record in records] == [DEFAULT.hash.encode()]


async def test_every_change_is_on_the_stream_in_order_also_the_way_back(topics: Settings) -> None:
    written = [await announce(topics, one) for one in (DEFAULT, DEFAULT, STRICT, STRICT, DEFAULT)]
    assert written == [True, False, True, False, True]
    used = await changes(topics)
    assert [one.ruleset.hash for one in used] == [DEFAULT.hash, STRICT.hash, DEFAULT.hash]
    assert used == sorted(used, key=lambda one: one.since)
    assert used[1].ruleset.content == STRICT.content


async def test_what_is_written_fits_its_schema_and_hashes_to_its_key(topics: Settings) -> None:
    await announce(topics, STRICT)
    [record] = await read_all(topics.kafka, topic_of(topics))
    name = EventType.RULESET_USED.value
    data: dict[str, Any] = json.loads(record.value or b"")
    assert Draft202012Validator(schemas.published(REGISTRY)[name]).is_valid(data)
    headers = dict(record.headers)
    assert headers["ce_type"] == name.encode()
    assert headers["ce_subject"] == record.key == STRICT.hash.encode() == data["ruleset"].encode()
    assert STRICT.canonical in (record.value or b"")


async def test_an_auditor_resolves_the_hash_of_an_alert(topics: Settings) -> None:
    await announce(topics, DEFAULT)
    await announce(topics, STRICT)
    found = await rules(topics, "--hash", STRICT.hash[:5])
    assert found.returncode == 0, found.stderr
    assert f"{STRICT.hash}  strict 1.0.0" in found.stdout
    assert "deep_z = -2.5" in found.stdout
    [line] = json.loads((await rules(topics, "--hash", STRICT.hash, "--json")).stdout)
    assert line["content"] == STRICT.content
    history = (await rules(topics, "--history")).stdout.splitlines()
    assert [line.split("  ")[1] for line in history] == [DEFAULT.hash, STRICT.hash]


async def test_a_hash_that_nothing_has_is_said_in_one_line(topics: Settings) -> None:
    await announce(topics, DEFAULT)
    absent = "0" if DEFAULT.hash[0] != "0" else "1"
    found = await rules(topics, "--hash", absent)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == (
        "rupture-watch: no rule set on the stream has a hash that begins like this\n"
    )


async def test_a_record_that_is_not_what_its_hash_says_is_not_believed(topics: Settings) -> None:
    await announce(topics, DEFAULT)
    [record] = await read_all(topics.kafka, topic_of(topics))
    forged = (record.value or b"").replace(b'"s0"', b'"s1"').replace(b"-1.5", b"-9.5")
    async with producing(topics.kafka) as producer:
        await producer.send_and_wait(topic_of(topics), forged, key=record.key, partition=PARTITION)
    with pytest.raises(UnknownRuleSet, match="not what its hash says"):
        await changes(topics)


async def test_a_broker_that_is_away_ends_in_one_sentence(topics: Settings) -> None:
    kafka = topics.kafka.model_copy(update={"bootstrap": "127.0.0.1:1"})
    away = topics.model_copy(update={"kafka": kafka, "retry_limit": 2.0})
    with pytest.raises(Unreachable, match="no answer"):
        await announce(away, DEFAULT)
