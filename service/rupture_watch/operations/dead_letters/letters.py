"""A dead letter as it lies in its topic, and the receipt that it was redriven.

A receipt is a record without key and value in the very partition of its letter; a header names the
place of the record that was redriven. It is written in one transaction with the redriven record.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.contracts.reasons import Reason, Stage
from rupture_watch.contracts.topics import INPUT_TYPES, Channel
from rupture_watch.stream.dead_letters import CONNECT, OURS, attempt_of, is_added

if TYPE_CHECKING:
    from rupture_watch.kafka.consumer import Seen

REASON: Final = f"{OURS}reason"
REDRIVEN: Final = f"{OURS}redriven"
"""Header of a receipt, and of the redriven record: the place of the record that was refused."""
VALUE_BYTES: Final = f"{OURS}value-bytes"
"""Header of a letter whose value was too large for the topic and stayed where it was."""
OTHER: Final = "other"
_SHOWN: Final = re.compile(rb"[A-Za-z0-9_.,:;*$ \[\]-]{1,200}")
_PLACE: Final = re.compile(r"([A-Za-z0-9._-]{1,249})/(\d{1,9})/(\d{1,18})")


class Origin(NamedTuple):
    """The place of the record that was refused: what makes a letter this one and no other."""

    topic: str
    partition: int
    offset: int

    def written(self) -> bytes:
        """Return it as a header's value."""
        return f"{self.topic}/{self.partition}/{self.offset}".encode()


class Letter(NamedTuple):
    """A dead letter. ``stage``, ``kind`` and ``fault`` are fit to be shown: no values in them."""

    origin: Origin
    channel: Channel | None
    reason: Reason | None
    stage: str
    kind: str
    fault: str
    attempt: int
    record: Seen

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """Return the refused record's own headers."""
        return [(name, value) for name, value in self.record.headers if not is_added(name)]

    @property
    def is_whole(self) -> bool:
        """Tell whether the refused record's value is in the letter."""
        return VALUE_BYTES not in dict(self.record.headers)


class Receipt(NamedTuple):
    """The record from this place has been put back onto its topic."""

    origin: Origin


def read_letter(record: Seen, prefix: str) -> Letter | Receipt | None:
    """Read a record of the dead letters; None where it is neither a letter nor a receipt.

    ``prefix`` is that of the topics. What a header says is shown only where it has the form of
    what this service writes: anybody with the right to write could have put a value there.
    """
    headers = {name: value or b"" for name, value in record.headers}
    if REDRIVEN in headers and REASON not in headers:
        origin = _origin(headers[REDRIVEN])
        return None if origin is None else Receipt(origin)
    parts = [headers.get(f"{CONNECT}{part}", b"") for part in ("topic", "partition", "offset")]
    origin = _origin(b"/".join(parts))
    if origin is None or REASON not in headers:
        return None
    return Letter(
        origin=origin,
        channel=_channel(origin.topic, prefix),
        reason=_member(headers[REASON]),
        stage=_stage(headers.get(f"{CONNECT}stage", b"")),
        kind=_fit(headers.get(f"{CONNECT}exception.class.name", b"")),
        fault=_fit(headers.get(f"{CONNECT}exception.message", b"")),
        attempt=attempt_of(record.headers),
        record=record,
    )


def _origin(text: bytes) -> Origin | None:
    match = _PLACE.fullmatch(text.decode("utf-8", errors="replace"))
    return None if match is None else Origin(match[1], int(match[2]), int(match[3]))


def _channel(topic: str, prefix: str) -> Channel | None:
    """Return the channel of an input of this installation; ticks are nobody's to send again."""
    name = topic.removeprefix(prefix)
    known = topic.startswith(prefix) and name in set(INPUT_TYPES)
    return Channel(name) if known else None


def _member(text: bytes) -> Reason | None:
    name = text.decode("utf-8", errors="replace")
    return Reason(name) if name in set(Reason) else None


def _stage(text: bytes) -> str:
    name = text.decode("utf-8", errors="replace")
    return name if name in set(Stage) else OTHER


def _fit(text: bytes) -> str:
    return text.decode() if _SHOWN.fullmatch(text) else OTHER
