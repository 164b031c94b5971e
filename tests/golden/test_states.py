"""States of every version that was ever written: read for ever, and never written by accident."""

from __future__ import annotations

from typing import Any

import pytest

from rupture_watch.codec.case_state import (
    READERS,
    STATE_VERSION,
    PackedFacts,
    decode,
    encode,
    has_outbox,
)
from tests.builders import CASE, the_rules
from tests.golden.state_bytes import STATES, content, read

HEADER = 10
VERSIONS = range(1, STATE_VERSION + 1)
GOLDEN = [(version, one) for version in VERSIONS for one in read(version)]


def _id(part: int | dict[str, Any]) -> str:
    return f"v{part}" if isinstance(part, int) else str(part["name"])


def test_every_version_up_to_the_present_one_has_its_golden_bytes_and_its_reader() -> None:
    assert {file.name for file in STATES.iterdir()} == {f"v{n}.jsonl" for n in VERSIONS}
    assert set(READERS) == set(VERSIONS)
    assert {one["state"][0] for _, one in GOLDEN} == set(VERSIONS)


@pytest.mark.parametrize(("version", "one"), GOLDEN, ids=_id)
def test_a_state_says_what_it_said_when_it_was_written(version: int, one: dict[str, Any]) -> None:
    assert one["state"][0] == version
    assert content(one["state"]) == one["content"]
    assert has_outbox(one["state"]) == bool(one["content"]["outbox"])


@pytest.mark.parametrize(("version", "one"), GOLDEN, ids=_id)
def test_a_state_is_written_anew_in_the_present_version_and_says_the_same(
    version: int, one: dict[str, Any]
) -> None:
    case, outbox = decode(CASE, one["state"], the_rules())
    again = encode(case, outbox, PackedFacts(case.history.facts.values()))
    assert again[0] == STATE_VERSION
    assert content(again) == one["content"]
    if version == STATE_VERSION:  # what is due, in the header, is the rules' business
        assert again[HEADER:] == one["state"][HEADER:]
