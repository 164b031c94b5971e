"""How far each input partition has come: processed, durable, committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Place(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int


class OffsetWentBack(Exception):
    """The bookkeeping is wrong; ends the process before a wrong offset is committed."""


class Ledger:
    """Three next offsets per input partition, each at most the one before it.

    ``processed``: the effects up to here are acknowledged, the state may be in memory only.
    ``durable``: the state up to here is in the changelog. ``committed``: the group knows.
    Faust's own bookkeeping wants consecutive offsets and skips a gap at the head for ever; topics
    with transactions have gaps, so what counts here is the next offset to read, nothing else.
    """

    def __init__(self) -> None:
        self._processed: dict[Place, int] = {}
        self._durable: dict[Place, int] = {}
        self._committed: dict[Place, int] = {}

    def processed(self) -> dict[Place, int]:
        """Return a copy of the processed offsets: the boundary of a checkpoint."""
        return dict(self._processed)

    def advance(self, place: Place, offset: int) -> None:
        """Note that everything below ``offset`` is processed."""
        _grow(self._processed, place, offset)

    def settle(self, boundary: Mapping[Place, int]) -> None:
        """Note that the state up to the boundary is durable."""
        for place, offset in boundary.items():
            if offset > self._processed.get(place, -1):
                raise OffsetWentBack("durable past what was processed")
            _grow(self._durable, place, offset)

    def pending(self) -> dict[Place, int]:
        """Return what may be committed and is not yet."""
        return {
            place: offset
            for place, offset in self._durable.items()
            if offset > self._committed.get(place, -1)
        }

    def commit(self, offsets: Mapping[Place, int]) -> None:
        """Note that the group has accepted these offsets."""
        for place, offset in offsets.items():
            if offset > self._durable.get(place, -1):
                raise OffsetWentBack("committed past what is durable")
            _grow(self._committed, place, offset)

    @property
    def behind(self) -> bool:
        """Whether something is processed that is not durable yet."""
        return self._processed != self._durable

    def forget(self, places: Collection[Place]) -> None:
        """Drop partitions that are given up; the next owner starts from the committed offset."""
        for place in places:
            for offsets in (self._processed, self._durable, self._committed):
                offsets.pop(place, None)


def _grow(offsets: dict[Place, int], place: Place, offset: int) -> None:
    if offset < offsets.get(place, 0):
        raise OffsetWentBack(f"{offset} after {offsets[place]}")
    offsets[place] = offset
