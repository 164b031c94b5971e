"""The local broker: it keeps what it was given, and never outlives whoever started it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from rupture_watch.kafka.admin import Admin, TopicPlan
from rupture_watch.kafka.consumer import EventConsumer
from rupture_watch.kafka.producer import EventProducer, acknowledged
from rupture_watch.operations.broker import BrokerFailure, LocalBroker
from rupture_watch.operations.broker.node import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

DEADLINE = 60.0


class Foreground:
    """``rupture-watch broker`` as a child process whose first line has been read."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.first_line = process.stdout.readline().strip()

    @property
    def java(self) -> psutil.Process:
        (child,) = psutil.Process(self.process.pid).children()
        return child

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, errors


@pytest.fixture
def foreground(broker: LocalBroker, tmp_path: Path) -> Iterator[Any]:
    """A starter of foreground brokers; asks for the session's broker so that Kafka is there."""
    assert broker.bootstrap
    with ExitStack() as stack:

        def start(*arguments: str) -> Foreground:
            command = [sys.executable, "-m", "rupture_watch", "broker", "--data", str(tmp_path)]
            process = stack.enter_context(
                subprocess.Popen(
                    [*command, *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return Foreground(process)

        yield start


async def _write(broker: LocalBroker, topic: str, values: list[bytes]) -> None:
    async with EventProducer(broker.kafka) as producer:
        await acknowledged([await producer.send(topic, key=b"k", value=v) for v in values])


async def _read(broker: LocalBroker, topic: str) -> list[bytes | None]:
    async with EventConsumer(broker.kafka, [topic], from_beginning=True) as consumer:
        return [record.value async for record in consumer.up_to_now()]


async def test_the_same_folder_carries_on_where_it_was_left(tmp_path: Path) -> None:
    written = [b"%d" % number for number in range(1000)]
    async with LocalBroker(tmp_path) as first:
        async with Admin(first.kafka) as admin:
            await admin.create([TopicPlan("kept", 1, 1, {})])
        await _write(first, "kept", written)
    async with LocalBroker(tmp_path) as second:
        assert await _read(second, "kept") == written


async def test_a_killed_node_comes_back_with_what_it_had_acknowledged(tmp_path: Path) -> None:
    async with LocalBroker(tmp_path) as broker:
        async with Admin(broker.kafka) as admin:
            await admin.create([TopicPlan("kept", 1, 1, {})])
        await _write(broker, "kept", [b"before"])
        await broker.kill_node(1)
        assert not broker.nodes[1].running
        await broker.start_node(1)
        assert await _read(broker, "kept") == [b"before"]


async def test_three_nodes_serve_on_when_one_is_killed(tmp_path: Path) -> None:
    async with LocalBroker(tmp_path, nodes=3) as broker:
        async with Admin(broker.kafka) as admin:
            assert await admin.brokers() == [1, 2, 3]
            await admin.create([TopicPlan("three", 3, 3, {"min.insync.replicas": "2"})])
        await _write(broker, "three", [b"before"])
        await broker.kill_node(2)
        await _write(broker, "three", [b"while"])
        await broker.start_node(2)
        assert await _read(broker, "three") == [b"before", b"while"]


async def test_a_node_that_dies_by_itself_is_reported_with_its_end(tmp_path: Path) -> None:
    async with LocalBroker(tmp_path) as broker:
        failing = asyncio.create_task(broker.failed())
        broker.signal_node(1, signal.SIGKILL)
        failure = await asyncio.wait_for(failing, DEADLINE)
    assert str(failure).startswith("broker node 1 was ended by SIGKILL")


async def test_properties_can_be_replaced_for_one_cluster(tmp_path: Path) -> None:
    async with (
        LocalBroker(tmp_path, properties={"log.retention.hours": "7"}) as broker,
        Admin(broker.kafka) as admin,
    ):
        await admin.create([TopicPlan("short", 1, 1, {})])
        configs = await admin.configs(["short"])
    assert configs["short"]["retention.ms"] == str(7 * 3_600_000)


async def test_a_broker_with_impossible_properties_says_why(tmp_path: Path) -> None:
    with pytest.raises(BrokerFailure, match=r"num\.io\.threads"):
        async with LocalBroker(tmp_path, properties={"num.io.threads": "none"}):
            pytest.fail("it must not start")


def test_a_taken_port_is_named_at_once(broker: LocalBroker, tmp_path: Path) -> None:
    with pytest.raises(BrokerFailure, match=f"port {broker.nodes[1].port} is taken"):
        LocalBroker(tmp_path, port=broker.nodes[1].port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_foreground_broker_says_where_it_is_and_stops_cleanly(
    foreground: Any, number: signal.Signals
) -> None:
    (port,) = free_ports(1)
    running = foreground("--port", str(port))
    assert running.first_line == f"ready 127.0.0.1:{port}"
    java = running.java
    assert running.end(number) == (0, "")
    assert not java.is_running()


def test_the_node_ends_with_a_foreground_that_is_killed(foreground: Any) -> None:
    running = foreground("--port", "0")
    java = running.java
    running.end(signal.SIGKILL)
    gone, _ = psutil.wait_procs([java], timeout=DEADLINE)
    assert gone == [java]


def test_a_crash_of_the_node_ends_the_foreground_with_one_line_and_70(foreground: Any) -> None:
    running = foreground("--port", "0")
    java = running.java
    java.kill()
    code, errors = running.ended()
    assert code == 70
    assert errors.splitlines() == ["rupture-watch: broker node 1 was ended by SIGKILL"]
