"""What is played in a world: events for a pipeline, and what must come of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rupture_watch.stream.ledger import Place
    from rupture_watch.stream.ports import Headers, Pipeline
    from tests.simulation.world import World


class Sending(NamedTuple):
    """A record, and when it is sent."""

    at: float
    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()


class Script(Protocol):
    """Events and their verdict."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The topics that events come in by."""
        ...

    @property
    def pipeline(self) -> Pipeline:
        """What takes them."""
        ...

    @property
    def sendings(self) -> Sequence[Sending]:
        """All events."""
        ...

    @property
    def last_tick(self) -> str:
        """A moment after all others, at which silence is judged for the last time."""
        ...

    def check_commit(self, world: World, offsets: Mapping[Place, int]) -> None:
        """Raise ``AssertionError`` where these offsets are ahead of what is durable."""
        ...

    def judge(self, world: World, *, final: bool) -> None:
        """Raise ``AssertionError`` where a promise is broken; before the last tick, or after it."""
        ...


class InternalError(AssertionError):
    """A worker died of something that only its own fault can explain."""
