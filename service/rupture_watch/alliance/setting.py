"""What a course is set in: what the whole of the facts says beforehand, and what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.findings import Trigger


class Due:
    """Something that happens at a time unless a fact comes before it.

    ``trigger`` is the fact that caused it, ``subject`` what it is about.
    """

    __slots__ = ("kind", "subject", "trigger")

    def __init__(self, kind: str, trigger: Trigger, subject: Any) -> None:
        self.kind = kind
        self.trigger = trigger
        self.subject = subject


class Setting:
    """What a whole case's facts say beforehand: the order of time alone does not tell it.

    ``last_sessions``: the last two before a planned ending. ``truncated``: the first sessions are
    no longer known. ``voided``: names and times of facts that were taken back, for a review may
    speak of an alert that one of them raised.
    """

    __slots__ = ("last_sessions", "truncated", "voided")

    def __init__(
        self,
        last_sessions: frozenset[str] = frozenset(),
        *,
        truncated: bool = False,
        voided: Sequence[tuple[str, Microseconds]] = (),
    ) -> None:
        self.last_sessions = last_sessions
        self.truncated = truncated
        self.voided = tuple(voided)
