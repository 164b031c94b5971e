"""The Grafana dashboard over a live worker: every query finds what it asks for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rupture_watch.operations import topics
from rupture_watch.operations.publish import publish
from tests.broker.eventful import eventful
from tests.component.deployment import REPOSITORY
from tests.faults import oracle
from tests.faults.topic_reader import drained
from tests.faults.worker import Worker

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="session")]

FILE = REPOSITORY / "deploy" / "grafana" / "dashboard.json"
SELECTOR = re.compile(r'(rupture_watch_\w+)(?:\{(\w+)="(\w+)"\})?')


async def test_every_query_of_the_dashboard_finds_series_of_a_running_worker(
    settings: Settings,
) -> None:
    ticking = settings.model_copy(update={"tick_interval": 0.2})
    await topics.create(ticking)
    async with Worker(ticking) as worker:
        await worker.ready()
        await publish(ticking, eventful(), lambda **_: None)
        await drained(ticking, oracle.inputs(ticking))
        while await worker.metric('heartbeat_timestamp_seconds{stage="ticked"}') == 0:
            assert worker.running
        _, exposition = await worker.probe("/metrics")
        assert await worker.stop() == 0
    found = [
        sample for family in text_string_to_metric_families(exposition) for sample in family.samples
    ]
    for expression in _expressions():
        for name, label, value in SELECTOR.findall(expression):
            matching = [
                sample
                for sample in found
                if sample.name == name and (not label or sample.labels[label] == value)
            ]
            assert matching, expression


def _expressions() -> list[str]:
    panels: list[dict[str, Any]] = json.loads(FILE.read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]
