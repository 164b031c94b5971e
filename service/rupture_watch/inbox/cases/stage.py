"""Where people are with an alert: what the engine says of it, and what was answered since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

NEW: Final = "new"
ACKNOWLEDGED: Final = "acknowledged"
REPAIR: Final = "repair"
DECIDED: Final = "decided"
"""Answered for good; the engine has not said so yet."""

OPEN_STAGES: Final = (NEW, ACKNOWLEDGED, REPAIR)

_STAGES: Final = {
    "acknowledged": ACKNOWLEDGED,
    "repair_opened": REPAIR,
    "dismissed": DECIDED,
    "unrepaired": DECIDED,
    "repair_confirmed": DECIDED,
    "reopened": NEW,
}


NOWHERE, DISCUSS, WATCH, IN_REPAIR = 0, 1, 2, 3
"""Parts of the inbox."""
_DISCUSSED: Final = 3
"""Severity from which an alert is to be discussed before the next session."""


def listed_in(stage: str, severity: int) -> int:
    """Return the part of the inbox that shows an alert."""
    if stage == REPAIR:
        return IN_REPAIR
    if stage in (NEW, ACKNOWLEDGED):
        return DISCUSS if severity >= _DISCUSSED else WATCH
    return NOWHERE


class Answer(NamedTuple):
    """One review; ``received`` is when the broker, or this page, took it in (milliseconds)."""

    time: int
    event_id: str
    action: str
    reason_code: str | None
    received: int


class Stage(NamedTuple):
    """Where people are, and the answer that brought them there (None: none yet)."""

    stage: str
    answer: Answer | None


def stage_of(state: str, reopened: int, answers: Iterable[Answer]) -> Stage:
    """Return the stage of an alert.

    ``state`` is the engine's, ``reopened`` when it last opened the alert again (0: never): what
    had been answered before counts no more. An acknowledgement does not end a repair.
    """
    found: Answer | None = None
    for answer in sorted(answers):
        if state == "open" and answer.received <= reopened:
            continue
        if answer.action == "acknowledged" and found is not None and _is_beyond(found):
            continue
        found = answer
    if state != "open":
        return Stage(state, found)
    return Stage(NEW if found is None else _STAGES[found.action], found)


def _is_beyond(answer: Answer) -> bool:
    return _STAGES[answer.action] in (REPAIR, DECIDED)
