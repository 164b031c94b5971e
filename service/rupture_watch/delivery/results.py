"""What an attempt to deliver came to, and what follows from it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.delivery.schedule import Schedule


class Result(StrEnum):
    """The closed set of results; the delivery log and the metrics know no other."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    """The receiver does not want this one: an answer 4xx, or a permanent refusal by mail."""
    UNAVAILABLE = "unavailable"
    """The receiver answers that it cannot now: 408, 425, 429, 5xx, or a temporary refusal."""
    UNREACHABLE = "unreachable"
    """No connection, or it broke."""
    TIMED_OUT = "timed_out"
    UNTRUSTED = "untrusted"
    """The receiver's certificate is not valid for its name."""
    FORBIDDEN = "forbidden"
    """The name resolves to an address that is not allowed."""
    REDIRECTED = "redirected"
    """An answer 3xx: redirects are not followed."""
    UNAUTHORISED = "unauthorised"
    """The authorisation server gives no token, or sign-in was refused."""
    GONE = "gone"
    """An answer 410: the endpoint is disabled."""
    INTERRUPTED = "interrupted"
    """This process ended in the middle: whether it arrived is not known."""
    DISABLED = "disabled"
    """Not tried, since the endpoint is disabled."""
    OVERTAKEN = "overtaken"
    """Not tried again, since a later revision of the alert has been delivered."""


ABOUT_THE_RECEIVER: Final = frozenset(
    {
        Result.UNAVAILABLE,
        Result.UNREACHABLE,
        Result.TIMED_OUT,
        Result.UNTRUSTED,
        Result.FORBIDDEN,
        Result.UNAUTHORISED,
    }
)
"""Failures that say something of the receiver as a whole, not of what was sent."""


class State(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNNEEDED = "unneeded"
    """A notification that had not gone out when its alert was over."""


class Outcome(NamedTuple):
    """The result of one attempt; ``code`` is the receiver's own (HTTP or SMTP), if it gave one."""

    result: Result
    code: int | None = None
    retry_after: float | None = None
    final: bool = False
    """Whether another attempt would be pointless."""


class Next(NamedTuple):
    """What becomes of a delivery after an attempt."""

    state: State
    step: int
    due_at: Microseconds


def what_follows(
    outcome: Outcome, schedule: Schedule, *, step: int, due_at: Microseconds, now: Microseconds
) -> Next:
    """Return what becomes of a delivery at ``step`` that was due at ``due_at``.

    An attempt ahead of its time, made to see whether the receiver is back, uses up no step.
    """
    if outcome.result is Result.DELIVERED:
        return Next(State.DELIVERED, step, due_at)
    if outcome.final or outcome.result is Result.GONE:
        return Next(State.FAILED, step, due_at)
    if now < due_at:
        return Next(State.PENDING, step, due_at)
    due = schedule.due(step + 1, now, outcome.retry_after)
    if due is None:
        return Next(State.FAILED, step, due_at)
    return Next(State.PENDING, step + 1, due)
