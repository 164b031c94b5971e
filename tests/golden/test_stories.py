"""Stories: a few events of one case, and every alert that follows, as a page to read.

A page (``NAME.expected.md``) was written from the rules before the engine was asked; where the
two differed, one of them was mended. ``python -m tests.golden.rendering FILE`` prints what the
engine says now.
"""

from __future__ import annotations

import json
import re
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.rules.catalogue import RULES
from rupture_watch.contracts.wire import microseconds
from tests.golden.rendering import STORIES, Told, until_of

if TYPE_CHECKING:
    from pathlib import Path

    from rupture_watch.alliance.facts import Microseconds

PATHS = sorted(STORIES.glob("*.jsonl"))
SHUFFLES = 6

FORBIDDEN = re.compile(
    r"detect|probab|risk score|diagnos|\bmust\b|immediate|urgent|\bfault|blame", re.IGNORECASE
)


def _page(path: Path) -> str:
    return path.with_suffix(".expected.md").read_text("utf-8")


def _told(path: Path) -> Told:
    return Told(path.read_bytes().splitlines(), until_of(_page(path)))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_story_leads_to_the_alerts_on_its_page(path: Path) -> None:
    told = _told(path)
    assert told.rejected == 0
    [block] = re.findall(r"^```text\n(.*?)\n```$", _page(path), re.MULTILINE | re.DOTALL)
    assert told.page() == block.split("\n")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_story_stands_the_same_in_any_order_of_arrival(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    end = _end(lines)
    standing = Told(lines, end).cases
    for seed in range(SHUFFLES):
        arrival = [*lines, lines[seed % len(lines)]]
        Random(seed).shuffle(arrival)
        assert Told(arrival, end).cases == standing, f"seed {seed}"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_story_is_told_without_a_forbidden_word(path: Path) -> None:
    said = [text for event in _told(path).events for text in _texts(event["data"])]
    assert [text for text in said if FORBIDDEN.search(text)] == []


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_every_rule_has_a_story_in_which_it_speaks(rule: str) -> None:
    [path] = STORIES.glob(f"{rule.lower()}-*.jsonl")
    page = _page(path)
    assert re.search(rf"^  (?:note )?{rule} \d ", page, re.MULTILINE)


def test_every_page_says_why() -> None:
    for path in PATHS:
        title, why, *_ = _page(path).split("\n\n")
        assert title.startswith("# ")
        assert why.endswith(".")


def _end(lines: list[bytes]) -> Microseconds:
    events = [json.loads(line) for line in lines]
    newest = max(microseconds(event.get("recordedtime", event["time"])) for event in events)
    return newest + 40 * DAY


def _texts(data: dict[str, Any]) -> list[str]:
    statements = [finding["statement"] for finding in data["findings"]]
    return [data["headline"], data["clears_when"], *data["considerations"], *statements]
