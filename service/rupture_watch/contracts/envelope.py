"""The CloudEvents envelope: the attributes that the contract reads, and both Kafka modes."""

import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple, Required, TypeAlias

from pydantic import (
    StrictBool,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    with_config,
)
from typing_extensions import TypedDict

from rupture_watch.alliance.facts import Microseconds
from rupture_watch.contracts.diagnosis import rejection
from rupture_watch.contracts.reasons import Reason, Rejected, Stage
from rupture_watch.contracts.wire import (
    Pseudonym,
    Source,
    Timestamp,
    Visible,
    microseconds,
    wire,
)

HEADER_PREFIX: Final = "ce_"
_JSON: Final = b"application/json"
_STRUCTURED: Final = b"application/cloudevents"
# Of the structured formats only JSON is spoken here; a batch does not exist on Kafka.
_JSON_FORMAT: Final = re.compile(
    rb"application/cloudevents(\+json)?[ \t]*(;.*)?", re.IGNORECASE | re.DOTALL
)
_TRACEPARENT: Final = re.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

SpecVersion: TypeAlias = Annotated[
    str,
    StringConstraints(pattern=r"^1\.0$"),
    WithJsonSchema({"type": "string", "const": "1.0"}),
]

# CloudEvents writes a Boolean of the binary mode as the word.
Flag: TypeAlias = Annotated[
    StrictBool | Annotated[str, StringConstraints(pattern="^(true|false)$")],
    WithJsonSchema({"enum": [True, False, "true", "false"]}),
]


@with_config({**wire(), "alias_generator": f"{HEADER_PREFIX}{{}}".format})
class HeaderAttributes(TypedDict, total=False):
    """The context attributes that the service reads, as Kafka headers; others pass unread.

    Their names carry a prefix there; their values are UTF-8 and never null.
    """

    specversion: Required[SpecVersion]
    id: Required[Visible]
    source: Required[Source]
    type: Required[Visible]
    subject: Required[Pseudonym]
    time: Required[Timestamp]
    recordedtime: Timestamp
    backfill: Flag
    traceparent: str


@with_config(wire())
class StructuredEvent(TypedDict, total=False):
    """The same attributes and the data in one JSON object, where null means absent."""

    specversion: Required[SpecVersion]
    id: Required[Visible]
    source: Required[Source]
    type: Required[Visible]
    subject: Required[Pseudonym]
    time: Required[Timestamp]
    recordedtime: Timestamp | None
    backfill: Flag | None
    traceparent: str | None
    data: Any
    data_base64: str | None


class Envelope(NamedTuple):
    """What the contract keeps of an event's attributes."""

    id: str
    source: str
    type: str
    subject: str
    time: Microseconds
    recorded: Microseconds
    backfill: bool
    traceparent: str | None


ATTRIBUTES: Final = frozenset(StructuredEvent.__annotations__)

_headers = TypeAdapter(HeaderAttributes).validator
_structured = TypeAdapter(StructuredEvent).validator


def open_record(
    value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> tuple[Envelope, object]:
    """Open a Kafka record; the mode is decided by ``content-type`` alone, none means binary.

    Return the envelope and the data still unread: JSON text as bytes, or a value out of JSON.

    Raises:
        Rejected: ``not_cloudevent``, ``bad_json`` or ``invalid``.

    """
    table = dict(headers)
    if len(table) != len(headers):
        _refuse_contradictions(headers)
    if not all(table.values()):
        _refuse_nulls(table)
    content_type = table.get("content-type") or table.get("Content-Type")
    if content_type is not None and content_type != _JSON:
        if _JSON_FORMAT.fullmatch(content_type):
            return open_structured(value)
        if content_type[: len(_STRUCTURED)].lower() == _STRUCTURED:
            raise _not_cloudevent("ContentType", "content-type: unsupported_format")
    try:
        attributes = _headers.validate_python(table)
    except ValidationError as error:
        raise rejection(error, Stage.ENVELOPE, ATTRIBUTES) from None
    return _envelope(attributes), value


def open_structured(value: bytes | None) -> tuple[Envelope, object]:
    """Open one structured CloudEvent in JSON, as ``open_record`` does.

    Raises:
        Rejected: ``not_cloudevent``, ``bad_json`` or ``invalid``.

    """
    if value is None:
        raise _not_cloudevent("Missing", "value: missing")
    try:
        event = _structured.validate_json(value)
    except ValidationError as error:
        raise rejection(error, Stage.ENVELOPE, ATTRIBUTES) from None
    data = event.get("data")
    encoded = event.get("data_base64")
    if encoded is not None:
        if data is not None:
            raise _not_cloudevent("TwofoldData", "data, data_base64: both present")
        try:
            data = b64decode(encoded, validate=True)
        except ValueError:
            raise _not_cloudevent("Base64", "data_base64: base64") from None
    return _envelope(event), data


def _envelope(attributes: HeaderAttributes | StructuredEvent) -> Envelope:
    happened, written = attributes["time"], attributes.get("recordedtime")
    try:
        time = microseconds(happened)
        recorded = time if written is None or written == happened else microseconds(written)
    except ValueError:
        message = "time or recordedtime: no_such_day"
        raise Rejected(Reason.INVALID, Stage.ENVELOPE, "ValueError", message) from None
    traceparent = attributes.get("traceparent")
    if traceparent is not None and _TRACEPARENT.fullmatch(traceparent) is None:
        traceparent = None  # W3C Trace Context: a broken one is dropped, never an error
    return Envelope(
        attributes["id"],
        attributes["source"],
        attributes["type"],
        attributes["subject"],
        time,
        recorded,
        attributes.get("backfill") in (True, "true"),
        traceparent,
    )


def _refuse_contradictions(headers: Sequence[tuple[str, bytes | None]]) -> None:
    """Refuse a header that says two things; the same thing said twice is harmless."""
    seen: dict[str, bytes | None] = {}
    for name, text in headers:
        said = name.startswith(HEADER_PREFIX) or name.lower() == "content-type"
        if said and seen.setdefault(name, text) != text:
            raise _not_cloudevent("Contradiction", "headers: duplicate attribute")


def _refuse_nulls(table: dict[str, bytes | None]) -> None:
    """Refuse an attribute without a value: it can neither be read nor be passed on."""
    if any(text is None and name.startswith(HEADER_PREFIX) for name, text in table.items()):
        raise _not_cloudevent("NullHeader", "headers: null")


def _not_cloudevent(kind: str, message: str) -> Rejected:
    return Rejected(Reason.NOT_CLOUDEVENT, Stage.ENVELOPE, kind, message)
