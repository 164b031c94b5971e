"""What a refused record looks like in the dead letters."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from rupture_watch.contracts.reasons import Reason
from rupture_watch.effects import DeadLetter
from rupture_watch.stream.dead_letters import bury
from tests.component.memory_log import Read

if TYPE_CHECKING:
    from rupture_watch.stream.ports import Outgoing

ADDED = [
    ("__connect.errors.topic", b"t.ratings.v1"),
    ("__connect.errors.partition", b"6"),
    ("__connect.errors.offset", b"42"),
    ("__connect.errors.stage", b"decode"),
    ("__connect.errors.exception.class.name", b"JSONDecodeError"),
    ("__connect.errors.exception.message", b"$: not JSON"),
    ("x-rupture-watch-reason", b"bad_json"),
    ("x-rupture-watch-attempt", b"1"),
]


def _bury(record: Read, *, limit: int = 1_000_000) -> Outgoing:
    letter = DeadLetter(record, Reason.BAD_JSON, "decode", "JSONDecodeError", "$: not JSON")
    return bury(letter, "t.dead-letters.v1", partitions=4, limit=limit)


def _record(
    value: bytes | None = b"\xff{", headers: list[tuple[str, bytes | None]] | None = None
) -> Read:
    return Read("t.ratings.v1", 6, 42, b"\xc3", value, headers or [])


def test_key_and_value_are_untouched_and_the_partition_is_kept_where_it_exists() -> None:
    sent = _bury(_record())
    assert (sent.key, sent.value, sent.partition) == (b"\xc3", b"\xff{", 2)
    assert list(sent.headers) == ADDED


def test_original_headers_are_kept_in_order_duplicates_and_nulls_too() -> None:
    original: list[tuple[str, bytes | None]] = [("ce_id", b"1"), ("a", None), ("a", b"\xff")]
    assert list(_bury(_record(headers=original)).headers) == [*original, *ADDED]


def test_a_redriven_record_s_letter_has_the_number_of_its_attempt_and_only_new_headers() -> None:
    first = _bury(_record(headers=[("ce_id", b"1")]))
    sent_again: list[tuple[str, bytes | None]] = [
        *first.headers,
        ("x-rupture-watch-redriven", b"t.ratings.v1/6/42"),
    ]
    sent_again = [
        (name, b"2" if name == "x-rupture-watch-attempt" else value) for name, value in sent_again
    ]
    again = _bury(_record(headers=sent_again))
    assert list(again.headers) == [
        ("ce_id", b"1"),
        *ADDED[:-1],
        ("x-rupture-watch-attempt", b"2"),
    ]


@pytest.mark.parametrize("forged", [b"9" * 5000, b"two", b"-1", b"0", None])
def test_an_attempt_that_is_no_count_is_the_first(forged: bytes | None) -> None:
    headers: list[tuple[str, bytes | None]] = [("x-rupture-watch-attempt", forged)]
    assert list(_bury(_record(headers=headers)).headers)[-1][1] == b"1"


def test_a_value_too_large_for_the_topic_is_named_by_length_and_digest() -> None:
    value = b"v" * 2000
    sent = _bury(_record(value), limit=2000)
    assert sent.value is None
    assert list(sent.headers)[-2:] == [
        ("x-rupture-watch-value-bytes", b"2000"),
        ("x-rupture-watch-value-sha256", hashlib.sha256(value).hexdigest().encode()),
    ]


def test_a_tombstone_stays_one() -> None:
    assert _bury(_record(None)).value is None
