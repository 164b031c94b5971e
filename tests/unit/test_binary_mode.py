"""A line of a file of events as a Kafka record in CloudEvents' binary mode."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from rupture_watch.kafka.binary_mode import NotAnEvent, to_binary

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/clinic",
    "type": "org.rupturewatch.session.rated.v1",
    "subject": "case-1",
    "time": "2026-01-05T10:00:00Z",
    "backfill": True,
    "sequence": 7,
    "data": {"session_id": "s1", "total": 30.5},
}


def line_of(**changes: object) -> bytes:
    return json.dumps({k: v for k, v in {**EVENT, **changes}.items() if v != "absent"}).encode()


def test_the_key_is_the_subject_and_attributes_become_headers() -> None:
    event = to_binary(line_of())
    assert (event.key, event.type) == (b"case-1", EVENT["type"])
    assert dict(event.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"e1",
        "ce_source": b"/clinic",
        "ce_type": EVENT["type"].encode(),
        "ce_subject": b"case-1",
        "ce_time": b"2026-01-05T10:00:00Z",
        "ce_backfill": b"true",
        "ce_sequence": b"7",
        "content-type": b"application/json",
    }


def test_an_independent_library_reads_what_was_written() -> None:
    event = to_binary(line_of())
    read = from_binary_event(KafkaMessage(dict(event.headers), event.key, event.value))
    assert read.get_id() == "e1"
    assert read.get_subject() == "case-1"
    assert read.get_data() == EVENT["data"]


def test_the_data_keep_their_bytes() -> None:
    line = line_of(data="PLACE").replace(b'"PLACE"', b'{ "total": 30.50, "a": 1, "a": 2 }')
    assert to_binary(line).value == b'{ "total": 30.50, "a": 1, "a": 2 }'


def test_a_content_type_of_its_own_is_kept_and_a_null_attribute_is_none() -> None:
    headers = dict(to_binary(line_of(datacontenttype="text/json", time=None)).headers)
    assert headers["content-type"] == b"text/json"
    assert "ce_time" not in headers


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject"])
@pytest.mark.parametrize("value", ["absent", None, "", 5])
def test_a_required_attribute_must_be_there_as_text(name: str, value: object) -> None:
    with pytest.raises(NotAnEvent, match=f"^{name}: missing or not a string$"):
        to_binary(line_of(**{name: value}))


@pytest.mark.parametrize("extension", [1.5, [1], {"a": 1}])
def test_an_attribute_has_no_structure(extension: object) -> None:
    with pytest.raises(NotAnEvent, match=r"^extension: "):
        to_binary(line_of(extension=extension))


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"null", b"\xff", b'{"data": NaN}', line_of(data="absent")]
)
def test_anything_else_is_no_event_and_its_content_stays_out_of_the_message(line: bytes) -> None:
    with pytest.raises(NotAnEvent, match=r"^not a JSON object with data$"):
        to_binary(line)
