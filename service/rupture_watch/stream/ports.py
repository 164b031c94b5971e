"""What the shell asks of the core, and of the log it writes to.

The lane sees only these protocols: the same code runs on Kafka, on a counting fake in the tests and
on a simulated log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping, Sequence

    from rupture_watch.effects import Effects, Message, Record

Headers: TypeAlias = "Sequence[tuple[str, bytes | None]]"
Change: TypeAlias = "tuple[bytes, bytes | None]"
"""One case's key and its state bytes; ``None`` is a tombstone."""


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
