"""A structured CloudEvent, one line of JSON, as a Kafka record in binary mode."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

REQUIRED: Final = ("specversion", "id", "source", "type", "subject")
CONTENT_TYPE: Final = "datacontenttype"
JSON: Final = "application/json"
STRUCTURED: Final = (("content-type", b"application/cloudevents+json"),)
"""Headers of a record whose value is a whole envelope."""


class NotAnEvent(Exception):
    """A line is no structured CloudEvent with a subject; the message names the field."""


class BinaryEvent(NamedTuple):
    """A record: the key is the subject, the value is the data's bytes as they stood in the line."""

    type: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class _Data(msgspec.Struct):
    """The one field whose bytes are kept as they stand."""

    data: msgspec.Raw


def to_binary(line: bytes) -> BinaryEvent:
    """Convert one line; source: CloudEvents Kafka protocol binding 1.0.2, section 3.2.

    Only the envelope is read: whether the data are acceptable is for the service to judge.

    Raises:
        NotAnEvent: not a JSON object, or without a required attribute or data.
    """
    try:
        attributes = _decode(line)
        data = _decode_data(line).data
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotAnEvent("not a JSON object with data") from error
    del attributes["data"]
    for name in REQUIRED:
        if not (attributes.get(name) and isinstance(attributes[name], str)):
            raise NotAnEvent(f"{name}: missing or not a string")
    content_type = attributes.pop(CONTENT_TYPE, None) or JSON
    headers = [
        ("ce_" + name, (value if isinstance(value, str) else _canonical(name, value)).encode())
        for name, value in attributes.items()
        if value is not None
    ]
    headers.append(("content-type", _canonical(CONTENT_TYPE, content_type).encode()))
    key = attributes["subject"].encode()
    return BinaryEvent(attributes["type"], key, bytes(memoryview(data)), headers)


def _canonical(name: str, value: object) -> str:
    """Return the canonical string of an attribute's value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise NotAnEvent(f"{name}: not a string, integer or boolean")


_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_data = msgspec.json.Decoder(_Data).decode
