"""An independent CloudEvents library reads what we write, and we read what it writes."""

from __future__ import annotations

import json
from datetime import datetime
from random import Random
from typing import Any

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent

from rupture_watch.alliance.telling import AlertEvent
from rupture_watch.contracts import writing
from rupture_watch.contracts.reading import read, read_line
from rupture_watch.contracts.wire import microseconds
from tests.contract.events import good_event
from tests.contract.test_writing import ALERT, TRACE

EVENTS = 200


def library_event(event: dict[str, Any]) -> CloudEvent:
    attributes = {
        name: ("true" if value is True else "false" if value is False else value)
        for name, value in event.items()
        if name != "data" and value is not None
    }
    attributes["time"] = datetime.fromisoformat(event["time"].upper())
    attributes["datacontenttype"] = "application/json"
    return CloudEvent(attributes, event["data"])


def by_subject(event: Any) -> str:
    return str(event.get_subject())


def headers_of(message: kafka.KafkaMessage) -> list[tuple[str, bytes | None]]:
    return list(message.headers.items())


def test_the_library_reads_an_alert_as_we_wrote_it() -> None:
    time = microseconds("2025-10-13T14:50:00Z")
    told = AlertEvent("raised", ALERT["alert_id"], 1, "case-1", time, ALERT)
    value, headers = writing.alert(told, TRACE)
    binary = kafka.from_binary_event(kafka.KafkaMessage(dict(headers), b"case-1", value))
    line = writing.structured(value, headers)
    structured = kafka.from_structured_event(
        kafka.KafkaMessage({"content-type": b"application/cloudevents+json"}, b"case-1", line)
    )
    for event in (binary, structured):
        assert event.get_id() == f"{ALERT['alert_id']}-1"
        assert event.get_type() == "org.rupturewatch.alert.raised.v1"
        assert event.get_subject() == "case-1"
        assert event.get_time() == datetime.fromisoformat("2025-10-13T14:50:00Z")
        assert event.get_dataschema() == "urn:rupture-watch:schema:org.rupturewatch.alert.raised.v1"
        assert event.get_extension("traceparent") == TRACE
        assert event.get_data() == ALERT


def test_we_read_what_the_library_writes_in_either_mode() -> None:
    random = Random(20250304)
    for _ in range(EVENTS):
        event = good_event(random)
        expected = read_line(json.dumps(event).encode())
        written = library_event(event)
        for message in (
            kafka.to_binary_event(written, key_mapper=by_subject),
            kafka.to_structured_event(written, key_mapper=by_subject),
        ):
            key = str(message.key).encode()
            assert read(key, message.value, headers_of(message)) == expected


def test_a_structured_event_with_ce_headers_is_read_as_structured() -> None:
    event = good_event(Random(1))
    message = kafka.to_structured_event(library_event(event), key_mapper=by_subject)
    headers: list[tuple[str, bytes | None]] = [
        ("ce_id", b"other"),
        ("ce_specversion", b"0.3"),
        *headers_of(message),
    ]
    incoming = read(str(message.key).encode(), message.value, headers)
    assert incoming.fact.event_id == event["id"]


@pytest.mark.parametrize("content_type", [None, b"application/json", b"text/plain"])
def test_whatever_else_the_content_type_says_the_mode_is_binary(content_type: bytes | None) -> None:
    event = good_event(Random(2))
    message = kafka.to_binary_event(library_event(event), key_mapper=by_subject)
    headers = [pair for pair in headers_of(message) if pair[0] != "content-type"]
    if content_type is not None:
        headers.append(("content-type", content_type))
    assert read(str(message.key).encode(), message.value, headers).case == event["subject"]
