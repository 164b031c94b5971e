"""Zones of engagement: support and confrontation in balance, as the client signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.facts import Appointment, FrameFact
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.rules.bond_before import last_bond_before
from rupture_watch.alliance.rules.conduct import last_tagged
from rupture_watch.alliance.rules.rule import Clause, Rule
from rupture_watch.alliance.rules.studio_and_canvas import ACKNOWLEDGED
from rupture_watch.alliance.wording import day, number

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding

UNHAPPY = "pat-ucp"
CHALLENGE = "challenge"


class Balance(Rule):
    """F1: one zone at the expense of the other.

    Of the last 4 sessions tagged with interventions the share with a challenge is above .60, or,
    from session 8 on, below .05 (defaults). Silent without these tags.
    """

    id = "F1"
    slug = "balance"
    section = "Zones of engagement"
    concept = "Balance"
    source = Source.NOTES
    occasions = ("note",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Ask the client whether it should be more support or more challenge.",
        "Consider which of the two has become a habit in the sessions.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.sessions = self.numbers["sessions"]
        self.above = self.numbers["above"]
        self.below = self.numbers["below"]
        self.below_from = self.numbers["below_from_session"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the newest tagged sessions."""
        session = course.session
        if session is None or not course.notes[-1].interventions:
            return None
        tagged = last_tagged(course, self.sessions, lambda one: one.interventions)
        if len(tagged) < self.sessions:
            return None
        count = sum(CHALLENGE in one.interventions for one in tagged)
        share = count / len(tagged)
        often = share > self.above
        seldom = share < self.below and session.number >= self.below_from
        if not (often or seldom) or not self.is_news(course, self.sessions):
            return None
        statement = (
            f"Of the last {len(tagged)} tagged sessions {count or 'none'}"
            f" {'is' if count <= 1 else 'are'} tagged with a challenge."
        )
        kind = RuptureType.CONFRONTATION if often else RuptureType.WITHDRAWAL
        evidence = (
            Evidence(course.notes[-1].name, course.now, "challenge_share", round(share, 2)),
        )
        clause = Clause(self.source, self.clears, factual=False, type=kind)
        return self.finding(course, statement, evidence, clause=clause)


class SignalledZone(Rule):
    """F2: another zone is offered than the client signals, and the rating is low.

    The zones differ in 2 of the last 3 sessions tagged with both, and the present session's total
    has z < -1 (defaults). Silent without these tags or a form of the session.
    """

    id = "F2"
    slug = "signalled-zone"
    section = "Zones of engagement"
    concept = "The zone the client signalled"
    type = RuptureType.CONFRONTATION
    source = Source.NOTES
    occasions = ("note",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Ask what the client needs just now: to be understood, or to be challenged.",
        "Watch for small signals of it in the next session.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.of_last = self.numbers["of_last"]
        self.differ = self.numbers["differ"]
        self.z = self.numbers["z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the newest tagged sessions together with the present rating."""
        session, note = course.session, course.notes[-1]
        if session is None or note.signalled_zone is None or note.offered_zone is None:
            return None
        low = next(
            (
                point
                for rated in session.client
                if (point := rated.points.get("total")) is not None
                and point.deviation.z < self.z
                and point.deviation.prior_ratings >= course.engine["judged_from"]
            ),
            None,
        )
        if low is None:
            return None
        tagged = last_tagged(
            course, self.of_last, lambda one: one.signalled_zone and one.offered_zone
        )
        differ = [one for one in tagged if one.signalled_zone != one.offered_zone]
        if len(differ) < self.differ:
            return None
        statement = (
            f"In {len(differ)} of the last {len(tagged)} tagged sessions the zone offered was not"
            f" the one that the client signalled; the rating of {day(low.time)} is"
            f" {number(low.value)}, usual level {number(low.deviation.mean)}."
        )
        evidence = (
            evidence_of(low, "total"),
            *(Evidence(one.name, one.time, "zones_differ", 1.0) for one in differ),
        )
        return self.finding(course, statement, evidence)


class ConfrontingAtALowBond(Rule):
    """F3: a challenge while the bond was low.

    A session tagged with ``challenge`` when the last bond before it had z < -1 (default). Silent
    without the tag or a bond.
    """

    id = "F3"
    slug = "confronting-at-a-low-bond"
    section = "Zones of engagement"
    concept = "Confronting at a low bond"
    type = RuptureType.CONFRONTATION
    source = Source.NOTES
    occasions = ("note",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Ask how the challenge was received, and what it was like to hear it.",
        "Consider returning to support first.",
    )

    def prepare(self) -> None:
        """Bind the limit."""
        self.z = self.numbers["z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge a challenge by the bond at which it came."""
        session = course.session
        if session is None or CHALLENGE not in course.notes[-1].interventions:
            return None
        before = last_bond_before(course, session)
        if before is None:
            return None
        deviation = before.point.deviation
        if deviation.z >= self.z or deviation.prior_ratings < course.engine["judged_from"]:
            return None
        statement = (
            f"Session {session.number} ({day(session.place)}) is tagged with a challenge; the bond"
            f" before it was {number(before.point.value)} ({day(before.point.time)}), usual level"
            f" {number(deviation.mean)}."
        )
        evidence = (
            evidence_of(before.point, "bond"),
            Evidence(course.notes[-1].name, course.now, CHALLENGE, 1.0),
        )
        return self.finding(course, statement, evidence)


class ClientConfronts(Rule):
    """F4: the client says openly that something is wrong; a single event.

    A ``complaint`` about the therapist, or an appointment given up as unhappy (``pat-ucp``).
    Silent where nobody says whom a complaint is about.
    """

    id = "F4"
    slug = "client-confronts"
    section = "Zones of engagement"
    concept = "The client confronts"
    type = RuptureType.CONFRONTATION
    source = Source.FRAME
    factual = True
    occasions = ("frame", "appointment")
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Thank the client for saying it, and ask to hear all of it.",
        "Offer a talk before the next session, if the client wants one.",
    )

    def judge(self, course: Course) -> Finding | None:
        """Judge the present complaint, or the reason given for an appointment's end."""
        fact = course.fact
        if isinstance(fact, Appointment):
            if fact.reason_code != UNHAPPY or fact.status == "attended":
                return None
            statement = f"An appointment was given up on {day(course.now)}; reason: not content."
            evidence = (Evidence(fact.name, course.now, UNHAPPY, 1.0),)
            clause = Clause(Source.ATTENDANCE, self.clears, factual=True)
            return self.finding(course, statement, evidence, clause=clause)
        if not isinstance(fact, FrameFact) or fact.kind != "complaint":
            return None
        if fact.about != "therapist" or fact.by == "provider":
            return None
        statement = f"A complaint about the therapy was recorded on {day(course.now)}."
        evidence = (Evidence(fact.name, course.now, "complaint", 1.0),)
        return self.finding(course, statement, evidence)
