"""What the shell asks of the core, and of the log it writes to.

The lane sees only these protocols: the same code runs on Kafka, on a counting fake in the tests and
on a simulated log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping, Sequence

Headers: TypeAlias = "Sequence[tuple[str, bytes | None]]"
Change: TypeAlias = "tuple[bytes, bytes | None]"
"""One case's key and its state bytes; ``None`` is a tombstone."""


class Record(Protocol):
    """A record as it was read; ``timestamp`` in milliseconds since the epoch."""

    @property
    def topic(self) -> str:
        """Name of the topic."""
        ...

    @property
    def partition(self) -> int:
        """Number of the partition."""
        ...

    @property
    def offset(self) -> int:
        """Place in the partition."""
        ...

    @property
    def timestamp(self) -> int:
        """When it was written, in milliseconds since the epoch."""
        ...

    @property
    def key(self) -> bytes | None:
        """The case, in UTF-8."""
        ...

    @property
    def value(self) -> bytes | None:
        """The content."""
        ...

    @property
    def headers(self) -> Headers:
        """Pairs in order; names may repeat."""
        ...


class Message(Protocol):
    """Something to publish; ``channel`` is the topic's name without the prefix."""

    @property
    def channel(self) -> str:
        """Name of the topic without the prefix."""
        ...

    @property
    def key(self) -> bytes:
        """The case, in UTF-8."""
        ...

    @property
    def value(self) -> bytes | None:
        """The content."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Pairs in order; names may repeat."""
        ...


class DeadLetter(Protocol):
    """A record that was refused, and why; ``message`` holds field paths, never values."""

    @property
    def record(self) -> Record:
        """The refused record as it was read."""
        ...

    @property
    def reason(self) -> str:
        """Why, from the closed set."""
        ...

    @property
    def stage(self) -> str:
        """Where in reading it."""
        ...

    @property
    def kind(self) -> str:
        """Name of the error's class."""
        ...

    @property
    def message(self) -> str:
        """Field paths and kinds of error, never values."""
        ...


class Effects(Protocol):
    """What one slice of records asks for."""

    @property
    def urgent(self) -> Sequence[bytes]:
        """Cases with something in their outbox, in order."""
        ...

    @property
    def dead_letters(self) -> Sequence[DeadLetter]:
        """What was refused."""
        ...

    @property
    def safety(self) -> Sequence[Message]:
        """Marked risk items to pass on."""
        ...

    @property
    def outcomes(self) -> Mapping[tuple[str, str], int]:
        """How many, by event type and outcome."""
        ...


class Shard(Protocol):
    """All cases of one partition. Synchronous; never raises for bad input."""

    def process(self, records: Sequence[Record]) -> Effects:
        """Take records in order; decide alerts into the outboxes, in memory."""
        ...

    def encode(self, keys: Iterable[bytes]) -> Sequence[Change]:
        """Return the present states of these cases for the changelog."""
        ...

    def outbox(self, key: bytes) -> Sequence[Message]:
        """Return what is to be published for this case, in order."""
        ...

    def outbox_published(self, key: bytes) -> None:
        """Clear the case's outbox in memory; the case stays dirty."""
        ...

    def take_dirty(self, limit: int) -> Sequence[Change]:
        """Return the cases that became dirty first: a checkpoint counts on that order."""
        ...

    def standings(self, limit: int) -> Sequence[Message]:
        """Return standings that changed since last asked, up to ``limit``."""
        ...

    @property
    def dirty(self) -> int:
        """How many cases are ahead of the changelog."""
        ...

    def restored(self) -> Sequence[bytes]:
        """Rebuild what is derived from the state; return the cases with an outbox."""
        ...


class Pipeline(Protocol):
    """Makes shards."""

    def shard(self, partition: int, durable: MutableMapping[bytes, bytes]) -> Shard:
        """Return the shard of one partition, reading from its durable cases."""
        ...


class Outgoing(NamedTuple):
    """A record on its way to the log; without a partition the key decides, as in every client."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None


class Log(Protocol):
    """An append-only log that acknowledges; raises :class:`LogFailed` where it cannot."""

    async def append(self, topic: str, partition: int, changes: Sequence[Change]) -> list[int]:
        """Append in order; return the offset of each change once all are acknowledged."""
        ...

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Append these records; return once all are acknowledged."""
        ...


class PutOut(Exception):
    """The group has put this worker out; the turn in progress ends, and all is restored anew."""


class LogFailed(Exception):
    """The log did not acknowledge in time, or refused; ends the process with exit code 70."""
