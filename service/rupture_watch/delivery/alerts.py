"""A revision of an alert as it lies on the alerts topic, checked against the contract."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from rupture_watch.contracts.envelope import open_record
from rupture_watch.contracts.findings import Alert
from rupture_watch.contracts.reasons import Rejected
from rupture_watch.contracts.topics import OUTPUT_TYPES, Channel

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.kafka.consumer import Seen

REFERENCE_DIGITS: Final = 32
_LANE_BYTES: Final = 8
_validate = TypeAdapter(Alert).validator.validate_json


class AlertRevision(NamedTuple):
    """One revision; ``body`` are its data's bytes, ``time`` when its cause happened."""

    case: str
    change: str
    type: str
    time: Microseconds
    data: Alert
    body: bytes


class NoAlert(Exception):
    """A record on the alerts topic is no alert of the contract; the line says where, not what."""


def read_revision(record: Seen) -> AlertRevision:
    """Read one record of the alerts topic.

    Raises:
        NoAlert: it is none.
    """
    try:
        envelope, value = open_record(record.value, record.headers)
        if envelope.type not in OUTPUT_TYPES[Channel.ALERTS] or not isinstance(value, bytes):
            raise NoAlert(_place(record))
        return read_body(value, case=envelope.subject, type_=envelope.type, time=envelope.time)
    except (Rejected, ValidationError):
        raise NoAlert(_place(record)) from None


def read_body(body: bytes, *, case: str, type_: str, time: Microseconds) -> AlertRevision:
    """Return the revision whose data are these bytes."""
    return AlertRevision(case, type_.split(".")[-2], type_, time, _validate(body), body)


def reference(endpoint: str, alert_id: str, revision: int) -> str:
    """Return the name of a delivery outside this service: the same for every attempt.

    It tells nothing of case or alert to whoever logs it on the way.
    """
    return sha256(f"{endpoint}|{alert_id}|{revision}".encode()).hexdigest()[:REFERENCE_DIGITS]


def lane(case: str) -> int:
    """Return the number of the lane in which everything about a case is delivered in order."""
    return int.from_bytes(sha256(case.encode()).digest()[:_LANE_BYTES], "big", signed=True)


def _place(record: Seen) -> str:
    return f"{record.topic}, partition {record.partition}, offset {record.offset}"
