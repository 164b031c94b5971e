"""Kill -9 of ``rupture-watch deliver`` while it writes to a FHIR server of other people."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.operations import topics
from tests.faults.nemesis import report
from tests.faults.topic_reader import producing
from tests.receivers.alerts import record, revision
from tests.receivers.deliver import Deliver, configured
from tests.receivers.fhir import fhir_server, require
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from rupture_watch.settings import Settings
    from tests.receivers.fhir import FhirServer

pytestmark = [
    pytest.mark.faults,
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(1200),
]

CASES = 40
CHANGES = ("raised", "amended", "repaired")
KILLS = 4
LIMIT = 400.0


async def test_every_resource_has_just_the_versions_that_its_alert_has_revisions(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    require()
    dice = random.Random(seed)
    total = CASES * len(CHANGES)
    kills = sorted(dice.sample(range(total // 20, total * 9 // 10), KILLS))
    report(f"seed {seed}: killed after {kills} of {total}")
    await topics.create(settings)
    async with fhir_server(tmp_path) as server:
        file = configured(tmp_path, fhir=server.base)
        await _publish(settings)
        for threshold in kills:
            async with Deliver(settings, file, tmp_path) as deliver:
                await _until(server, threshold)
                await deliver.kill()
        async with Deliver(settings, file, tmp_path) as deliver:
            await _until(server, total)
            code, listed = await deliver.command(
                "deliveries", "--config", str(file), "--failed", "--json"
            )
            assert (code, listed) == (0, "")
            assert await deliver.stop() == 0
        issues, tasks, provenances = [
            await server.all(kind) for kind in ("DetectedIssue", "Task", "Provenance")
        ]
    assert {one["status"] for one in issues} == {"final"}
    assert {one["status"] for one in tasks} == {"completed"}
    names = [one["identifier"][0]["value"] for one in issues]
    assert len(issues) == len(tasks) == len(set(names)) == CASES
    assert Counter(one["meta"]["versionId"] for one in issues) == {"3": CASES}
    assert Counter(one["meta"]["versionId"] for one in tasks) == {"2": CASES}
    told = [one["meta"]["tag"][0]["code"] for one in provenances]
    assert len(told) == len(set(told)) == total


async def _publish(settings: Settings) -> None:
    topic = topic_name(settings.topic_prefix, Channel.ALERTS)
    async with producing(settings.kafka) as producer:
        for number, change in enumerate(CHANGES, start=1):
            for case in range(CASES):
                key, value, headers = record(revision(f"case-{case}", number, change))
                await producer.send(topic, value, key=key, headers=headers)
        await producer.flush()


async def _until(server: FhirServer, provenances: int) -> None:
    """Wait until the server has heard of this many revisions."""

    async def heard() -> bool:
        return len(await server.all("Provenance")) >= provenances

    await until(heard, limit=LIMIT)
