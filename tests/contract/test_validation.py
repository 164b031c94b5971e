"""Judging a file of events, whatever bytes it holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.contracts.examples import examples, refused
from rupture_watch.contracts.reading import MAX_BYTES, Reader
from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.validation import Verdict, validate_file
from tests.contract.events import REGISTRY
from tests.contract.poison import structured

if TYPE_CHECKING:
    from pathlib import Path

GOOD = json.dumps(structured()).encode()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("events") / "events.jsonl"


def verdicts(path: Path, content: bytes) -> list[Verdict]:
    path.write_bytes(content)
    return list(validate_file(path, Reader(REGISTRY)))


def test_good_lines_are_accepted_with_or_without_a_last_line_end(path: Path) -> None:
    for content in (GOOD + b"\n" + GOOD + b"\n", GOOD + b"\r\n" + GOOD):
        assert verdicts(path, content) == [Verdict(1), Verdict(2)]
        assert all(one.accepted for one in verdicts(path, content))


def test_blank_lines_count_and_are_passed_over(path: Path) -> None:
    assert verdicts(path, b"\n \t\n" + GOOD + b"\n\n") == [Verdict(3)]
    assert verdicts(path, b"") == []


def test_each_refused_line_is_told_with_its_number_and_reason(path: Path) -> None:
    content = examples()["bad"].encode()
    found = verdicts(path, content)
    assert [(one.line, one.reason) for one in found] == [
        (number, reason) for number, (reason, _) in enumerate(refused(), start=1)
    ]
    assert all(one.message and not one.accepted for one in found)


def test_a_line_longer_than_any_event_is_refused_once_and_the_next_is_read(path: Path) -> None:
    found = verdicts(path, b"x" * (3 << 20) + b"\n" + GOOD)
    assert [(one.line, one.reason) for one in found] == [(1, Reason.TOO_LARGE), (2, None)]


def test_the_longest_line_that_is_allowed_is_read(path: Path) -> None:
    padding = MAX_BYTES - len(GOOD)
    longest = GOOD + b" " * padding
    assert verdicts(path, longest + b"\n" + GOOD) == [Verdict(1), Verdict(2)]
    assert verdicts(path, longest + b" \n" + GOOD)[0].reason is Reason.TOO_LARGE


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_bytes_are_judged_line_by_line(path: Path, lines: list[bytes]) -> None:
    content = b"\n".join(lines)
    numbered = enumerate(content.split(b"\n"), start=1)
    expected = [number for number, line in numbered if line.strip()]
    found = verdicts(path, content)
    assert [one.line for one in found] == expected
    assert not any(one.accepted for one in found)
