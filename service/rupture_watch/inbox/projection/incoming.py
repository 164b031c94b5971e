"""A batch of records off the topics, read: what each says, by kind; what cannot be read is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from rupture_watch.alliance.facts import Appointment, Closure, Form, Note, Review, key_of
from rupture_watch.contracts import writing
from rupture_watch.contracts.cases import CaseStanding
from rupture_watch.contracts.findings import Alert
from rupture_watch.contracts.reading import Rejected, refuse_future_recording
from rupture_watch.contracts.topics import INPUT_TYPES, Channel
from rupture_watch.contracts.wire import microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rupture_watch.alliance.facts import Fact
    from rupture_watch.contracts.reading import Reader
    from rupture_watch.kafka.consumer import Seen

FAMILY: Final = "org.rupturewatch.alert."
REASON: Final = "x-rupture-watch-reason"
ERRORS: Final = "__connect.errors."
LATE: Final = 24 * 3600 * 1_000_000
"""Microseconds between a fact and its record from which on it counts as late."""

_alert = TypeAdapter(Alert)
_standing = TypeAdapter(CaseStanding)


class IncomingFact(NamedTuple):
    """One fact and the event that it came in."""

    ref: str
    fact: Fact
    type: str
    line: bytes
    received: int


class IncomingAlert(NamedTuple):
    """One revision of an alert."""

    ref: str
    kind: str
    time: int
    data: Mapping[str, Any]
    received: int


class IncomingStanding(NamedTuple):
    """The standing of a case; None: it is gone."""

    ref: str
    standing: Mapping[str, Any] | None
    received: int


@dataclass(slots=True)
class Batch:
    """What a batch says; ``unread`` counts what is no event of ours."""

    facts: list[IncomingFact] = field(default_factory=list)
    reviews: list[IncomingFact] = field(default_factory=list)
    alerts: list[IncomingAlert] = field(default_factory=list)
    standings: list[IncomingStanding] = field(default_factory=list)
    dead: list[dict[str, Any]] = field(default_factory=list)
    erased: dict[str, int] = field(default_factory=dict)
    unread: int = 0


def read_batch(records: Iterable[Seen], channels: Mapping[str, Channel], reader: Reader) -> Batch:
    """Read records; ``channels`` says what each topic carries."""
    batch = Batch()
    for record in records:
        channel = channels[record.topic]
        try:
            if channel is Channel.ALERTS:
                batch.alerts.append(_read_alert(record))
            elif channel is Channel.CASES:
                batch.standings.append(_read_standing(record))
            elif channel is Channel.DEAD_LETTERS:
                batch.dead.append(_read_dead_letter(record))
            else:
                _take_fact(batch, record, channel, reader)
        except (Rejected, ValidationError, KeyError, ValueError):
            batch.unread += 1
    return batch


def _take_fact(batch: Batch, record: Seen, channel: Channel, reader: Reader) -> None:
    incoming = reader.read(
        record.key, record.value, record.headers, expected=INPUT_TYPES.get(channel)
    )
    fact = incoming.fact
    refuse_future_recording(fact, record.timestamp * 1000)
    found = IncomingFact(incoming.case, fact, incoming.type, event_line(record), record.timestamp)
    if isinstance(fact, Review):
        batch.reviews.append(found)
    if isinstance(fact, Closure) and fact.ending == "erased" and not fact.void:
        batch.erased[incoming.case] = record.timestamp
    else:
        batch.facts.append(found)


def event_line(record: Seen) -> bytes:
    """Return the event of a record of either mode as one structured event."""
    headers = dict(record.headers)
    content_type = headers.get("content-type") or headers.get("Content-Type") or b""
    if content_type[:22].lower() == b"application/cloudevents":
        return record.value or b""
    return writing.structured(record.value, record.headers)


def _read_alert(record: Seen) -> IncomingAlert:
    headers = dict(record.headers)
    kind = headers["ce_type"].decode()
    if not kind.startswith(FAMILY):
        raise ValueError("no alert")
    return IncomingAlert(
        headers["ce_subject"].decode(),
        kind.removeprefix(FAMILY).split(".")[0],
        microseconds(headers["ce_time"].decode()),
        _alert.validate_json(record.value or b""),
        record.timestamp,
    )


def _read_standing(record: Seen) -> IncomingStanding:
    ref = (record.key or b"").decode()
    standing = None if record.value is None else _standing.validate_json(record.value)
    return IncomingStanding(ref, standing, record.timestamp)


def _read_dead_letter(record: Seen) -> dict[str, Any]:
    headers = {name: text.decode("utf-8", "replace") for name, text in record.headers if text}
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "reason": headers.get(REASON, "unknown")[:32],
        "stage": headers.get(f"{ERRORS}stage", "")[:32],
        "message": headers.get(f"{ERRORS}exception.message", "")[:300],
        "received": record.timestamp,
    }


def fact_row(found: IncomingFact) -> dict[str, Any]:
    """Return a fact as a row."""
    fact = found.fact
    kind, name = key_of(fact)
    return {
        "ref": found.ref,
        "kind": kind,
        "name": name,
        "type": found.type,
        "source": fact.source,
        "event_id": fact.event_id,
        "time": fact.time,
        "recorded": fact.recorded,
        "received": found.received,
        "flag": _flag(fact),
        "session": _session(fact),
        "line": found.line,
    }


def _session(fact: Fact) -> str | None:
    if isinstance(fact, Appointment):
        return fact.session_id or fact.appointment_id
    return fact.session_id if isinstance(fact, Form | Note) else None


def _flag(fact: Fact) -> str | None:
    """Return what is counted of a fact: the status of an appointment, who filled a form."""
    if fact.void:
        return "void"
    status = getattr(fact, "status", None)
    if status is not None:
        initiator = getattr(fact, "initiator", "unknown")
        unmatched = status in ("cancelled", "no_show") and initiator == "unknown"
        return "unmatched" if unmatched else str(status)
    respondent = getattr(fact, "respondent", None)
    return str(respondent) if respondent is not None else None
