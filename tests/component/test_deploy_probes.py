"""What the deployment asks the worker for is what the worker answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import typer

from rupture_watch.cli.entry import app
from rupture_watch.metrics import Metrics
from rupture_watch.probes import probes
from rupture_watch.stream.health import Health
from tests.component.deployment import own_services, scrape_jobs, services, stages

if TYPE_CHECKING:
    from collections.abc import Sequence


def _asked() -> list[str]:
    """Return the paths that compose, the image and Prometheus ask for."""
    commands = [*services()["worker"]["healthcheck"]["test"]]
    commands += [step.value for step in stages()[-1] if step.word == "HEALTHCHECK"]
    asked = [path for command in commands for path in re.findall(r"http://[^/']+(/\w+)", command)]
    return [*asked, scrape_jobs()["rupture-watch"]["metrics_path"]]


async def _status(path: str, health: Health, metrics: Metrics) -> int:
    async with (
        probes(health, metrics, host="127.0.0.1", port=0) as address,
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}{path}") as answer,
    ):
        return answer.status


def test_three_paths_are_asked_for() -> None:
    assert sorted(_asked()) == ["/livez", "/metrics", "/readyz"]


@pytest.mark.parametrize("path", _asked())
async def test_a_flowing_worker_answers_what_is_asked(path: str) -> None:
    metrics = Metrics()
    health = Health(metrics)
    health.resume()
    assert await _status(path, health, metrics) == 200


async def test_a_worker_without_partitions_is_alive_but_not_ready() -> None:
    metrics = Metrics()
    health = Health(metrics)
    assert await _status("/livez", health, metrics) == 200
    assert await _status("/readyz", health, metrics) == 503


@pytest.mark.parametrize("name", own_services())
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    command: Any = typer.main.get_command(app)
    words: Sequence[str] = own_services()[name]["command"]
    for word in words:
        assert word in command.commands
        command = command.commands[word]
    assert not hasattr(command, "commands")
