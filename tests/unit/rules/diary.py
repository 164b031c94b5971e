"""Writes the facts of one case, week by week, and tells what the rules find in them.

Weeks count from 0; a session is on the same day and hour every week. A rating is a form of four
lines: relationship, goals, approach, overall.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.facts import (
    DAY,
    HOUR,
    MINUTE,
    Appointment,
    Closure,
    Fact,
    Form,
    FrameFact,
    Note,
    Review,
)
from rupture_watch.alliance.rules.catalogue import Catalogue
from rupture_watch.alliance.ruleset import RuleSet
from rupture_watch.alliance.setting import Setting
from rupture_watch.alliance.timeline import Timeline
from rupture_watch.rulesets import load_ruleset
from tests.unit.rules.listening import Listening

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Point

START = 1_704_103_200_000_000
"""Monday, 1 January 2024, 10:00 UTC."""

WEEK = 7 * DAY
LINES = ("approach", "goals", "overall", "relationship")

USUAL = (
    (9.2, 9.0, 9.1, 9.0),
    (9.0, 9.2, 9.0, 9.1),
    (9.3, 9.1, 9.2, 9.0),
    (9.1, 9.0, 9.1, 9.2),
    (9.2, 9.1, 9.0, 9.1),
)
"""Unremarkable ratings: relationship, goals, approach, overall."""

TOP = (10.0, 10.0, 10.0, 10.0)

_ENVELOPE = {"source": "test", "backfill": False, "void": False}
_EMPTY_NOTE: dict[str, Any] = dict.fromkeys(Note._fields) | {
    "interventions": (),
    "self_harmful_domains": (),
}


class Diary:
    """The facts of one case; ``numbers`` replaces numbers of rules, by rule id."""

    def __init__(self, **numbers: Mapping[str, Any]) -> None:
        self.facts: list[Fact] = []
        self.catalogue = _catalogue(numbers) if numbers else _default()
        self.last_sessions: frozenset[str] = frozenset()

    # what is written

    @staticmethod
    def at(week: float, *, hours: float = 0.0) -> Microseconds:
        """Return the start of a week's session, or so many hours from it."""
        return START + int(week * WEEK) + int(hours * HOUR)

    def usual(self, weeks: int = 5, first: int = 0) -> Diary:
        """Hold unremarkable sessions, with their forms."""
        for week in range(first, first + weeks):
            self.session(week, USUAL[week % len(USUAL)])
        return self

    def session(
        self, week: float, lines: tuple[float, ...] | None = None, **appointment: Any
    ) -> Diary:
        """Hold a session; ``lines`` None leaves the client's form out."""
        self.appointment(week, "attended", **appointment)
        if lines is not None:
            self.form(week, lines)
        return self

    def appointment(self, week: float, status: str, **fields: Any) -> Diary:
        """Say what became of the appointment of a week."""
        start = self.at(week)
        values: dict[str, Any] = dict.fromkeys(Appointment._fields) | _ENVELOPE
        values |= {
            "name": f"a{week:g}",
            "time": start,
            "recorded": start + HOUR,
            "event_id": f"ea{week:g}",
            "appointment_id": f"a{week:g}",
            "session_id": f"s{week:g}" if status == "attended" else None,
            "scheduled_start": start,
            "status": status,
            "initiator": "unknown",
            "shared_cause": False,
        }
        self.facts.append(Appointment(**(values | fields)))
        return self

    def no_show(self, week: float, **fields: Any) -> Diary:
        """Let the client stay away."""
        return self.appointment(week, "no_show", **({"initiator": "client"} | fields))

    def cancel(self, week: float, by: str, notice_hours: float, **fields: Any) -> Diary:
        """Let somebody cancel the appointment of a week."""
        when = self.at(week) - int(notice_hours * HOUR)
        values = {"initiator": by, "time": when, "recorded": when, "notice_hours": notice_hours}
        return self.appointment(week, "cancelled", **(values | fields))

    def form(
        self,
        week: float,
        lines: tuple[float, ...] | None = None,
        instrument: str = "SRS",
        respondent: str = "client",
        *,
        scores: Mapping[str, float] | None = None,
        items: Mapping[str, float] | None = None,
        **fields: Any,
    ) -> Diary:
        """Fill a form at the end of the week's session."""
        if lines is not None:
            relationship, goals, approach, overall = lines
            scores = dict(zip(LINES, (approach, goals, overall, relationship), strict=True))
        name = f"s{week:g}/{instrument}/{respondent}"
        time = self.at(week) + 50 * MINUTE
        values: dict[str, Any] = dict.fromkeys(Form._fields) | _ENVELOPE
        values |= {
            "name": name,
            "time": time,
            "recorded": time,
            "event_id": f"ef{name}",
            "session_id": f"s{week:g}",
            "instrument": instrument,
            "respondent": respondent,
            "scores": tuple(sorted((scores or {}).items())),
            "items": tuple((items or {}).items()),
            "mode": "app",
        }
        self.facts.append(Form(**(values | fields)))
        return self

    def total(
        self, week: float, value: float, instrument: str, respondent: str = "client"
    ) -> Diary:
        """Fill a form of which only the total is sent."""
        return self.form(week, None, instrument, respondent, total=value)

    def frame(self, kind: str, week: float, *, hours: float = 0.0, **fields: Any) -> Diary:
        """Write an event of the frame."""
        name = f"{kind}-{week:g}-{hours:g}"
        time = self.at(week, hours=hours)
        values: dict[str, Any] = dict.fromkeys(FrameFact._fields) | _ENVELOPE
        values |= {
            "name": name,
            "time": time,
            "recorded": time,
            "event_id": f"e{name}",
            "kind": kind,
            "shared_cause": False,
            "by": "unknown",
        }
        self.facts.append(FrameFact(**(values | fields)))
        return self

    def opened(self) -> Diary:
        """Write everything that belongs to a well-kept opening into the first session."""
        for kind in ("consent_given", "roles_explained", "goals_set", "plan_presented"):
            self.frame(kind, 0, hours=-1)
        return self

    def note(self, week: float, **tags: Any) -> Diary:
        """Tag the session of a week."""
        time = self.at(week, hours=2)
        values: dict[str, Any] = _EMPTY_NOTE | _ENVELOPE
        values |= {
            "name": f"s{week:g}",
            "session_id": f"s{week:g}",
            "time": time,
            "recorded": time,
            "event_id": f"en{week:g}",
        }
        self.facts.append(Note(**(values | tags)))
        return self

    def close(self, week: float, ending: str, *, goals_met: bool | None = None) -> Diary:
        """End the case."""
        time = self.at(week)
        self.facts.append(
            Closure("c", time, time, "ec", "test", False, False, ending, goals_met)  # noqa: FBT003 - a fact's fields in order
        )
        return self

    def review(self, week: float, alert_id: str, action: str, reason: str | None = None) -> Diary:
        """Answer an alert."""
        time = self.at(week)
        name = f"{action}-{week:g}"
        values: dict[str, Any] = dict.fromkeys(Review._fields) | _ENVELOPE
        values |= {
            "name": name,
            "time": time,
            "recorded": time,
            "event_id": f"e{name}",
            "alert_id": alert_id,
            "action": action,
            "reason_code": reason,
            "by_role": "therapist",
        }
        self.facts.append(Review(**values))
        return self

    # what is found

    def course(
        self,
        *,
        until: float | None = None,
        strained: bool | None = True,
        compliant: bool | None = True,
        truncated: bool = False,
    ) -> Listening:
        """Judge everything, up to a week at the end, with strain held as the test wants it."""
        setting = Setting(self.last_sessions, truncated=truncated)
        course = Listening("case", self.catalogue, setting, strained=strained, compliant=compliant)
        moments = Timeline().rebuild(self.facts)
        for moment in moments:
            course.step(moment)
        if until is not None:
            course.advance(self.at(until))
        return course

    def found(self, rule: str, **how: Any) -> list[Finding]:
        """Return what one rule found, in the order of judging."""
        return [finding for finding in self.course(**how).heard if finding.rule == rule]

    def severities(self, rule: str, **how: Any) -> list[int]:
        """Return how severe one rule's findings were, in the order of judging."""
        return [finding.severity for finding in self.found(rule, **how)]

    def point(self, code: str, instrument: str = "SRS", respondent: str = "client") -> Point:
        """Return the newest rating of a series."""
        return self.course().series[instrument, respondent, code].last

    def case(self, *, until: float) -> Case:
        """Take every fact in as it comes, and let time pass to a week."""
        case = Case("case", self.catalogue)
        for fact in self.facts:
            case.take(fact)
        case.pass_time(self.at(until))
        return case


@cache
def _default() -> Catalogue:
    return _catalogue({})


def _catalogue(numbers: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    default = load_ruleset()
    content = deepcopy(dict(default.content))
    content["engine"]["strain"] = "simple"  # what weighs all evidence has tests of its own
    for rule, changes in numbers.items():
        section = content["engine"] if rule == "engine" else content["rules"].setdefault(rule, {})
        section |= changes
    return Catalogue(RuleSet(default.name, default.version, content))
