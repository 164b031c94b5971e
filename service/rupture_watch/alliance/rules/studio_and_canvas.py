"""Studio and canvas: a problem to work on, an approach, roles, a room and its tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.rules.conduct import last_tagged
from rupture_watch.alliance.rules.rule import Rule
from rupture_watch.alliance.wording import day, days_listed, number, times_said

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import FrameFact
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Point
    from rupture_watch.alliance.sessions import Session

ACKNOWLEDGED = "Clears when a clinician acknowledges it, or after 28 days."


class OpeningStep(Rule):
    """A step of the opening that is not on record by the end of its session.

    Judged a day after that session began (``session_over_hours``), for how long a session lasts
    is not known. Silent until the case has shown one frame event, and where its first sessions
    are not known. The session is a default.
    """

    section = "Studio and canvas"
    type = RuptureType.FRAME
    source = Source.FRAME
    factual = True
    occasions = ("due_session_over",)
    clears = Clears.STEP
    clears_when = "Clears when the step is recorded, or turns out to have been made in time."

    step: ClassVar[str]
    missing: ClassVar[str]

    def prepare(self) -> None:
        """Bind the session by whose end the step is due."""
        self.by_session = self.numbers["by_session"]

    def judge(self, course: Course) -> Finding | None:
        """Look for the step once its session is over."""
        due = course.due
        if due is None or due.subject.number != self.by_session or course.setting.truncated:
            return None
        if not course.frame or course.frame.get(self.step):
            return None
        session: Session = due.subject
        statement = f"{self.missing} by the end of session {session.number} ({day(session.place)})."
        evidence = (Evidence(due.trigger.fact, session.place, self.step, 0.0),)
        return self.finding(course, statement, evidence, steps=(self.step,))


class ProblemDefined(OpeningStep):
    """E1: no ``goals_set`` by the end of session 2; see :class:`OpeningStep`."""

    id = "E1"
    slug = "problem-defined"
    concept = "The problem defined"
    step = "goals_set"
    missing = "No goals are on record"
    considerations: ClassVar = (
        "Put into words together what the client wants to be different.",
        "If goals have been agreed on already, have them recorded.",
    )


class ApproachPresented(OpeningStep):
    """E2: no ``plan_presented`` by the end of session 3; see :class:`OpeningStep`."""

    id = "E2"
    slug = "approach-presented"
    concept = "The approach presented"
    step = "plan_presented"
    missing = "No plan is on record as presented"
    considerations: ClassVar = (
        "Say how the work could go, and ask whether that makes sense to the client.",
        "If this has been talked about already, have it recorded.",
    )


class RolesIntroduced(OpeningStep):
    """E3: no ``roles_explained`` by the end of session 2; see :class:`OpeningStep`."""

    id = "E3"
    slug = "roles-introduced"
    concept = "The roles introduced"
    step = "roles_explained"
    missing = "No introduction of the roles is on record"
    considerations: ClassVar = (
        "Say what each of the two does in the sessions, and what the therapist does not do.",
        "If this has been talked about already, have it recorded.",
    )


class TiedToTheProblem(Rule):
    """E4: the work has moved away from what the client came for.

    At least 4 sessions or 42 days without ``goal_linked`` or ``goal_reviewed``, and goal z < -1
    (defaults; open-ended work: set ``sessions`` to 8). The present session counts once its note
    is there. Goals just set count as linked. Silent until the case has shown the tag or a review.
    """

    id = "E4"
    slug = "tied-to-the-problem"
    section = "Studio and canvas"
    concept = "Tied back to the presenting problem"
    type = RuptureType.WITHDRAWAL
    source = Source.NOTES
    occasions = ("client_form", "note")
    reads = ("goal",)
    clears = Clears.STEP
    clears_when = "Clears when the work is linked to the goals again, or the goals are reviewed."
    considerations: ClassVar = (
        "Say how the present topic belongs to what the client came for, or ask the client.",
        "Review the goals: they may have changed.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.sessions = self.numbers["sessions"]
        self.days = self.numbers["days"]
        self.z = self.numbers["z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the goal of a session, and how long ago the work was tied to it."""
        session = course.session
        goal = self._goal(course)
        if session is None or goal is None or goal.deviation.z >= self.z:
            return None
        noted = course.rated is None
        if noted and session.note is not None and session.note.goal_linked:
            return None
        since = self._last_link(course)
        if since is None:
            return None
        without = sum(one.place > since for one in course.sessions) - (not noted)
        if without < self.sessions and course.now - since < self.days * DAY:
            return None
        statement = (
            f"For {without} sessions, since {day(since)}, no link to the agreed goals is on"
            f" record; shared goals were rated {number(goal.value)} on {day(goal.time)}, usual"
            f" level {number(goal.deviation.mean)}."
        )
        steps = ("goal_linked", "goal_reviewed")
        return self.finding(course, statement, (evidence_of(goal, "goal"),), steps=steps)

    def _goal(self, course: Course) -> Point | None:
        if course.session is None:
            return None
        rated = [course.rated] if course.rated is not None else course.session.client
        for one in rated:
            goal = one.points.get("goal")
            if goal is not None and goal.deviation.prior_ratings >= course.engine["judged_from"]:
                return goal
        return None

    def _last_link(self, course: Course) -> int | None:
        """Return when the work was tied to its goals last, or None where nobody records it."""
        linked = last_tagged(course, 1, lambda note: note.goal_linked)
        places = [
            course.by_key[n.session_id].place for n in linked if n.session_id in course.by_key
        ]
        times = [fact.time for fact in course.frame_facts("goals_set", "goal_reviewed")]
        if "goal_reviewed" not in course.frame and not last_tagged(
            course, 1, lambda note: note.goal_linked is not None
        ):
            return None
        return max((*places, *times), default=course.sessions[0].place - 1)


