"""A refused record on its way to the dead letters: its own bytes, and why."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from rupture_watch.stream.ports import Outgoing

if TYPE_CHECKING:
    from rupture_watch.effects import DeadLetter
    from rupture_watch.stream.ports import Headers

CONNECT: Final = "__connect.errors."
OURS: Final = "x-rupture-watch-"
ATTEMPT: Final = f"{OURS}attempt"
"""How many times the service has tried this record. A redriven one carries the number of the
try that it is sent for; a letter that of the try that failed."""
RECORD_OVERHEAD: Final = 100
"""Bytes that the record's own frame and its batch's header take at most."""
HEADER_OVERHEAD: Final = 10


def bury(letter: DeadLetter, topic: str, *, partitions: int, limit: int) -> Outgoing:
    """Return the dead letter: key, value and headers untouched, Kafka Connect's headers added.

    A value that the topic cannot take (``limit`` is its largest record in bytes) stays where it
    is: the letter then carries no value but its length and SHA-256, and the place to find it. A
    batch that the broker refuses would break the idempotent producer's sequence, so the length is
    looked at before.
    """
    record = letter.record
    headers = [
        *((name, value) for name, value in record.headers if not is_added(name)),
        (f"{CONNECT}topic", record.topic.encode()),
        (f"{CONNECT}partition", b"%d" % record.partition),
        (f"{CONNECT}offset", b"%d" % record.offset),
        (f"{CONNECT}stage", letter.stage.encode()),
        (f"{CONNECT}exception.class.name", letter.kind.encode()),
        (f"{CONNECT}exception.message", letter.message.encode()),
        (f"{OURS}reason", letter.reason.encode()),
        (ATTEMPT, b"%d" % attempt_of(record.headers)),
    ]
    value = record.value
    if value is not None and _size(record.key, value, headers) > limit:
        headers += [
            (f"{OURS}value-bytes", b"%d" % len(value)),
            (f"{OURS}value-sha256", hashlib.sha256(value).hexdigest().encode()),
        ]
        value = None
    return Outgoing(topic, record.key, value, headers, record.partition % partitions)


def is_added(name: str) -> bool:
    """Tell whether a header was added on the way to or from the dead letters."""
    return name.startswith((CONNECT, OURS))


def attempt_of(headers: Headers) -> int:
    """Return which try this record is sent for; one that does not say so is on its first."""
    for name, value in headers:
        if name == ATTEMPT and value is not None and value.isdigit() and len(value) < 10:  # noqa: PLR2004 - a count
            return max(1, int(value))
    return 1


def _size(key: bytes | None, value: bytes, headers: Headers) -> int:
    return (
        RECORD_OVERHEAD
        + len(key or b"")
        + len(value)
        + sum(HEADER_OVERHEAD + len(name) + len(content or b"") for name, content in headers)
    )
