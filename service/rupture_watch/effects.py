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

    @property
    def topic(self) -> str:
        """Return the topic's name."""

    @property
    def partition(self) -> int:
        """Return the partition's number."""

    @property
    def offset(self) -> int:
        """Return the place in the partition."""

    @property
    def timestamp(self) -> int:
        """Return when the broker received it; negative where that is not known."""

    @property
    def key(self) -> bytes | None:
        """Return the key: the case."""

    @property
    def value(self) -> bytes | None:
        """Return the value."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Return the headers; a name may come twice."""


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
