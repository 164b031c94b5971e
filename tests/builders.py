"""Readable facts and events for tests: a case in weeks, with what a test does not say left usual.

Days count from ``MONDAY``; a session starts at ten. ``recorded`` is when it happened unless a test
says ``recorded_after`` (days).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.facts import (
    DAY,
    HOUR,
    SECOND,
    Appointment,
    Closure,
    Fact,
    Form,
    FrameFact,
    Microseconds,
    Note,
    Review,
)
from rupture_watch.alliance.rules.catalogue import Catalogue
from rupture_watch.alliance.ruleset import RuleSet
from rupture_watch.rulesets import load_ruleset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.telling import AlertEvent

CASE = "case-1"
SOURCE = "/ehr"
MONDAY: Microseconds = int(datetime(2025, 1, 6, 10, tzinfo=UTC).timestamp()) * SECOND
WEEK = 7

_Fields: TypeAlias = dict[str, Any]
AnyFact = TypeVar("AnyFact", bound=Fact)


@lru_cache(maxsize=32)
def the_rules(*only: str) -> Catalogue:
    """Return the default rule set, or only these rules of it with the strain of a hand's count."""
    ruleset = load_ruleset()
    if not only:
        return Catalogue(ruleset)
    content = {
        **ruleset.content,
        "engine": {**ruleset.engine, "strain": "simple"},
        "rules": {rule: ruleset.content["rules"][rule] for rule in only},
    }
    return Catalogue(RuleSet("few", ruleset.version, content))


def on(day: float, hour: float = 0.0) -> Microseconds:
    """Return the moment ``day`` days (and ``hour`` hours) after the first session's start."""
    return MONDAY + round(day * DAY) + round(hour * HOUR)


def _make(kind: type[AnyFact], name: str, day: float, usual: _Fields, said: _Fields) -> AnyFact:
    """Return a fact: its usual fields, and over them what the test says."""
    fields = {**usual, **said}
    time = on(day)
    recorded = time + round(fields.pop("recorded_after", 0.0) * DAY)
    written = {
        "name": name,
        "time": time,
        "recorded": recorded,
        "event_id": f"e-{name}".replace("/", "-"),
        "source": SOURCE,
        "backfill": False,
        "void": False,
    }
    return kind(**{**dict.fromkeys(kind._fields), **written, **fields})


def srs(total: float, bond: float | None = None) -> tuple[tuple[str, float], ...]:
    """Return the four lines of an SRS that add up to ``total``, in the order of their codes."""
    relationship = round(total / 4, 1) if bond is None else bond
    approach = goals = round((total - relationship) / 3, 1)
    overall = round(total - relationship - approach - goals, 1)
    lines = {
        "approach": approach,
        "goals": goals,
        "overall": overall,
        "relationship": relationship,
    }
    return tuple(lines.items())


def a_form(session: str, day: float, total: float | None = 36.0, **said: Any) -> Form:
    """Return a client's filled form; an SRS states its lines, any other its total."""
    instrument = said.setdefault("instrument", "SRS")
    respondent = said.setdefault("respondent", "client")
    parts = said.get("scores") or said.get("items")
    lines = instrument in ("SRS", "GSRS") and not parts and total is not None
    usual = {
        "session_id": session,
        "scores": srs(total) if lines and total is not None else (),
        "items": (),
        "total": None if lines or parts else total,
    }
    return _make(Form, f"{session}/{instrument}/{respondent}", day, usual, said)


def an_appointment(name: str, day: float, status: str = "attended", **said: Any) -> Appointment:
    """Return an appointment; ``day`` is when it happened, ``start`` when it was to begin."""
    usual = {
        "appointment_id": name,
        "session_id": said.pop("session", None),
        "session_seq": said.pop("seq", None),
        "scheduled_start": on(said.pop("start", day)),
        "status": status,
        "initiator": "unknown",
        "shared_cause": False,
    }
    return _make(Appointment, name, day, usual, said)


