"""What the service sends: canonical JSON and CloudEvents in Kafka's binary mode.

The same content always makes the same bytes: keys sorted, UTF-8, no spaces, shortest numbers,
integral floats as integers (as RFC 8785 writes them).
"""

from __future__ import annotations

from hashlib import sha256
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Raw
from msgspec.json import Encoder

from rupture_watch.contracts.envelope import HEADER_PREFIX
from rupture_watch.contracts.topics import EventType
from rupture_watch.contracts.wire import timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.assessment import Case
    from rupture_watch.alliance.facts import Form, Microseconds
    from rupture_watch.alliance.ruleset import RuleSet
    from rupture_watch.alliance.telling import AlertEvent
    from rupture_watch.contracts.cases import SafetyItem

Headers: TypeAlias = "list[tuple[str, bytes]]"

SOURCE: Final = "/rupture-watch"
_ID_DIGITS: Final = 32
# Above it a float no longer tells neighbouring integers apart.
_EXACT: Final = 2**53

_encode = Encoder(order="sorted").encode


def schema_id(name: str) -> str:
    """Return the address of a type's JSON Schema: its ``$id``, and ``dataschema`` on the wire."""
    return f"urn:rupture-watch:schema:{name}"


def canonical(value: Any) -> bytes:
    """Return canonical JSON.

    Raises:
        ValueError: a number is NaN or infinite.

    """
    return _encode(_plain(value))


def alert(event: AlertEvent, traceparent: str | None) -> tuple[bytes, Headers]:
    """Return the value and the headers of one alert event; its id is alert id and revision."""
    return canonical(event.data), _headers(
        f"org.rupturewatch.alert.{event.change}.v1",
        f"{event.alert_id}-{event.revision}",
        event.case,
        event.time,
        traceparent,
    )


def standing(case: Case) -> tuple[bytes, Headers]:
    """Return the value and the headers of a case's present standing; its id is its digest."""
    value = canonical(case.summary())
    headers = _headers(EventType.CASE_STANDING.value, _digest(value), case.name, None, None)
    return value, headers


def safety_item(case: str, form: Form, item: int) -> tuple[bytes, Headers]:
    """Return the value and the headers of one marked risk item, without what was marked."""
    data: SafetyItem = {
        "form": form.name,
        "session_id": form.session_id,
        "instrument": form.instrument,
        "respondent": form.respondent,  # type: ignore[typeddict-item]
        "item": item,
        "time": timestamp(form.time),
    }
    identity = _digest(f"{case}|{form.source}|{form.event_id}|{item}".encode())
    return canonical(data), _headers(EventType.SAFETY_ITEM.value, identity, case, form.time, None)


def ruleset_used(ruleset: RuleSet) -> tuple[bytes, Headers]:
    """Return the value and the headers that say which rule set is used; its id is its hash."""
    value = _encode(
        {
            "ruleset": ruleset.hash,
            "name": ruleset.name,
            "version": ruleset.version,
            "content": Raw(ruleset.canonical),
        }
    )
    return value, _headers(EventType.RULESET_USED.value, ruleset.hash, ruleset.hash, None, None)


def structured(value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> bytes:
    """Return a message of the binary mode as one structured event, a line without its end."""
    event: dict[str, Any] = {}
    for name, text in headers:
        if name.startswith(HEADER_PREFIX):
            event[name.removeprefix(HEADER_PREFIX)] = text.decode()
        elif name == "content-type":
            event["datacontenttype"] = text.decode()
    if value is not None:
        event["data"] = Raw(value)
    return _encode(event)


def _headers(
    event_type: str,
    identity: str,
    case: str,
    time: Microseconds | None,
    traceparent: str | None,
) -> Headers:
    attributes = {
        "specversion": "1.0",
        "id": identity,
        "source": SOURCE,
        "type": event_type,
        "subject": case,
        "time": None if time is None else timestamp(time),
        "dataschema": schema_id(event_type),
        "traceparent": traceparent,
    }
    named = [
        (f"{HEADER_PREFIX}{name}", text.encode())
        for name, text in attributes.items()
        if text is not None
    ]
    return [*named, ("content-type", b"application/json")]


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:_ID_DIGITS]


def _plain(value: Any) -> Any:
    """Return the value with integral floats as integers, so that 3 and 3.0 are the same bytes."""
    if isinstance(value, float):
        if not isfinite(value):
            message = "a number is NaN or infinite"
            raise ValueError(message)
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
