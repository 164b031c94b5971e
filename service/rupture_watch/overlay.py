"""The cases of a partition that are in use, decoded, over their durable states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rupture_watch.alliance.assessment import Case
from rupture_watch.codec.case_state import OutboxEntry, PackedFacts, decode, encode

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from rupture_watch.alliance.rules.catalogue import Catalogue

LIVE_CASES = 3_000
"""Decoded cases kept per partition; a clean one beyond that is decoded again when needed."""


@dataclass(slots=True)
class Live:
    """A decoded case, what waits to be published for it, and its facts as bytes."""

    case: Case
    outbox: list[OutboxEntry]
    packed: PackedFacts


class Overlay:
    """Decoded cases; what is not here stands as it is in ``durable``."""

    __slots__ = ("_catalogue", "_durable", "_live")

    def __init__(self, catalogue: Catalogue, durable: Mapping[bytes, bytes]) -> None:
        """Start with nothing decoded."""
        self._catalogue = catalogue
        self._durable = durable
        self._live: dict[bytes, Live] = {}

    def open(self, key: bytes) -> Live:
        """Return a case, decoded from its durable state if need be, or new.

        Raises:
            NewerState: a newer service wrote its state.

        """
        live = self._live.get(key)
        if live is None:
            state = self._durable.get(key)
            live = self.renew(key) if state is None else self._decode(key, state)
        return live

    def _decode(self, key: bytes, state: bytes) -> Live:
        case, outbox = decode(key.decode(), state, self._catalogue)
        live = Live(case, outbox, PackedFacts(case.history.facts.values()))
        self._live[key] = live
        return live

    def renew(self, key: bytes) -> Live:
        """Begin a case anew."""
        live = Live(Case(key.decode(), self._catalogue), [], PackedFacts())
        self._live[key] = live
        return live

    def state(self, key: bytes) -> bytes | None:
        """Return the present state of a case as bytes; None where it may be forgotten."""
        live = self.open(key)
        if live.case.is_gone and not live.outbox:
            return None
        return encode(live.case, live.outbox, live.packed)

    def evict(self, *kept: Container[bytes]) -> None:
        """Drop decoded cases that are in none of ``kept``, the oldest first, until all fits."""
        excess = len(self._live) - LIVE_CASES
        if excess <= 0:
            return
        clean = (key for key in self._live if not any(key in one for one in kept))
        for key in [key for key, _ in zip(clean, range(excess), strict=False)]:
            del self._live[key]

    def keys(self) -> Iterable[bytes]:
        """Return the keys of the decoded cases."""
        return self._live.keys()

    def clear(self) -> None:
        """Drop everything."""
        self._live.clear()