def a_no_show(number: int, *, day: float | None = None, **said: Any) -> Appointment:
    """Return the appointment of week ``number`` to which the client did not come."""
    day = (number - 1) * WEEK if day is None else day
    return an_appointment(f"a{number}", day, "no_show", **{"initiator": "client", **said})


def a_session(
    number: int, total: float | None = 36.0, *, day: float | None = None, **said: Any
) -> list[Fact]:
    """Return week ``number``'s session: its attended appointment and, with a total, its SRS.

    ``numbered``: both say their ``session_seq``. ``bond``: the line of the relationship.
    """
    day = (number - 1) * WEEK if day is None else day
    seq = number if said.pop("numbered", False) else None
    bond = said.pop("bond", None)
    session = f"s{number}"
    facts: list[Fact] = [an_appointment(f"a{number}", day, session=session, seq=seq)]
    if total is not None:
        said = {"scores": srs(total, bond), "session_seq": seq, **said}
        facts.append(a_form(session, day + 0.04, total, **said))
    return facts


def weeks(*totals: float | None, first: int = 1, **said: Any) -> list[Fact]:
    """Return weekly sessions with these totals; None is a session without a form."""
    return [
        fact
        for number, total in enumerate(totals, start=first)
        for fact in a_session(number, total, **said)
    ]


def a_frame_fact(kind: str, day: float, **said: Any) -> FrameFact:
    """Return an event of the frame."""
    usual = {"kind": kind, "shared_cause": False, "by": "unknown"}
    return _make(FrameFact, said.pop("name", f"{kind}-{day:g}"), day, usual, said)


def a_note(session: str, day: float, **said: Any) -> Note:
    """Return the tags of a session."""
    usual = {
        "event_id": f"e-note-{session}",
        "session_id": session,
        "interventions": (),
        "self_harmful_domains": (),
    }
    return _make(Note, session, day, usual, said)


def a_closure(day: float, ending: str = "planned", **said: Any) -> Closure:
    """Return the end of the case."""
    name = said.setdefault("event_id", f"e-closed-{day:g}")
    return _make(Closure, name, day, {"ending": ending}, said)


def a_review(alert_id: str, day: float, action: str = "acknowledged", **said: Any) -> Review:
    """Return what a clinician did with an alert."""
    name = said.setdefault("event_id", f"e-{action}-{day:g}")
    usual = {
        "alert_id": alert_id,
        "action": action,
        "reason_code": "not_accurate" if action == "dismissed" else None,
        "by_role": "therapist",
    }
    return _make(Review, name, day, usual, said)


def amended(fact: AnyFact, *, days_later: float = 1.0, **changes: Any) -> AnyFact:
    """Return a later recorded version of ``fact``."""
    later = {
        **fact._asdict(),
        "recorded": fact.recorded + round(days_later * DAY),
        "event_id": f"{fact.event_id}-amended",
    }
    return type(fact)(**{**later, **changes})


def voided(fact: AnyFact, *, days_later: float = 1.0) -> AnyFact:
    """Return the version that says ``fact`` was entered in error."""
    return amended(fact, days_later=days_later, void=True, event_id=f"{fact.event_id}-voided")


# what follows from facts


def judge(
    facts: Iterable[Fact], *, until: float | None = None, rules: Catalogue | None = None
) -> tuple[Case, list[AlertEvent]]:
    """Take these facts in as they come, then let time pass; return the case and what it told."""
    case = Case(CASE, rules or the_rules())
    events = [event for fact in facts for event in case.take(fact)[1]]
    if until is not None:
        events += case.pass_time(on(until))
    return case, events


def heard(events: Iterable[AlertEvent]) -> list[tuple[str, str]]:
    """Return (change, reason) of each event."""
    return [(event.change, event.data["reason"]) for event in events]


def alerts_of(case: Case) -> list[dict[str, Any]]:
    """Return the alerts of the case's standing."""
    alerts: list[dict[str, Any]] = case.standing()["alerts"]
    return alerts


def canonical(content: object) -> bytes:
    """Return the one way to write ``content``."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
