"""Kafka records as the consumer hands them over, made from facts or from anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rupture_watch.alliance.facts import Appointment, Closure, Form, FrameFact, Note, Review
from rupture_watch.alliance.standing import instant
from rupture_watch.contracts.topics import Channel, channel_of_type, topic_name
from tests.builders import CASE, canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.effects import Record

PREFIX = "test."
NO_TIMESTAMP = -1
_TYPES = {
    Form: "org.rupturewatch.session.rated.v1",
    Appointment: "org.rupturewatch.attendance.changed.v1",
    FrameFact: "org.rupturewatch.frame.changed.v1",
    Note: "org.rupturewatch.session.noted.v1",
    Closure: "org.rupturewatch.case.closed.v1",
    Review: "org.rupturewatch.alert.reviewed.v1",
}
_PLAIN: Mapping[type, tuple[str, ...]] = {
    Form: (
        "session_id",
        "session_seq",
        "instrument",
        "respondent",
        "total",
        "mode",
        "duration_ms",
        "missing_items",
        "group_id",
    ),
    Appointment: Appointment._fields[7:],
    FrameFact: FrameFact._fields[7:],
    Note: tuple(name for name in Note._fields[7:] if not name.startswith("homework")),
    Closure: Closure._fields[7:],
    Review: Review._fields[7:],
}


def event_of(fact: Fact, case: str = CASE) -> dict[str, Any]:
    """Return ``fact`` as the structured CloudEvent that a sender would write."""
    data: dict[str, Any] = {
        name: value
        for name in _PLAIN[type(fact)]
        if (value := getattr(fact, name)) is not None and value != ()
    }
    if isinstance(fact, Form):
        data |= {key: dict(getattr(fact, key)) for key in ("scores", "items") if getattr(fact, key)}
        if fact.version is not None:
            data["instrument_version"] = fact.version
    elif isinstance(fact, Appointment):
        data["scheduled_start"] = instant(fact.scheduled_start)
    elif isinstance(fact, FrameFact):
        data["fact_id"] = fact.name
    elif isinstance(fact, Note) and fact.homework_assigned is not None:
        data["homework"] = {"assigned": fact.homework_assigned, "done": fact.homework_done or 0}
    if fact.void:
        data["status"] = "entered-in-error"
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": fact.event_id,
        "source": fact.source,
        "type": _TYPES[type(fact)],
        "subject": case,
        "time": instant(fact.time),
        "recordedtime": instant(fact.recorded),
        "datacontenttype": "application/json",
        "data": data,
    }
    if fact.backfill:
        event["backfill"] = True
    return event


@dataclass(slots=True)
class ARecord:
    """A record; aiokafka's fits the same protocol."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = field(default_factory=list)
    partition: int = 0
    offset: int = 0
    timestamp: int = NO_TIMESTAMP


def topic_of(channel: Channel) -> str:
    return topic_name(PREFIX, channel)


def record_of_event(event: dict[str, Any], **said: Any) -> ARecord:
    """Return a structured event on the topic of its type."""
    channel = channel_of_type(event["type"])
    fields: dict[str, Any] = {
        "topic": topic_of(channel or Channel.RATINGS),
        "key": event["subject"].encode(),
        "value": canonical(event),
        "headers": [("content-type", b"application/cloudevents+json")],
        **said,
    }
    return ARecord(**fields)


def record_of(fact: Fact, case: str = CASE, **said: Any) -> ARecord:
    """Return ``fact`` as a record in structured mode, received when it was recorded."""
    said.setdefault("timestamp", max(0, fact.recorded // 1_000))
    return record_of_event(event_of(fact, case), **said)


def binary_headers(event: dict[str, Any]) -> list[tuple[str, bytes | None]]:
    """Return an event's attributes as the headers of the binary mode."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    kind = str(attributes.pop("datacontenttype", "application/json")).encode()
    headers: list[tuple[str, bytes | None]] = [
        (f"ce_{name}", b"true" if value is True else str(value).encode())
        for name, value in attributes.items()
    ]
    return [*headers, ("content-type", kind)]


def in_binary_mode(event: dict[str, Any], **said: Any) -> ARecord:
    """Return ``event`` as a record in binary mode."""
    data = canonical(event["data"])
    return record_of_event(event, value=data, headers=binary_headers(event), **said)


def records_of(facts: Iterable[Fact], case: str = CASE) -> list[Record]:
    """Return these facts as records, with offsets from 0."""
    return [record_of(fact, case, offset=offset) for offset, fact in enumerate(facts)]


def a_tick(time: Microseconds, **said: Any) -> ARecord:
    """Return the record that lets time pass on a partition."""
    value = canonical({"time": instant(time)})
    return ARecord(topic_of(Channel.TICKS), None, value, **said)
