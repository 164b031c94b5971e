"""Random histories of one case: every kind of fact, in every version, as strategies.

Values are drawn from few and telling ones (ceilings, dips, equal times), so that rules fire, alerts
open and end, and facts collide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from rupture_watch.alliance.alerts import alert_id
from rupture_watch.alliance.facts import Closure, Fact, Form, Review, key_of
from tests.builders import (
    CASE,
    WEEK,
    a_closure,
    a_form,
    a_frame_fact,
    a_note,
    a_review,
    amended,
    an_appointment,
    srs,
)
from tests.story import Story

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

MOST_SESSIONS = 8
JITTER = (0.0, 0.0, 0.0, 1.0, -2.0, 30.0)
TOTALS = (40.0, 40.0, 36.0, 35.0, 37.0, 33.0, 28.0, 20.0, 8.0)
ACTIONS = (
    "acknowledged",
    "dismissed",
    "repair_opened",
    "repair_confirmed",
    "unrepaired",
    "reopened",
)
FRAME: tuple[tuple[str, dict[str, Any]], ...] = (
    ("consent_given", {"scope": ("privacy", "scheduling", "payment", "roles", "legal")}),
    ("consent_given", {"scope": ("privacy",)}),
    ("consent_withdrawn", {}),
    ("consent_expired", {}),
    ("privacy_incident", {}),
    ("privacy_incident", {"shared_cause": True}),
    ("outreach_made", {"by": "provider"}),
    ("therapist_changed", {"handover": False}),
    ("therapist_changed", {"handover": True}),
    ("fee_changed", {"notice_days": 5.0}),
    ("billing_error", {}),
    ("room_changed", {"agreed": False}),
    ("leave_announced", {"notice_days": 3.0}),
    ("unscheduled_contact", {"by": "provider"}),
    ("boundary_crossing", {"boundary": "gift"}),
    ("complaint", {"about": "therapist"}),
    ("complaint", {"about": "admin"}),
    ("transfer_requested", {}),
    ("interruption", {}),
    ("tech_failure", {}),
    ("invoice_overdue", {}),
    ("goals_set", {}),
    ("goal_reviewed", {}),
    ("plan_presented", {}),
)
MISSED: tuple[tuple[str, str], ...] = (
    ("no_show", "client"),
    ("no_show", "provider"),
    ("cancelled", "client"),
    ("cancelled", "provider"),
    ("rescheduled", "provider"),
    ("rescheduled", "client"),
)


@st.composite
def stories(
    draw: DrawFn,
    *,
    most_sessions: int = MOST_SESSIONS,
    numbering: tuple[str, ...] = ("none", "all", "some", "wild"),
    endings: tuple[str, ...] = ("planned", "unplanned", "transferred"),
    reviews: bool = True,
    weekly: bool = False,
) -> Story:
    """Draw a case's story.

    ``numbering``: which facts carry a ``session_seq`` (``wild``: contradictory ones).
    ``weekly``: sessions are days apart and come in their order.
    """
    count = draw(st.integers(1, most_sessions))
    numbers = draw(st.sampled_from(numbering))
    first: list[Fact] = [a_frame_fact("roles_explained", 0.5)]
    for number in range(1, count + 1):
        first += draw(_week(number, numbers, (0.0, 1.0) if weekly else JITTER))
    frame = draw(st.lists(_frame(count), max_size=5, unique_by=lambda fact: fact.name))
    first += frame
    if draw(st.booleans()) and endings:
        first.append(a_closure(draw(_days(count)), draw(st.sampled_from(endings))))
    if reviews:
        first += draw(_reviews(first, count))
    return Story(tuple(_renamed(first + draw(_versions(first)))), (count + 6) * WEEK)


def _days(count: int) -> st.SearchStrategy[float]:
    """Return moments of a case; often exactly that of a session, where facts collide."""
    exact = st.integers(0, count).map(lambda week: float(week * WEEK))
    return exact | st.integers(0, count * WEEK * 4).map(lambda quarter: quarter / 4)


def _written(draw: DrawFn) -> dict[str, Any]:
    late = draw(st.sampled_from((0.0, 0.0, 0.1, 2.0, 12.0)))
    return {"recorded_after": late, "backfill": draw(st.integers(0, 19)) == 0}


@st.composite
def _week(draw: DrawFn, number: int, numbers: str, jitter: tuple[float, ...]) -> list[Fact]:
    day = (number - 1) * WEEK + draw(st.sampled_from(jitter))
    facts: list[Fact] = []
    session = f"s{number}"
    said = {"none": False, "all": True}.get(numbers)

    def seq() -> int | None:
        if numbers == "wild":
            return draw(st.sampled_from((None, 1, number, number + 1, 13 - number)))
        return number if (draw(st.booleans()) if said is None else said) else None

    kept = draw(st.integers(0, 9))
    if kept < 2:
        status, initiator = draw(st.sampled_from(MISSED))
        when = day if status == "no_show" else day - draw(st.sampled_from((0.0, 0.5, 3.0, 7.0)))
        facts.append(
            an_appointment(
                f"a{number}",
                when,
                status,
                start=day,
                initiator=initiator,
                reason_code=draw(st.sampled_from((None, None, "illness", "pat-ucp"))),
                **_written(draw),
            )
        )
        return facts
    if kept < 9:
        facts.append(
            an_appointment(
                f"a{number}",
                day,
                session=session,
                seq=seq(),
                provider_late_minutes=draw(st.sampled_from((None, 0, 7, 12))),
                client_late_minutes=draw(st.sampled_from((None, 0, 15))),
                overrun_minutes=draw(st.sampled_from((None, -10, 15))),
                ended_by=draw(st.sampled_from((None, "provider"))),
                **_written(draw),
            )
        )
    if draw(st.integers(0, 9)) == 0:
        facts.append(
            an_appointment(session, day + 0.02, appointment_id=None, session=session, seq=seq())
        )
    if draw(st.integers(0, 5)) > 0:
        facts += draw(_forms(session, day + draw(st.sampled_from((0.0, 0.04, -0.1, 4.0))), seq()))
    if draw(st.integers(0, 3)) == 0:
        facts.append(
            a_note(
                session,
                day + draw(st.sampled_from((0.0, 0.1, -1.0, 9.0))),
                homework_assigned=2,
                homework_done=draw(st.sampled_from((0, 2))),
                alliance_discussed=draw(st.booleans()),
                interventions=draw(st.sampled_from(((), ("challenge",), ("interpretation",)))),
                signalled_zone=draw(st.sampled_from((None, "empathy"))),
                offered_zone="confrontation",
                goal_progress=draw(st.sampled_from((None, -1, 0, 1))),
                therapist_sees_rupture=draw(st.sampled_from((None, False, True))),
                self_harmful_domains=draw(st.sampled_from(((), ("money",), ("self_care",)))),
                client_role_preference="explorer",
                offered_role=draw(st.sampled_from((None, "adviser"))),
            )
        )
    return facts


@st.composite
def _forms(draw: DrawFn, session: str, day: float, seq: int | None) -> list[Fact]:
    mode = draw(st.sampled_from((None, None, None, "import")))
    version = draw(st.sampled_from((None, None, None, "2")))
    more: dict[str, Any] = {"session_seq": seq, "mode": mode, "version": version}
    total = draw(st.sampled_from(TOTALS))
    bond = min(10.0, round(total / 4, 1) + draw(st.sampled_from((0.0, -1.0, 1.0))))
    facts: list[Fact] = []
    others = draw(st.integers(0, 15))
    if others != 1:
        scores = srs(total, max(0.0, bond))
        single = draw(st.sampled_from(("safety", "judged", "hope", "clarity", "shame")))
        value = draw(st.sampled_from((1.0, 4.0, 5.0)))
        items = ((single, value),) if draw(st.integers(0, 3)) == 0 else ()
        said = {"scores": scores, "items": items, **more, **_written(draw)}
        facts.append(a_form(session, day, total, **said))
    if others in (1, 2, 3):
        value = 60.0 if total == 40.0 else total + 10
        facts.append(a_form(session, day, value, instrument="WAI-SR", **more, **_written(draw)))
    if others in (3, 4, 5):
        facts.append(a_form(session, day, min(40.0, total + 2), respondent="therapist", **more))
    if others in (5, 6):
        worse = draw(st.sampled_from((4.0, 14.0, 15.0)))
        facts.append(a_form(session, day - 0.01, worse, instrument="PHQ-9", session_seq=seq))
    return facts


@st.composite
def _frame(draw: DrawFn, count: int) -> Fact:
    kind, fields = draw(st.sampled_from(FRAME))
    day = draw(_days(count))
    return a_frame_fact(kind, day, **fields, **_written(draw))


@st.composite
def _reviews(draw: DrawFn, facts: list[Fact], count: int) -> list[Fact]:
    names = sorted({fact.name for fact in facts})
    reviews = st.builds(
        lambda name, day, action: a_review(alert_id(CASE, name), day, action),
        st.sampled_from(names),
        _days(count + 2),
        st.sampled_from(ACTIONS),
    )
    return draw(st.lists(reviews, max_size=4, unique_by=lambda review: review.name))


@st.composite
def _versions(draw: DrawFn, facts: list[Fact]) -> list[Fact]:
    """Draw later, earlier, tied and voiding versions of some facts."""
    versions: list[Fact] = []
    for fact in draw(st.lists(st.sampled_from(facts), max_size=5)):
        later = draw(st.sampled_from((-1.0, 0.0, 0.5, 3.0)))
        void = draw(st.integers(0, 2)) == 0
        changes = {"void": True} if void else draw(_changes(fact))
        versions.append(amended(fact, days_later=later, **changes))
    return versions


@st.composite
def _changes(draw: DrawFn, fact: Fact) -> dict[str, Any]:
    if isinstance(fact, Form):
        if fact.scores:
            total = draw(st.sampled_from(TOTALS))
            return {"scores": srs(total)}
        return {"total": draw(st.sampled_from((14.0, 20.0, 26.0)))}
    if isinstance(fact, Review):
        return {"action": draw(st.sampled_from(ACTIONS))}
    if isinstance(fact, Closure):
        return {"ending": draw(st.sampled_from(("planned", "unplanned")))}
    if hasattr(fact, "status"):
        status, initiator = draw(
            st.sampled_from((*MISSED, ("booked", "unknown"), ("attended", "unknown")))
        )
        return {"status": status, "initiator": initiator}
    return {}


def _renamed(versions: list[Fact]) -> list[Fact]:
    """Give two versions that were drawn under one event id and moment different ids."""
    seen: dict[tuple[tuple[str, str], str], int] = {}
    renamed: list[Fact] = []
    for version in versions:
        identity = key_of(version), version.event_id
        again = seen[identity] = seen.get(identity, 0) + 1
        event_id = version.event_id if again == 1 else f"{version.event_id}-{again}"
        renamed.append(version._replace(event_id=event_id))
    return renamed
