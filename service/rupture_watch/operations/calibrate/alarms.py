"""How often a rule set asks: alarms by chance, all alarms, by case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.alliance.alerts import TROUBLESHOOT
from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.findings import WATCH, Source
from rupture_watch.alliance.rules.catalogue import RULES

if TYPE_CHECKING:
    from rupture_watch.alliance.alerts import Alert
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.history import History
    from rupture_watch.alliance.rules.catalogue import Catalogue

_WEEK: Final[Microseconds] = 7 * DAY
_FACTUAL: Final = frozenset(rule.id for rule in RULES if rule.factual)
_THERAPIST_CHANGE: Final = "I7"
"""Factual where its source is the frame, else a matter of chance."""


class Told(NamedTuple):
    """One case: alarms by chance (raised or reopened), all alarms, and what they are counted by."""

    by_chance: int
    all: int
    rated_sessions: int
    weeks: float


@dataclass(frozen=True, slots=True)
class Known:
    """One case to be judged again and again: its name, facts, and how far time goes."""

    name: str
    history: History
    until: Microseconds


def told(case: Known, catalogue: Catalogue) -> Told:
    """Judge a case from its final facts and count its alarms."""
    course = Case(case.name, catalogue, case.history, case.until).course
    alerts = [alert for alert in course.book.alerts if not alert.historic]
    by_chance = sum(1 + alert.reopenings for alert in alerts if not _is_factual(alert))
    sessions = course.sessions
    span = sessions[-1].place - sessions[0].place if sessions else 0
    return Told(
        by_chance,
        sum(1 + alert.reopenings for alert in alerts),
        sum(bool(session.client) for session in sessions),
        span / _WEEK + 1,
    )


def _is_factual(alert: Alert) -> bool:
    """Tell whether the alert opened because somebody did, or did not do, something."""
    opened = alert.first.trigger.at
    return any(
        one.rule in _FACTUAL or (one.rule == _THERAPIST_CHANGE and one.source is Source.FRAME)
        for one in alert.findings
        if one.severity >= WATCH and one.rule != TROUBLESHOOT and one.trigger.at == opened
    )
