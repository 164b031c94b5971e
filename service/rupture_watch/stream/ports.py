"""What the shell asks of the core, of the log it writes to, and of the group it reads with.

All decisions are taken behind these protocols: the same code runs on Kafka and Faust, on fakes in
the tests and on a simulated cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from rupture_watch.failures import Unavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence

    from rupture_watch.effects import Effects, Message, Record
    from rupture_watch.stream.ledger import Place

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


class Source(Protocol):
    """This worker as a member of its group: what it is assigned, and the records of that."""

    @property
    def generation(self) -> int:
        """The group's generation that was assigned last; changes at any moment."""
        ...

    @property
    def member(self) -> bool:
        """Whether the group counts this worker in, as far as it knows."""
        ...

    @property
    def flowing(self) -> bool:
        """Whether records may be taken."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether this worker is about to end."""
        ...

    @property
    def positions(self) -> MutableMapping[Place, int | None]:
        """The next offset to process of each input partition, ``None`` where nothing is known."""
        ...

    def hold(self) -> None:
        """Let no more records be taken, until the group's own machinery resumes the flow."""
        ...

    async def resumed(self) -> None:
        """Wait until records may be taken."""
        ...

    def active(self) -> Collection[Place]:
        """Return what may be polled now: inputs, and changelog partitions being restored."""
        ...

    def assigned(self) -> Collection[Place]:
        """Return the assignment."""
        ...

    async def poll(self, places: set[Place], wait: float) -> Mapping[Place, Sequence[Record]]:
        """Return what is there of these partitions, after up to ``wait`` seconds."""
        ...

    async def seek(self, positions: Mapping[Place, int]) -> None:
        """Read on from these offsets; an input's position becomes this."""
        ...

    async def seek_to_committed(self) -> None:
        """Read every input on from what was committed; where nothing was, do not move."""
        ...

    async def commit(self, offsets: Mapping[Place, int]) -> bool:
        """Commit next offsets; return False where the group refuses, raise where it is silent."""
        ...

    def next_offset(self, place: Place) -> int | None:
        """Return which offset a poll would go on from; past gaps that no poll returns."""
        ...

    def left(self, place: Place) -> int | None:
        """Return how many offsets are left to poll, ``None`` before the first fetch tells."""
        ...

    def end(self, place: Place) -> int | None:
        """Return the offset after the last, ``None`` before the first fetch tells."""
        ...


class Recovery(Protocol):
    """The phases of a restore, which the group's own machinery goes through."""

    def span(self, place: Place) -> tuple[int | None, int] | None:
        """Return the last offset seen and the last to read; ``None`` if not being restored."""
        ...

    def position(self, place: Place) -> int:
        """Return where reading goes on: at the last offset seen."""
        ...

    def reached(self, place: Place, offset: int) -> None:
        """Note the last offset seen."""
        ...

    def ends_at(self, place: Place, offset: int) -> None:
        """Note that there is nothing to read after this offset."""
        ...

    async def finish(self, place: Place, record: Record) -> None:
        """Hand over the last record, which also is to be applied: the restore ends with it."""
        ...


class PutOut(Exception):
    """The group has put this worker out; the turn in progress ends, and all is restored anew."""


class LogFailed(Unavailable):
    """The log did not acknowledge in time, or refused; ends the process with exit code 70."""
