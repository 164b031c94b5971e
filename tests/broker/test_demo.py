"""The demo as a user starts it, on a real Kafka: it ends by itself, and with any of its parts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from rupture_watch.kafka.admin import Admin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rupture_watch.operations.broker import LocalBroker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

DEADLINE = 120.0


@pytest.fixture
def demo(broker: LocalBroker, tmp_path: Path) -> Iterator[Any]:
    """A starter of demos on the session's Kafka."""
    ours = {"KAFKA_BOOTSTRAP": broker.bootstrap, "RUPTURE_WATCH_DATA_DIR": str(tmp_path)}
    with ExitStack() as stack:

        def start(*arguments: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "rupture_watch", "demo", "--json", *arguments],
                    env={**os.environ, **ours},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return process

        yield start


def _until_it_says(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    pytest.fail(f"it never said: {words}")


async def test_it_ends_by_itself_and_leaves_nothing_unjudged_nor_behind(
    demo: Any, broker: LocalBroker, tmp_path: Path
) -> None:
    output, errors = demo("--seconds", "20", "--seed", "1").communicate(timeout=DEADLINE)
    *alerts, summary = map(json.loads, output.splitlines())
    assert summary["sent"] == summary["acknowledged"] > 100, errors
    assert summary["lag"] == 0
    assert sum(summary["alerts"].values()) == len(alerts) > 0
    assert {event["specversion"] for event in alerts} == {"1.0"}
    async with Admin(broker.kafka) as admin:
        left = [name for name in await admin.topics() if name.startswith("demo-")]
    assert left == []
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240 - nothing else runs on this loop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_its_summary(demo: Any, number: signal.Signals) -> None:
    process = demo()
    _until_it_says(process, "the clinic runs")
    process.send_signal(number)
    output, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, errors
    assert json.loads(output.splitlines()[-1])["lag"] == 0


def test_the_death_of_a_worker_ends_it_with_the_workers_last_words(demo: Any) -> None:
    process = demo()
    _until_it_says(process, "the clinic runs")
    workers = psutil.Process(process.pid).children()
    workers[0].kill()
    _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 70
    assert "was ended by SIGKILL" in errors
    assert not any(worker.is_running() for worker in workers)


def test_no_worker_outlives_a_killed_demo(demo: Any) -> None:
    process = demo()
    _until_it_says(process, "the clinic runs")
    workers = psutil.Process(process.pid).children()
    process.kill()
    gone, alive = psutil.wait_procs(workers, timeout=DEADLINE)
    assert (len(gone), alive) == (2, [])
