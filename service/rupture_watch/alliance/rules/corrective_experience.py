"""Corrective experience: the client tests whether the therapist stays."""

from __future__ import annotations

from statistics import median, quantiles
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rupture_watch.alliance.facts import DAY, Appointment, FrameFact
from rupture_watch.alliance.findings import NOTE, Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.frame_load import PRACTICAL_REASONS, is_halved
from rupture_watch.alliance.rules.rule import Clause, Rule
from rupture_watch.alliance.setting import Due
from rupture_watch.alliance.wording import FRAME_WORDS, day, percent, times_said

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Point

OUTREACH = "outreach_made"
ACKNOWLEDGED = "Clears when a clinician acknowledges it, or after 28 days."

TEST_WORDS = {
    "late_cancel": "cancelled at short notice",
    "late": "came 10 or more minutes late",
    "complaint": "complained",
    "boundary_push": "pushed at a boundary",
}


class Did(NamedTuple):
    """What the client did, and when."""

    time: Microseconds
    fact: str
    kind: str


class ClientTests(Rule):
    """J1: soon after closeness the client does something that asks: will you stay?

    Cancelling less than 24 hours before, lateness of at least 10 minutes, a complaint or a
    client's boundary push within 14 days after a bond in the client's own top quarter (and above
    own median, from the fourth prior rating on). Once it is a note; twice in eight appointments
    severity 2. It is told with how often the client does so at all. Practical reasons do not
    count. Limits are defaults.
    """

    id = "J1"
    slug = "the-test"
    section = "Corrective experience"
    concept = "The test"
    source = Source.ATTENDANCE
    occasions = ("appointment", "frame")
    clears = Clears.KEPT
    clears_when = "Clears when two appointments in a row are kept."
    considerations: ClassVar = (
        "Stay steady and friendly, and keep the frame as it is.",
        "Be curious about what closeness is like for the client.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.window = self.numbers["days"] * DAY
        self.late = self.numbers["late_minutes"]
        self.least = self.numbers["least_ratings"]
        self.times = self.numbers["times"]
        self.of_last = self.numbers["of_last"]

    def judge(self, course: Course) -> Finding | None:
        """Judge what the client did, by the bond that came before."""
        kind = self._kind(course)
        if kind is None:
            return None
        bond = self._close_bond(course)
        if bond is None:
            return None
        fact = course.trigger().fact
        recent = course.outcomes.last(self.of_last)
        since = recent[0].start if len(recent) == self.of_last else -(2**63)
        known: tuple[Did, ...] = course.memory.get(self.id, ())
        tests = tuple(one for one in (*known, Did(course.now, fact, kind)) if one.time >= since)
        course.memory[self.id] = tests
        share = self._usual_share(course)
        statement = (
            f"The client {TEST_WORDS[kind]} ({day(course.now)}), after a bond of"
            f" {bond.value:g} on {day(bond.time)}, high for this client."
            f" {times_said(len(tests)).capitalize()} in the last {self.of_last} appointments;"
            f" late or cancelled late in {percent(share)} of all appointments."
        )
        evidence = (
            Evidence(fact, course.now, kind, 1.0, round(share, 2)),
            Evidence(bond.fact, bond.time, "bond", bond.value),
        )
        clause = Clause(
            Source.ATTENDANCE if isinstance(course.fact, Appointment) else Source.FRAME,
            self.clears,
            factual=False,
            type=RuptureType.WITHDRAWAL
            if isinstance(course.fact, Appointment)
            else RuptureType.CONFRONTATION,
        )
        severity = self.severity if len(tests) >= self.times else NOTE
        return self.finding(course, statement, evidence, severity=severity, clause=clause)

    def _kind(self, course: Course) -> str | None:
        fact = course.fact
        if isinstance(fact, FrameFact):
            if fact.kind == "complaint" and fact.by != "provider":
                return "complaint"
            if fact.kind == "boundary_crossing" and fact.by == "client":
                return "boundary_push"
            return None
        if course.outcome is None:
            return None
        if course.outcome.is_late_client_cancel:
            return "late_cancel"
        return "late" if self._is_late(course.outcome.fact) else None

    def _is_late(self, fact: Appointment) -> bool:
        return (
            fact.status == "attended"
            and (fact.client_late_minutes or 0) >= self.late
            and fact.reason_code not in PRACTICAL_REASONS
            and not fact.shared_cause
        )

    def _close_bond(self, course: Course) -> Point | None:
        """Return the newest bond of the window that was high for this client, if there is one."""
        since = course.now - self.window
        for (_, respondent, code), series in course.series.items():
            if respondent != "client" or code != "bond":
                continue
            points = series.points
            for place in range(len(points) - 1, self.least - 1, -1):
                if course.sessions[points[place].session - 1].place < since:
                    break
                earlier = [point.value for point in points[:place]]
                top = quantiles(earlier, n=4, method="inclusive")[2]
                if points[place].value >= top and points[place].value > median(earlier):
                    return points[place]
        return None

    def _usual_share(self, course: Course) -> float:
        every = course.outcomes.all
        if not every:
            return 0.0
        done = sum(one.is_late_client_cancel or self._is_late(one.fact) for one in every)
        return done / len(every)


class FailingTheTest(Rule):
    """J2: soon after a test the frame was broken by the clinic; a single event.

    A provider or clinic break of weight 2 or more (before halving) within 14 days after J1
    (default). Illness, holiday and closures: severity 2.
    """

    id = "J2"
    slug = "failing-the-test"
    section = "Corrective experience"
    concept = "Failing the test"
    type = RuptureType.FRAME
    source = Source.FRAME
    factual = True
    occasions = ("appointment", "frame")
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Say openly what happened, and ask what it meant to the client just then.",
        "Keep what is agreed for the next weeks as steady as possible.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.weight = self.numbers["weight"]
        self.window = self.numbers["days"] * DAY
        self.practical = self.numbers["practical_severity"]

    def judge(self, course: Course) -> Finding | None:
        """Judge a break of the frame by what the client did before it."""
        tests: tuple[Did, ...] = course.memory.get(ClientTests.id, ())
        fact = course.fact
        if not tests or not isinstance(fact, (Appointment, FrameFact)):
            return None
        test = next((one for one in reversed(tests) if one.fact != fact.name), None)
        if test is None or course.now - test.time > self.window:
            return None
        broken = [
            one
            for one in course.load.breaks
            if one.fact == fact.name and one.time == course.now and one.full >= self.weight
        ]
        if not broken:
            return None
        statement = (
            f"{FRAME_WORDS[broken[0].label].capitalize()} ({day(course.now)}) came within"
            f" {self.numbers['days']} days after the client {TEST_WORDS[test.kind]}"
            f" ({day(test.time)})."
        )
        evidence = (
            *(Evidence(one.fact, one.time, one.label, one.full) for one in broken),
            Evidence(test.fact, test.time, test.kind, 1.0),
        )
        severity = self.practical if is_halved(fact) else None
        return self.finding(course, statement, evidence, severity=severity)


class Persist(Rule):
    """J3: after a client's no-show nobody reached out within three days.

    Due three days (default) after the missed start, if no ``outreach_made`` lies between. Silent
    until the case has shown one frame event; a clinic that does not record outreach switches the
    rule off.
    """

    id = "J3"
    slug = "persist"
    section = "Corrective experience"
    concept = "To persist"
    type = RuptureType.FRAME
    source = Source.FRAME
    factual = True
    occasions = ("appointment", "due_outreach")
    clears = Clears.STEP
    clears_when = "Clears when an outreach is recorded, or turns out to have been made in time."
    considerations: ClassVar = (
        "A short, warm message that the client was missed and the next time stands.",
        "If somebody has reached out already, have it recorded.",
    )

    def judge(self, course: Course) -> Finding | None:
        """Start the clock at a no-show; when it runs out, look for an outreach."""
        if course.due is None:
            outcome = course.outcome
            if outcome is not None and outcome.is_client_no_show:
                delay = int(self.numbers["within_days"] * DAY)
                course.after(delay, Due("outreach", course.trigger(), outcome.fact))
            return None
        trigger = course.due.trigger
        if not course.frame:
            return None
        if any(fact.time >= trigger.time for fact in course.frame_facts(OUTREACH)):
            return None
        statement = (
            f"The client did not come on {day(trigger.time)}; no outreach is on record by"
            f" {day(course.now)}."
        )
        evidence = (
            Evidence(trigger.fact, trigger.time, "no_show", 1.0),
            Evidence(trigger.fact, course.now, OUTREACH, 0.0),
        )
        return self.finding(course, statement, evidence, steps=(OUTREACH,))
