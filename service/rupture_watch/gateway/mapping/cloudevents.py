"""CloudEvents of a sender who speaks our contract: kept as they are, less what it has no field for.

Unknown fields are ignored downstream, but they would lie on the topics for as long as these keep
anything. So nothing but the contract's own attributes and fields passes; the rest is counted.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from rupture_watch.contracts.envelope import ATTRIBUTES, HEADER_PREFIX
from rupture_watch.contracts.inputs import INPUTS
from rupture_watch.contracts.reasons import Reason, Rejected, Stage
from rupture_watch.kafka.binary_mode import BinaryEvent

if TYPE_CHECKING:
    from collections import Counter

UNKNOWN: Final = "unknown_field"
REQUIRED: Final = frozenset({"specversion", "id", "source", "type"})
_PASSED: Final = tuple(
    (name, HEADER_PREFIX + name)
    for name in sorted(ATTRIBUTES - {"data", "data_base64", "backfill"})
)
_SKIPPED: Final = ATTRIBUTES | {"datacontenttype", "dataschema"}
_FIELDS: Final = {name: frozenset(one.model.__annotations__) for name, one in INPUTS.items()}
_CONTENT_TYPE: Final = ("content-type", b"application/json")
_JSON_ATTRIBUTES: Final = ("application/json", "text/json")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Cleaned(NamedTuple):
    """An event as it is written, and how many fields were left out of it."""

    record: BinaryEvent
    left_out: int


def clean(event: Any) -> Cleaned:
    """Return the record of a structured event, out of JSON.

    Only its outer shape is looked at; whether it is acceptable is judged on the record.

    Raises:
        Rejected: ``not_cloudevent``, ``bad_json`` or ``invalid``.

    """
    if not isinstance(event, dict):
        raise _refused(Reason.NOT_CLOUDEVENT, "event: dict_type")
    headers = []
    for name, header in _PASSED:
        value = event.get(name)
        if isinstance(value, str):
            headers.append((header, value.encode()))  # JSON that was read has no lone surrogates
        elif value is not None:
            reason = Reason.NOT_CLOUDEVENT if name in REQUIRED else Reason.INVALID
            raise _refused(reason, f"{name}: string_type")
    backfill = event.get("backfill")
    if backfill is not None:
        if backfill not in (True, False, "true", "false") or isinstance(backfill, int | float) is (
            not isinstance(backfill, bool)
        ):
            raise _refused(Reason.INVALID, "backfill: bool_type")
        headers.append((f"{HEADER_PREFIX}backfill", str(backfill).lower().encode()))
    headers.append(_CONTENT_TYPE)
    kind = event.get("type")
    data, left_out = _known(_data(event), kind)
    left_out += len(event.keys() - _SKIPPED)
    subject = event.get("subject")
    key = subject.encode() if isinstance(subject, str) else b""
    value = b"null" if data is None else _encode(data)
    return Cleaned(BinaryEvent(str(kind), key, value, headers), left_out)


def _data(event: dict[str, Any]) -> Any:
    content_type = event.get("datacontenttype")
    if content_type is not None and (
        not isinstance(content_type, str)
        or content_type.partition(";")[0].strip().lower() not in _JSON_ATTRIBUTES
    ):
        raise _refused(Reason.NOT_CLOUDEVENT, "datacontenttype: unsupported_format")
    data, encoded = event.get("data"), event.get("data_base64")
    if encoded is None:
        if data is None:
            raise Rejected(Reason.INVALID, Stage.DATA, "ValidationError", "data: missing")
        return data
    if data is not None:
        raise _refused(Reason.NOT_CLOUDEVENT, "data, data_base64: both present")
    try:
        return _decode(b64decode(encoded, validate=True))
    except (ValueError, TypeError, msgspec.MsgspecError, RecursionError):
        raise _refused(Reason.NOT_CLOUDEVENT, "data_base64: base64") from None


def _known(data: Any, kind: object) -> tuple[Any, int]:
    """Return the data with the fields of their type only, and how many others there were."""
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None or not isinstance(data, dict):
        return data, 0
    unknown = data.keys() - fields
    if unknown:
        data = {name: value for name, value in data.items() if name in fields}
    homework = data.get("homework")
    if isinstance(homework, dict) and (more := homework.keys() - {"assigned", "done"}):
        data = {**data, "homework": {k: v for k, v in homework.items() if k not in more}}
        return data, len(unknown) + len(more)
    return data, len(unknown)


def of_headers(attributes: dict[str, str], body: bytes) -> dict[str, Any]:
    """Return an event of HTTP's binary mode in the structured form.

    Raises:
        Rejected: ``bad_json``.

    """
    try:
        data = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Rejected(Reason.BAD_JSON, Stage.DECODE, "JSONDecodeError", "data: json") from None
    return {**attributes, "data": data}


def count(left_out: int, dropped: Counter[str]) -> None:
    """Count fields that did not pass."""
    if left_out:
        dropped[UNKNOWN] += left_out


def _refused(reason: Reason, message: str) -> Rejected:
    return Rejected(reason, Stage.ENVELOPE, "ValidationError", message)
