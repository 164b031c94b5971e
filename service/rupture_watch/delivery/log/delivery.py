"""A delivery as the log hands it out, and as it comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.delivery.results import Outcome, State


class Delivery(NamedTuple):
    """One delivery that is to be attempted now, with the revision's content."""

    id: int
    endpoint: str
    reference: str
    step: int
    attempts: int
    slot: Microseconds
    due_at: Microseconds
    noted_at: Microseconds
    started_at: Microseconds
    case: str
    type: str
    time: Microseconds
    body: bytes


class Finished(NamedTuple):
    """An attempt that has ended, and what becomes of its delivery."""

    delivery: Delivery
    outcome: Outcome
    ended_at: Microseconds
    state: State
    step: int
    due_at: Microseconds


class Report(NamedTuple):
    """What a courier tells the log.

    ``unstarted`` was taken but not attempted: it is as it was. ``paused_until`` is a pause to be
    remembered, 0 for its end, None for no change. ``came_back``: the receiver was away and is there
    again.
    """

    finished: Sequence[Finished] = ()
    unstarted: Sequence[Delivery] = ()
    paused_until: Microseconds | None = None
    came_back: bool = False


class Wish(NamedTuple):
    """What a courier would take: at most ``limit`` deliveries.

    ``look``: one that waits only because its receiver was away will do, to see whether it is back.
    ``together``: a whole slot, whatever its size, to be delivered as one.
    """

    limit: int
    look: bool = False
    together: bool = False


class Turn(NamedTuple):
    """What the log answers: what to attempt now, and when the next is due, as far as is known."""

    deliveries: list[Delivery]
    next_due: Microseconds | None
