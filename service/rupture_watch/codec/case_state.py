"""A case's state <-> bytes: a fixed header that can be read without decoding, then msgpack.

Stored are the facts, the clock, what the world was told, and the outbox. Everything else follows
from these and is folded again when a case is first touched.

Header (10 bytes, big endian): state version (uint8), flags (uint8: 1 = outbox not empty), due time
(int64, microseconds; the largest value = nothing is due). It is the same in every version.

A state is read in whatever version it was written and is written anew in the present one when its
case next changes. A version that this release does not know is a newer release's: refused, since
writing over it would forget what only that one understands. So a release that changes the body adds
a reader to :data:`READERS`, and bytes of the former version to the golden files of the tests.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import msgspec

from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.facts import Fact, FactKey, Microseconds, key_of
from rupture_watch.alliance.history import History
from rupture_watch.alliance.telling import Told
from rupture_watch.codec.packing import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rupture_watch.alliance.rules.catalogue import Catalogue

STATE_VERSION = 1
OUTBOX = 1
NEVER: Microseconds = 2**63 - 1

_HEADER = struct.Struct(">BBq")
_ARRAY = struct.Struct(">BI")
_ARRAY_32 = 0xDD
_ENCODER = msgspec.msgpack.Encoder()


class NewerState(Exception):
    """The state was written by a newer service; nothing may be written over it (exit 78)."""


class OutboxEntry(msgspec.Struct, array_like=True, frozen=True):
    """One message that waits for its acknowledgement, byte for byte as it will be published."""

    value: bytes
    headers: list[tuple[str, bytes]]


class _Body(msgspec.Struct, array_like=True):
    clock: Microseconds
    cut: Microseconds | None
    erased: Microseconds | None
    told: list[tuple[str, int, str, str]]
    outbox: list[OutboxEntry]
    sources: list[str]
    facts: list[list[Any]]


READERS: dict[int, Callable[[bytes | memoryview], _Body]] = {
    1: msgspec.msgpack.Decoder(_Body).decode,
}
"""How the body of each version is read, up to the present one."""


class PackedFacts:
    """The facts of a case, each as its bytes, so that a change costs only itself.

    Their order is that of the history: a replaced fact keeps its place.
    """

    __slots__ = ("_packed", "size", "sources")

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        """Pack these facts; ``size`` is how many bytes they take, ``sources`` who sent them."""
        self.repack(facts)

    def put(self, fact: Fact) -> None:
        """Add a fact, or a further version of one."""
        key = key_of(fact)
        if fact.source not in self.sources:
            self.sources.append(fact.source)
        packed = _ENCODER.encode(pack(fact, self.sources.index(fact.source)))
        self.size += len(packed) - len(self._packed.get(key, b""))
        self._packed[key] = packed

    def repack(self, facts: Iterable[Fact]) -> None:
        """Start over: facts were forgotten."""
        self._packed: dict[FactKey, bytes] = {}
        self.sources: list[str] = []
        self.size = 0
        for fact in facts:
            self.put(fact)

    def array(self) -> msgspec.Raw:
        """Return all facts as one msgpack array."""
        head = _ARRAY.pack(_ARRAY_32, len(self._packed))
        return msgspec.Raw(b"".join((head, *self._packed.values())))


def encode(case: Case, outbox: Sequence[OutboxEntry], facts: PackedFacts) -> bytes:
    """Return the state of ``case``, whose facts are packed in ``facts``."""
    due = case.next_due
    told = [(key, *value) for key, value in case.told.items()]
    body = (
        case.clock,
        case.history.cut,
        case.erased,
        told,
        outbox,
        facts.sources,
        facts.array(),
    )
    header = _HEADER.pack(STATE_VERSION, OUTBOX if outbox else 0, NEVER if due is None else due)
    return header + _ENCODER.encode(body)


def decode(name: str, state: bytes, catalogue: Catalogue) -> tuple[Case, list[OutboxEntry]]:
    """Return the case and its outbox.

    Raises:
        NewerState: a newer service wrote this state.

    """
    check_version(state)
    body = READERS[state[0]](memoryview(state)[_HEADER.size :])
    facts = [unpack(packed, body.sources) for packed in body.facts]
    told = {key: Told(revision, standing, digest) for key, revision, standing, digest in body.told}
    history = History(facts, body.cut)
    return Case(name, catalogue, history, body.clock, told, body.erased), body.outbox


def check_version(state: bytes) -> None:
    """Refuse a state that a newer service wrote.

    Raises:
        NewerState: its version is above this service's.

    """
    if state[0] > STATE_VERSION:
        message = f"state version {state[0]} is newer than {STATE_VERSION}: update this worker"
        raise NewerState(message)


def due_of(state: bytes) -> Microseconds | None:
    """Return when time alone would change the case, without decoding it."""
    due: Microseconds = _HEADER.unpack_from(state)[2]
    return None if due == NEVER else due


def has_outbox(state: bytes) -> bool:
    """Tell whether messages wait for their acknowledgement, without decoding the state."""
    return bool(state[1] & OUTBOX)


def outbox_of(state: bytes) -> list[OutboxEntry]:
    """Return the outbox alone, without folding the case: no rule can fail on that.

    Raises:
        NewerState: a newer service wrote this state.

    """
    check_version(state)
    return READERS[state[0]](memoryview(state)[_HEADER.size :]).outbox
