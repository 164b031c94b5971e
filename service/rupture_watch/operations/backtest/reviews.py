"""What clinicians did with the alerts of a log, and what would become of those alerts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.alerts import alert_id
from rupture_watch.alliance.facts import Review

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.facts import Fact
    from rupture_watch.operations.backtest.matching import Match
    from rupture_watch.operations.backtest.verdict import Alarm


class Answer(StrEnum):
    """What the last decisive review of an alert says."""

    DISMISSED = "dismissed"
    REPAIRED = "repaired"
    """A repair was opened or confirmed, or the alert dismissed as repaired already."""
    UNREPAIRED = "unrepaired"
    ACKNOWLEDGED = "acknowledged"


class Fate(StrEnum):
    """What becomes of a reviewed alert under the new rules."""

    STAYS = "stays"
    VANISHES = "vanishes"
    UNKNOWN = "unknown"
    """The old rules do not raise it from the final facts: others did, or other data."""
    COMES = "comes"
    """Only the new rules raise it."""


class Reviewed(NamedTuple):
    """One reviewed alert; ``alarm`` is the old rules' where they raise it, else the new ones'."""

    answer: Answer
    reason: str | None
    fate: Fate
    alarm: Alarm | None


_ANSWERS = {
    "dismissed": Answer.DISMISSED,
    "repair_opened": Answer.REPAIRED,
    "repair_confirmed": Answer.REPAIRED,
    "unrepaired": Answer.UNREPAIRED,
    "acknowledged": Answer.ACKNOWLEDGED,
    "reopened": Answer.ACKNOWLEDGED,
}
_ALREADY_REPAIRED = "already_repaired"


def reviewed(case: str, facts: Iterable[Fact], match: Match) -> list[Reviewed]:
    """Return every alert that the final facts of a case say was reviewed, by alert id."""
    last: dict[str, tuple[Answer, str | None]] = {}
    reviews = [fact for fact in facts if isinstance(fact, Review) and not fact.void]
    for review in sorted(reviews, key=lambda one: (one.time, one.name)):
        answer = _answer(review)
        known = last.get(review.alert_id)
        if known is None or answer is not Answer.ACKNOWLEDGED or review.action == "reopened":
            reason = review.reason_code if answer is Answer.DISMISSED else None
            last[review.alert_id] = answer, reason
    return [
        Reviewed(answer, reason, *_fate(case, reviewed_id, match))
        for reviewed_id, (answer, reason) in sorted(last.items())
    ]


def _answer(review: Review) -> Answer:
    if review.action == "dismissed" and review.reason_code == _ALREADY_REPAIRED:
        return Answer.REPAIRED
    return _ANSWERS[review.action]


def _fate(case: str, reviewed_id: str, match: Match) -> tuple[Fate, Alarm | None]:
    for pair in match.pairs:
        if _is_named(pair.old, case, reviewed_id) or _is_named(pair.new, case, reviewed_id):
            return Fate.STAYS, pair.old
    for alarm in match.vanished:
        if _is_named(alarm, case, reviewed_id):
            return Fate.VANISHES, alarm
    for alarm in match.fired:
        if _is_named(alarm, case, reviewed_id):
            return Fate.COMES, alarm
    return Fate.UNKNOWN, None


def _is_named(alarm: Alarm, case: str, reviewed_id: str) -> bool:
    """Tell whether the id was made of one of the alarm's triggers, the first or another."""
    return alarm.alert_id == reviewed_id or any(
        alert_id(case, fact) == reviewed_id for fact in alarm.facts
    )
