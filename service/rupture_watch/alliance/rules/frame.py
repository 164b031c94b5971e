"""Trust: the frame of the therapy, its consent, privacy and payment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.facts import DAY, FrameFact
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.rules.rule import Clause, Rule
from rupture_watch.alliance.rules.studio_and_canvas import ACKNOWLEDGED, present_frame_fact
from rupture_watch.alliance.wording import day, days_listed, listed, number, times_said

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.sessions import Session

CONSENT_SCOPE = {
    "privacy": "privacy",
    "scheduling": "scheduling",
    "payment": "payment",
    "roles": "roles",
    "legal": "legal limits",
}
GIVEN = "consent_given"
ENDED = {"consent_withdrawn": "withdrawn", "consent_expired": "expired"}


class FrameRule(Rule):
    """A rule of this section that speaks of facts of the frame."""

    section = "Trust"
    type = RuptureType.FRAME
    source = Source.FRAME
    factual = True
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED


class InformedConsent(FrameRule):
    """I1: therapy goes on without a full, valid consent on record.

    At session 2: none given, or its scope is incomplete; later: withdrawn or expired until
    renewed. Silent until the case has shown one frame event, and where the first sessions are not
    known; a consent without a stated scope counts as complete. Where no appointment tells of
    session 2, it is judged a day after it.
    """

    id = "I1"
    slug = "informed-consent"
    concept = "Informed consent"
    occasions = ("session", "frame", "due_session_over")
    clears = Clears.STEP
    clears_when = "Clears when a full consent is recorded."
    considerations: ClassVar = (
        "Go through consent together: privacy, scheduling, payment, roles and legal limits.",
        "If consent was given on paper only, have it recorded.",
    )

    def prepare(self) -> None:
        """Bind the session at which consent is looked for."""
        self.at_session = self.numbers["at_session"]

    def judge(self, course: Course) -> Finding | None:
        """Judge consent at session 2, and at every withdrawal or expiry."""
        if course.due is not None:
            held: Session = course.due.subject
            return None if held.appointment is not None else self._at_session(course, held)
        if course.session is not None:
            return self._at_session(course, course.session)
        done = ENDED.get(present_frame_fact(course).kind)
        if done is None:
            return None
        statement = f"Consent was recorded as {done} on {day(course.now)} and not renewed since."
        return self._missing(course, statement)

    def is_done_by(self, finding: Finding, fact: object) -> bool:
        """A renewed consent counts only where its scope is complete."""
        return super().is_done_by(finding, fact) and not _lacking(getattr(fact, "scope", None))

    def _at_session(self, course: Course, session: Session) -> Finding | None:
        if session.number != self.at_session or course.setting.truncated or not course.frame:
            return None
        known = [fact for fact in course.frame_facts(GIVEN, *ENDED) if fact.time <= session.place]
        if known and known[-1].kind != GIVEN:
            return None  # said when it was withdrawn
        at = f"session {session.number} ({day(session.place)})"
        if not known:
            return self._missing(course, f"No consent is on record at {at}.")
        ended = max((n for n, fact in enumerate(known) if fact.kind != GIVEN), default=-1)
        scopes = [fact.scope for fact in known[ended + 1 :]]
        if any(scope is None for scope in scopes):
            return None
        lacking = _lacking(tuple(part for scope in scopes if scope for part in scope))
        if not lacking:
            return None
        return self._missing(course, f"The consent on record at {at} does not cover {lacking}.")

    def _missing(self, course: Course, statement: str) -> Finding:
        trigger = course.trigger()
        weight = course.rules.ruleset.weights["consent_missing"]
        course.strain_frame_by(trigger, "consent_missing", weight)
        evidence = (Evidence(trigger.fact, course.now, "consent_on_record", 0.0),)
        return self.finding(course, statement, evidence, steps=(GIVEN,))


def _lacking(scope: tuple[str, ...] | None) -> str:
    """Return the parts of consent that a scope does not cover, as one says them."""
    if scope is None:
        return ""
    return listed([said for part, said in CONSENT_SCOPE.items() if part not in scope])


class Privacy(FrameRule):
    """I2: something private became known to others; a single event."""

    id = "I2"
    slug = "privacy-incident"
    concept = "Privacy"
    occasions = ("frame",)
    considerations: ClassVar = (
        "Tell the client what happened and what was done about it, if that is still open.",
        "Ask what it means for what can be said in the sessions.",
    )

    def judge(self, course: Course) -> Finding | None:
        """Judge the present frame event."""
        fact = present_frame_fact(course)
        if fact.kind != "privacy_incident":
            return None
        statement = f"A privacy incident was recorded on {day(course.now)}."
        return self.finding(course, statement, (Evidence(fact.name, course.now, "event", 1.0),))


class Payment(FrameRule):
    """I4: money comes between.

    A fee changed with less than 30 days' notice (silent where the notice is not said); or at
    least two invoices overdue in 90 days after none (defaults).
    """

    id = "I4"
    slug = "payment"
    concept = "Payment"
    occasions = ("frame",)
    considerations: ClassVar = (
        "Speak about payment as a part of the work, plainly and without haste.",
        "Ask what the change means for the client.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.notice = self.numbers["notice_days"]
        self.overdue = self.numbers["overdue"]
        self.window = self.numbers["days"] * DAY

    def judge(self, course: Course) -> Finding | None:
        """Judge the present frame event."""
        fact = present_frame_fact(course)
        if fact.kind == "fee_changed":
            return self._fee(course, fact)
        if fact.kind == "invoice_overdue":
            return self._invoices(course)
        return None

    def _fee(self, course: Course, fact: FrameFact) -> Finding | None:
        if fact.notice_days is None or fact.notice_days >= self.notice:
            return None
        notice = f"{number(fact.notice_days)} days of notice"
        statement = f"The fee was changed on {day(course.now)}, with {notice}."
        evidence = (Evidence(fact.name, course.now, "notice_days", fact.notice_days),)
        return self.finding(course, statement, evidence)

    def _invoices(self, course: Course) -> Finding | None:
        overdue = course.frame["invoice_overdue"]
        recent = [one for one in overdue if one.time > course.now - self.window]
        if len(recent) < self.overdue or len(recent) < len(overdue):
            return None
        statement = (
            f"Invoices became overdue {times_said(len(recent))} within {self.numbers['days']} days"
            f" ({days_listed([one.time for one in recent])}); before, none was."
        )
        evidence = tuple(Evidence(one.name, one.time, one.kind, 1.0) for one in recent)
        clause = Clause(self.source, self.clears, factual=True, type=RuptureType.WITHDRAWAL)
        return self.finding(course, statement, evidence, clause=clause)
