"""What comes into the pipeline and what it calls for: records, messages, dead letters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.contracts.reasons import Reason
    from rupture_watch.contracts.topics import Channel


class Record(Protocol):
    """A record as the consumer hands it over; ``timestamp`` in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Message(NamedTuple):
    """Something to publish."""

    channel: Channel
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]


class DeadLetter(NamedTuple):
    """A record that was refused, and why; never a value of it in the message."""

    record: Record
    reason: Reason
    stage: str
    kind: str
    message: str


@dataclass(slots=True)
class Effects:
    """What a slice of records calls for; ``urgent`` cases have something in their outbox."""

    urgent: list[bytes] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    safety: list[Message] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
