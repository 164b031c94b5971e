"""Records that must become dead letters, each with the one reason that it deserves."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, Final, NamedTuple

from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import INPUT_TYPES, Channel, EventType

Headers = list[tuple[str, bytes | None]]

KEY: Final = b"case-1"
RATED: Final = EventType.SESSION_RATED.value
STRUCTURED: Final[Headers] = [("content-type", b"application/cloudevents+json")]

ATTRIBUTES: Final[dict[str, bytes]] = {
    "ce_specversion": b"1.0",
    "ce_id": b"form-1",
    "ce_source": b"/app",
    "ce_type": RATED.encode(),
    "ce_subject": KEY,
    "ce_time": b"2025-09-01T14:50:00Z",
    "ce_recordedtime": b"2025-09-01T15:00:00Z",
}
DATA: Final[dict[str, Any]] = {
    "session_id": "s-1",
    "instrument": "SRS",
    "respondent": "client",
    "scores": {"relationship": 9.0, "goals": 9.1, "approach": 9.2, "overall": 9.3},
}


class Poison(NamedTuple):
    """A record that is refused; ``channel`` is the topic on which it comes."""

    name: str
    reason: Reason
    key: bytes | None
    value: bytes | None
    headers: Headers
    channel: Channel = Channel.RATINGS

    @property
    def expected(self) -> frozenset[str]:
        """The types of the topic on which the record comes."""
        return INPUT_TYPES[self.channel]


def headers(**changes: bytes | None) -> Headers:
    """Return good headers with changes; a change to ``...`` leaves one out."""
    merged: dict[str, Any] = {**ATTRIBUTES, **changes}
    named = [(name, value) for name, value in merged.items() if value is not ...]
    return [*named, ("content-type", b"application/json")]


def data(**changes: Any) -> bytes:
    """Return good data with changes."""
    return json.dumps({**DATA, **changes}).encode()


def _headed(name: str, reason: Reason, **changes: Any) -> Poison:
    return Poison(name, reason, KEY, data(), headers(**changes))


def _filled(name: str, reason: Reason, **changes: Any) -> Poison:
    return Poison(name, reason, KEY, data(**changes), headers())


def _raw(name: str, reason: Reason, value: bytes | None) -> Poison:
    return Poison(name, reason, KEY, value, headers())


def _visit(name: str, **changes: Any) -> Poison:
    visit = {"appointment_id": "a", "scheduled_start": _START, "status": "booked", **changes}
    content = {name: value for name, value in visit.items() if value is not ...}
    return _other(name, EventType.ATTENDANCE_CHANGED, Channel.ATTENDANCE, content)


def _framed(name: str, **content: Any) -> Poison:
    return _other(name, EventType.FRAME_CHANGED, Channel.FRAME, content)


def _noted(name: str, **tags: Any) -> Poison:
    content = {"session_id": "s", **tags}
    return _other(name, EventType.SESSION_NOTED, Channel.FRAME, content)


def _reviewed(name: str, **content: Any) -> Poison:
    return _other(name, EventType.ALERT_REVIEWED, Channel.REVIEWS, content)


def _other(name: str, event_type: EventType, channel: Channel, content: Any) -> Poison:
    value = json.dumps(content).encode()
    typed = headers(ce_type=event_type.value.encode())
    return Poison(name, Reason.INVALID, KEY, value, typed, channel)


def structured(**changes: Any) -> dict[str, Any]:
    """Return a good structured event with changes; a change to ``...`` leaves one out."""
    event = {name.removeprefix("ce_"): text.decode() for name, text in ATTRIBUTES.items()}
    merged = {**event, "data": DATA, **changes}
    return {name: value for name, value in merged.items() if value is not ...}


def _structured(name: str, reason: Reason, **changes: Any) -> Poison:
    return Poison(name, reason, KEY, json.dumps(structured(**changes)).encode(), STRUCTURED)


def _typed(name: str, value: bytes, content_type: bytes) -> Poison:
    named: Headers = [*headers()[:-1], ("content-type", content_type)]
    return Poison(name, Reason.NOT_CLOUDEVENT, KEY, value, named)


_GOOD = data()
_START = "2025-09-01T14:00:00Z"

_ENVELOPE: Final = [
    Poison("no headers", Reason.NOT_CLOUDEVENT, KEY, _GOOD, []),
    Poison("garbage", Reason.NOT_CLOUDEVENT, None, b"\x00\xff\xfe", []),
    Poison("tombstone without headers", Reason.NOT_CLOUDEVENT, KEY, None, []),
    _headed("no specversion", Reason.NOT_CLOUDEVENT, ce_specversion=...),
    _headed("old specversion", Reason.NOT_CLOUDEVENT, ce_specversion=b"0.3"),
    _headed("no id", Reason.NOT_CLOUDEVENT, ce_id=...),
    _headed("empty id", Reason.NOT_CLOUDEVENT, ce_id=b""),
    _headed("null id", Reason.NOT_CLOUDEVENT, ce_id=None),
    _headed("null extension", Reason.NOT_CLOUDEVENT, ce_colour=None),
    _headed("broken UTF-8 in an attribute", Reason.NOT_CLOUDEVENT, ce_source=b"/\xff"),
    _headed("no source", Reason.NOT_CLOUDEVENT, ce_source=...),
    _headed("no type", Reason.NOT_CLOUDEVENT, ce_type=...),
    _headed("no subject", Reason.INVALID, ce_subject=...),
    _headed("a name as subject", Reason.INVALID, ce_subject=b"Anna Example"),
    _headed("long subject", Reason.INVALID, ce_subject=b"c" * 65),
    _headed("no time", Reason.INVALID, ce_time=...),
    _headed("time without offset", Reason.INVALID, ce_time=b"2025-09-01T14:50:00"),
    _headed("time without seconds", Reason.INVALID, ce_time=b"2025-09-01T14:50Z"),
    _headed("time with basic offset", Reason.INVALID, ce_time=b"2025-09-01T14:50:00+0215"),
    _headed("epoch for a time", Reason.INVALID, ce_time=b"1756738200"),
    _headed("no such day", Reason.INVALID, ce_time=b"2025-02-30T14:50:00Z"),
    _headed("year of a broken clock", Reason.INVALID, ce_recordedtime=b"9999-01-01T00:00:00Z"),
    _headed("backfill is no Boolean", Reason.INVALID, ce_backfill=b"yes"),
    _headed("foreign type", Reason.UNKNOWN_TYPE, ce_type=b"com.example.invoice.paid.v1"),
    _headed(
        "type of another topic", Reason.UNKNOWN_TYPE, ce_type=b"org.rupturewatch.case.closed.v1"
    ),
    _headed("own output", Reason.UNKNOWN_TYPE, ce_type=b"org.rupturewatch.alert.raised.v1"),
    _headed("next version", Reason.UNKNOWN_VERSION, ce_type=b"org.rupturewatch.session.rated.v2"),
    _headed("no version", Reason.UNKNOWN_TYPE, ce_type=b"org.rupturewatch.session.rated"),
    Poison("null key", Reason.KEY_MISMATCH, None, _GOOD, headers()),
    Poison("other key", Reason.KEY_MISMATCH, b"case-2", _GOOD, headers()),
    Poison("broken UTF-8 in the key", Reason.KEY_MISMATCH, b"case-\xff", _GOOD, headers()),
    Poison("two ids", Reason.NOT_CLOUDEVENT, KEY, _GOOD, [("ce_id", b"other"), *headers()]),
    Poison("two content types", Reason.NOT_CLOUDEVENT, KEY, _GOOD, [*headers(), *STRUCTURED]),
    _headed(
        "recorded before it happened",
        Reason.FROM_THE_FUTURE,
        ce_recordedtime=b"2025-09-01T14:44:59Z",
    ),
    _headed("recorded too late", Reason.TOO_LATE, ce_recordedtime=b"2025-09-15T14:50:01Z"),
]

_JSON: Final = [
    _raw("empty value", Reason.BAD_JSON, b""),
    _raw("cut short", Reason.BAD_JSON, _GOOD[:-1]),
    _raw("two texts", Reason.BAD_JSON, _GOOD + _GOOD),
    _raw("byte order mark", Reason.BAD_JSON, b"\xef\xbb\xbf" + _GOOD),
    _raw("UTF-16", Reason.BAD_JSON, _GOOD.decode().encode("utf-16")),
    _raw("broken UTF-8", Reason.BAD_JSON, _GOOD.replace(b"s-1", b"s-\xff")),
    _raw("lone surrogate", Reason.BAD_JSON, _GOOD.replace(b"s-1", rb"\ud800")),
    _raw("deep", Reason.BAD_JSON, b"[" * 50_000),
    _raw(
        "deep in an unknown field",
        Reason.BAD_JSON,
        _GOOD[:-1] + b',"x":' + b"[" * 999 + b"]" * 999 + b"}",
    ),
    _raw("endless integer", Reason.BAD_JSON, _GOOD[:-1] + b',"total":' + b"9" * 5_000 + b"}"),
    _raw("two megabytes", Reason.TOO_LARGE, _GOOD + b" " * 2_000_000),
    _raw("tombstone", Reason.INVALID, None),
    _raw("null", Reason.INVALID, b"null"),
    _raw("a list", Reason.INVALID, b"[]"),
    _raw("a string", Reason.INVALID, b'"SRS"'),
    _raw("NaN", Reason.INVALID, _GOOD[:-1] + b',"total":NaN}'),
    _raw("infinity", Reason.INVALID, _GOOD[:-1] + b',"total":-Infinity}'),
    _raw("overflow", Reason.INVALID, _GOOD[:-1] + b',"total":1e999}'),
]

_FORMS: Final = [
    _filled("number as a string", Reason.INVALID, total="36"),
    _filled("Boolean for a number", Reason.INVALID, scores={"goals": True}),
    _filled("fraction for an integer", Reason.INVALID, session_seq=1.5),
    _filled("integer of 33 bits", Reason.INVALID, duration_ms=2**31),
    _filled("session zero", Reason.INVALID, session_seq=0),
    _filled("a name as session", Reason.INVALID, session_id="Anna E."),
    _filled("unknown respondent", Reason.INVALID, respondent="mother"),
    _filled("no value at all", Reason.INVALID, scores={}),
    _filled("unknown score", Reason.INVALID, scores={"warmth": 3}),
    _filled("unknown item", Reason.INVALID, items={"5": 3}),
    _filled("item with a zero before it", Reason.INVALID, items={"01": 3}),
    _filled("unknown instrument", Reason.UNKNOWN_INSTRUMENT, instrument="SRS-9"),
    _filled("score above its range", Reason.OUT_OF_RANGE, scores={"goals": 10.5}),
    _filled("item below its range", Reason.OUT_OF_RANGE, items={"safety": 0}),
    _filled("total above its range", Reason.OUT_OF_RANGE, total=40.5),
]

_OTHERS: Final = [
    _visit("nameless appointment", appointment_id=...),
    _visit("appointment without a start", scheduled_start=...),
    _visit("appointment on no day", scheduled_start="2025-02-29T10:00:00Z"),
    _visit("FHIR's word for a status", status="noshow"),
    _visit("negative lateness", client_late_minutes=-1),
    _visit("unknown cancellation reason", status="cancelled", reason_code="dog ate it"),
    _framed("unknown kind of frame event", kind="window_open"),
    _framed("word for a Boolean", kind="fee_changed", agreed="no"),
    _noted("text among tags", interventions=["she cried"]),
    _noted("half a homework", homework={"assigned": 2}),
    _noted("progress beyond its scale", goal_progress=3),
    _other("unknown ending", EventType.CASE_CLOSED, Channel.FRAME, {"ending": "faded"}),
    _reviewed("dismissal without a reason", alert_id="0" * 32, action="dismissed"),
    _reviewed("alert id of another kind", alert_id="7", action="acknowledged"),
]

_STRUCTURED: Final = [
    _structured("null subject", Reason.INVALID, subject=None),
    _structured("structured null id", Reason.NOT_CLOUDEVENT, id=None),
    _structured("number as id", Reason.NOT_CLOUDEVENT, id=7),
    _structured("structured without data", Reason.INVALID, data=...),
    _structured("data in a string", Reason.INVALID, data=data().decode()),
    _structured("data twice", Reason.NOT_CLOUDEVENT, data_base64=b64encode(data()).decode()),
    _structured("broken base64", Reason.NOT_CLOUDEVENT, data=..., data_base64="?"),
    _structured("no JSON in base64", Reason.BAD_JSON, data=..., data_base64="AAAA"),
    _structured("other subject than key", Reason.KEY_MISMATCH, subject="case-2"),
    _typed("structured batch", b"[]", b"application/cloudevents-batch+json"),
    _typed("structured Avro", _GOOD, b"application/cloudevents+avro"),
    Poison("structured list", Reason.NOT_CLOUDEVENT, KEY, b"[{}]", STRUCTURED),
    Poison("structured tombstone", Reason.NOT_CLOUDEVENT, KEY, None, STRUCTURED),
    Poison("structured garbage", Reason.BAD_JSON, KEY, b"\xff\xfe", STRUCTURED),
    _typed("structured, whatever its headers", _GOOD, b"application/cloudevents; charset=utf-8"),
]

POISON: Final[list[Poison]] = [*_ENVELOPE, *_JSON, *_FORMS, *_OTHERS, *_STRUCTURED]
