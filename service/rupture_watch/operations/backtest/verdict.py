"""What one rule set says of one case, as short as a comparison needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.alliance.alerts import TROUBLESHOOT
from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.history import History
from rupture_watch.alliance.standing import leading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rupture_watch.alliance.alerts import Alert
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.alliance.rules.catalogue import Catalogue

WEEK: Final[Microseconds] = 7 * DAY


class Alarm(NamedTuple):
    """One alert of a case's standing; ``time`` is that of the first finding that opened it.

    ``facts`` are the triggers of all its findings, by which it is known again under other rules.
    """

    alert_id: str
    case: str
    time: Microseconds
    severity: int
    state: str
    lead: str
    headline: str
    facts: frozenset[str]


class Found(NamedTuple):
    """One finding: when, and how severe."""

    time: Microseconds
    severity: int


class Verdict(NamedTuple):
    """The alarms of one case in order, and every finding by rule and trigger.

    ``weeks`` is how long the case goes on: from its first session to its last, and one.
    """

    alarms: tuple[Alarm, ...]
    findings: dict[tuple[str, str], Found]
    rated_sessions: int
    weeks: float


def history_of(facts: Iterable[Fact]) -> History:
    """Return what is known in the end, whatever came in between."""
    history = History()
    for fact in facts:
        history.take(fact)
    history.forget_beyond_bound()
    return history


def judge(case: str, facts: Sequence[Fact], catalogue: Catalogue, until: Microseconds) -> Verdict:
    """Judge a case from its final facts, with the silence rules run on to ``until``."""
    course = _assessed(case, facts, catalogue, until).course
    findings = {
        (one.rule, one.trigger.fact): Found(one.trigger.time, one.severity)
        for one in (
            *course.book.notes,
            *(f for alert in course.book.alerts if not alert.historic for f in alert.findings),
        )
    }
    alarms = tuple(_alarm(alert, course) for alert in course.book.alerts if not alert.historic)
    sessions = course.sessions
    span = sessions[-1].place - sessions[0].place if sessions else 0
    rated = sum(bool(session.client) for session in sessions)
    return Verdict(alarms, findings, rated, span / WEEK + 1)


def _assessed(name: str, facts: Sequence[Fact], catalogue: Catalogue, until: Microseconds) -> Case:
    """Judge all at once; where a rule fails, fact by fact, without those on which it fails."""
    try:
        return Case(name, catalogue, history_of(facts), until)
    except Exception:  # noqa: BLE001 - the service refuses such a fact and goes on, and so do we
        case = Case(name, catalogue)
    for fact in facts:
        try:
            case.take(fact)
        except Exception:  # noqa: BLE001 - as above
            case = case.again()
    case.pass_time(until)
    return case


def _alarm(alert: Alert, course: Course) -> Alarm:
    window = course.rules.ruleset.terms.independent_window
    lead = leading(alert, course)
    return Alarm(
        alert.alert_id,
        alert.case,
        alert.first.trigger.time,
        alert.severity(window),
        alert.state,
        lead.rule,
        lead.statement,
        frozenset(one.trigger.fact for one in alert.findings if one.rule != TROUBLESHOOT),
    )
