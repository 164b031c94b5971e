"""docs/reliability.md: every test, file, command, option and setting that it names is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from rupture_watch.alliance.history import MOST_FACTS
from rupture_watch.cli.entry import app
from rupture_watch.contracts.reading import MAX_BYTES
from rupture_watch.contracts.reasons import Reason
from rupture_watch.kafka.transactions import LIMIT
from rupture_watch.settings import table
from rupture_watch.shard import LARGEST_STATE
from rupture_watch.stream.failpoints import POINTS
from rupture_watch.stream.flood import IN_A_ROW, SHARE, WINDOW
from tests.component.deployment import REPOSITORY

if TYPE_CHECKING:
    import click

PAGE = (REPOSITORY / "docs" / "reliability.md").read_text("utf-8")
NAMED = sorted(
    set(re.findall(r"`((?:tests|benchmarks|scripts|deploy|service)/[\w./-]+(?:::\w+)?)`", PAGE))
)
COMMANDS = sorted(
    set(re.findall(r"`(\.venv/bin/pytest [^`]+)`", PAGE)) - {".venv/bin/pytest FILE -k WORDS"}
)


def _tests_of(file: str) -> list[str]:
    text = (REPOSITORY / file).read_text("utf-8")
    return re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)


@pytest.mark.parametrize("name", NAMED)
def test_a_named_file_exists_and_has_the_named_test(name: str) -> None:
    file, _, test = name.partition("::")
    path = REPOSITORY / file
    assert path.exists()
    if test:
        assert test in _tests_of(file)
    if path.name.startswith("test_"):
        assert _tests_of(file)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_named_command_selects_a_test(command: str) -> None:
    (file,) = re.findall(r"tests/\S+\.py", command)
    (word,) = re.findall(r"-k (\w+)", command)
    assert [test for test in _tests_of(file) if word in test]


def test_every_row_of_the_matrix_is_there_once() -> None:
    rows = re.findall(r"^\| (T\d+) \|", PAGE, re.MULTILINE)
    assert rows == [f"T{number}" for number in range(1, 24)]


def test_its_commands_options_targets_and_settings_exist() -> None:
    commands: dict[str, click.Command] = vars(get_command(app))["commands"]
    assert set(re.findall(r"rupture-watch ([a-z-]+)", PAGE)) <= set(commands)
    options = {
        option
        for name in ("redrive", "repartition")
        for parameter in commands[name].params
        for option in parameter.opts
    }
    assert set(re.findall(r"(--[a-z][a-z-]+)", PAGE)) <= options
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    for target in re.findall(r"`make ([a-z-]+)", PAGE):
        assert f"\n{target}:" in makefile
    known = {row.variable for row in table()} | {"RUPTURE_WATCH_FAILPOINT"}
    assert set(re.findall(r"RUPTURE_WATCH_[A-Z_]+", PAGE)) <= known


def test_its_failpoints_reasons_and_limits_are_the_service_s() -> None:
    named = re.findall(r"`(after_\w+)`", PAGE)
    assert named == list(POINTS)
    assert set(re.findall(r"dead letter `(\w+)`", PAGE)) <= {reason.value for reason in Reason}
    for number in (MAX_BYTES, LARGEST_STATE):
        assert f"{number:,} bytes" in PAGE
    assert f"| facts of a case | {MOST_FACTS};" in PAGE
    assert (
        f"{IN_A_ROW + 1} in a row, or {int(SHARE * WINDOW) + 1} of {WINDOW}, of a partition" in PAGE
    )
    assert f"{LIMIT:.0f} seconds at most" in PAGE
