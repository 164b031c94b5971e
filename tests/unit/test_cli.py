"""The command line: what it exits with, and that an expected failure is one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer

from rupture_watch import __version__
from rupture_watch.cli.output import moment
from rupture_watch.gateway.settings import GatewaySettings
from rupture_watch.inbox.settings import InboxSettings
from rupture_watch.settings import table

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = [
    "worker",
    "broker",
    "demo",
    "topics",
    "publish",
    "simulate",
    "tail",
    "dead-letters",
    "redrive",
    "repartition",
    "rights",
    "validate",
    "replay",
    "explain",
    "backtest",
    "calibrate",
    "schemas",
    "settings",
]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("KAFKA_", "RUPTURE_"))}
    return subprocess.run(
        [sys.executable, "-m", "rupture_watch", *arguments],
        env={**inherited, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command_without_loading_what_they_need() -> None:
    help_text = run("--help").stdout
    assert all(f" {command} " in help_text for command in COMMANDS)
    imported = subprocess.run(
        [sys.executable, "-c", "import rupture_watch.cli, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"faust", "aiokafka", "pydantic", "confluent_kafka", "numpy"}
    assert heavy.isdisjoint(imported.stdout.split())


def test_the_version_is_the_packages() -> None:
    assert run("--version").stdout == f"{__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["broker", "--nodes", "2"],
        ["publish", "no-such-file.jsonl"],
        ["replay", "no-such-file.jsonl", "--alerts", "out"],
        ["demo", "--seconds", "0"],
        ["redrive", "--reason", "no-such-reason"],
        ["redrive", "--topic", "alerts.v1"],
        ["redrive", "--offsets", "3-4"],
        ["redrive", "--partition", "0", "--offsets", "3"],
        ["redrive", "--from", "yesterday"],
        ["repartition", "--partitions", "0", "--prefix", "p.", "--app-id", "a"],
        ["rights", "--role", "nobody"],
        ["simulate", "--weeks", "1"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run(*arguments).returncode == 2


@pytest.mark.parametrize(
    "command", [["worker"], ["topics", "check"], ["topics", "create"], ["tail"], ["demo"]]
)
def test_a_wrong_setting_is_one_line_and_78(command: list[str]) -> None:
    ended = run(*command, RUPTURE_WATCH_PARTITIONS="none")
    assert ended.returncode == 78
    (line,) = ended.stderr.splitlines()
    assert line.startswith("rupture-watch: RUPTURE_WATCH_PARTITIONS: ")


@pytest.mark.parametrize(
    "command",
    [
        ["topics", "check"],
        ["topics", "create"],
        ["tail"],
        ["dead-letters"],
        ["redrive"],
        ["redrive", "--go"],
        ["repartition", "--partitions", "8", "--prefix", "p.", "--app-id", "a"],
    ],
)
def test_no_broker_at_the_address_is_one_line_that_names_it_and_70(command: list[str]) -> None:
    ended = run(*command, KAFKA_BOOTSTRAP="127.0.0.1:1")
    assert ended.returncode == 70
    (line,) = ended.stderr.splitlines()
    assert line.startswith("rupture-watch: no answer from Kafka at 127.0.0.1:1")


def test_without_java_the_broker_says_that_it_is_a_mock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "rupture_watch", "broker", "--port", "0", "--data", str(tmp_path)],
        env={**os.environ, "JAVA_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as broker:
        assert broker.stdout is not None
        first = broker.stdout.readline()
        broker.terminate()
        _, notice = broker.communicate()
    assert first.startswith("ready 127.0.0.1:")
    assert "no Java and Maven here: this is librdkafka's in-memory mock of Kafka" in notice
    assert broker.returncode == 0


def test_the_same_seed_simulates_the_same_bytes() -> None:
    arguments = ["simulate", "--cases", "5", "--weeks", "6", "--seed", "3"]
    first, second = run(*arguments), run(*arguments)
    assert first.stdout == second.stdout
    assert all(json.loads(line)["id"] for line in first.stdout.splitlines())


def test_a_replay_writes_the_same_bytes_twice(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    assert run("simulate", "--cases", "30", "--weeks", "12", "--out", str(events)).returncode == 0
    outputs = []
    for number in range(2):
        files = [tmp_path / f"{name}-{number}" for name in ("alerts", "cases", "trace")]
        names = ("--alerts", "--cases", "--trace")
        options = [text for pair in zip(names, map(str, files), strict=True) for text in pair]
        ended = run("replay", str(events), *options, "--until", "2026-02-01T00:00:00Z")
        assert ended.returncode == 0, ended.stderr
        outputs.append([file.read_bytes() for file in files])
    assert outputs[0] == outputs[1]
    assert all(outputs[0])


def test_every_setting_is_listed_for_machines() -> None:
    rows = table(GatewaySettings, InboxSettings)
    assert json.loads(run("settings", "--json").stdout) == [row._asdict() for row in rows]


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("2026-01-31T12:00:00.000001Z", 1_769_860_800_000_001),
    ],
)
def test_a_moment_is_read_exactly(text: str, microseconds: int) -> None:
    assert moment(text) == microseconds


@pytest.mark.parametrize("text", ["yesterday", "2026-01-31", "2026-01-31T12:00:00"])
def test_a_moment_needs_its_offset(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        moment(text)