class NotAnAdviser(Rule):
    """E5: another role is offered than the client prefers.

    The offered role differs from the client's preference in at least 50 % of the last 4 sessions
    tagged with both (defaults). Silent without these tags.
    """

    id = "E5"
    slug = "not-an-adviser"
    section = "Studio and canvas"
    concept = "Not adviser or mentor"
    type = RuptureType.FRAME
    source = Source.NOTES
    occasions = ("note",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = ("Talk about which role helps, and why another one is offered.",)

    def prepare(self) -> None:
        """Bind the limits."""
        self.sessions = self.numbers["sessions"]
        self.share = self.numbers["share"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the newest sessions tagged with both roles."""
        note = course.notes[-1]
        if note.offered_role is None or note.client_role_preference is None:
            return None
        tagged = last_tagged(
            course, self.sessions, lambda one: one.offered_role and one.client_role_preference
        )
        differ = [one for one in tagged if one.offered_role != one.client_role_preference]
        if len(tagged) < self.sessions or len(differ) < self.share * len(tagged):
            return None
        if not self.is_news(course, self.sessions):
            return None
        statement = (
            f"In {len(differ)} of the last {len(tagged)} tagged sessions the offered role was not"
            " the one that the client prefers."
        )
        evidence = tuple(Evidence(one.name, one.time, "roles_differ", 1.0) for one in differ)
        return self.finding(course, statement, evidence)


class SafeSetting(Rule):
    """E6: the room was not safe and private; a single event.

    An ``interruption``, or ``room_changed`` with ``agreed`` false (silent where it is not said).
    """

    id = "E6"
    slug = "safe-setting"
    section = "Studio and canvas"
    concept = "Safe, private setting"
    type = RuptureType.FRAME
    source = Source.FRAME
    factual = True
    occasions = ("frame",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Ask how it was for the client, and what would make the room safe again.",
        "See to it that the next session can be held undisturbed.",
    )

    def judge(self, course: Course) -> Finding | None:
        """Judge the present frame event."""
        fact = present_frame_fact(course)
        if fact.kind == "interruption":
            statement = f"A session was interrupted on {day(course.now)}."
        elif fact.kind == "room_changed" and fact.agreed is False:
            statement = f"The room was changed on {day(course.now)} without the client's agreement."
        else:
            return None
        return self.finding(course, statement, (Evidence(fact.name, course.now, "event", 1.0),))


class ToolsProvided(Rule):
    """E7: the technology failed at least twice within four sessions (defaults)."""

    id = "E7"
    slug = "tools-provided"
    section = "Studio and canvas"
    concept = "The tools provided"
    type = RuptureType.FRAME
    source = Source.FRAME
    occasions = ("frame",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Have the connection checked, and agree on what to do if it fails.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.failures = self.numbers["failures"]
        self.sessions = self.numbers["sessions"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the present failure together with the newest ones."""
        if present_frame_fact(course).kind != "tech_failure":
            return None
        held = course.sessions[-self.sessions :]
        since = held[0].place if len(held) == self.sessions else -(2**63)
        failed = [fact for fact in course.frame["tech_failure"] if fact.time >= since]
        if len(failed) < self.failures:
            return None
        statement = (
            f"The technology failed {times_said(len(failed))} within {self.sessions} sessions"
            f" ({days_listed([fact.time for fact in failed])})."
        )
        evidence = tuple(Evidence(fact.name, fact.time, fact.kind, 1.0) for fact in failed)
        return self.finding(course, statement, evidence)


def present_frame_fact(course: Course) -> FrameFact:
    """Return the frame event that is judged just now."""
    fact: FrameFact = course.fact  # type: ignore[assignment]  # the occasion is "frame"
    return fact
