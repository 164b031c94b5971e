"""The truth about each simulated case, in a stream of its own, never inside an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rupture_watch.operations.simulate.wire import timestamp

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.operations.simulate.episodes import Kind


class Held(NamedTuple):
    """One session that was held: its start, and whether the client's alliance form exists."""

    session_id: str
    start: Microseconds
    rated: bool


class Label(NamedTuple):
    """What happened in one case.

    ``onset``, ``last`` and ``jump`` are session numbers from 1 among ``sessions``; they are None
    where ``kind`` is ``none``. ``begins`` is the moment from which the episode can be seen: the
    onset session's start, the break of the frame before it, or, where a client withdraws
    quietly, the end of the session before it. ``size`` is the fall in the
    client's own SD. ``complete`` tells whether the case went on until two sessions after
    ``last``.
    """

    case: str
    instrument: str
    kind: Kind
    aspect: str
    size: float
    onset: int | None
    last: int | None
    jump: int | None
    begins: Microseconds | None
    repaired: bool
    complete: bool
    ending: str | None
    sessions: tuple[Held, ...]

    def line(self) -> dict[str, Any]:
        """Return the label as one object of a ``*.jsonl`` file; times are RFC 3339."""
        found = self._asdict()
        found["begins"] = None if self.begins is None else timestamp(self.begins)
        found["sessions"] = [[h.session_id, timestamp(h.start), h.rated] for h in self.sessions]
        return found
