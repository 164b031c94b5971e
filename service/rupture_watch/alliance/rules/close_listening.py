"""Close listening: does the client feel heard, and do both see the same session."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, ClassVar

from rupture_watch.alliance.causes import evidence_of
from rupture_watch.alliance.findings import Clears, Evidence, RuptureType, Source
from rupture_watch.alliance.rules.rating import RatingRule, has_lines, judged
from rupture_watch.alliance.rules.rule import Clause, Rule
from rupture_watch.alliance.rules.symptoms import gain, in_session, reliable, symptom_series
from rupture_watch.alliance.wording import day, days_listed, number

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.series import Point
    from rupture_watch.alliance.sessions import Rated, Session

ACKNOWLEDGED = "Clears when a clinician acknowledges it, or after 28 days."


class FeltHeard(RatingRule):
    """D1: the client did not feel heard.

    On a form of lines: relationship below 9 (the published cut-off of a line) with z < -1.25
    (default). Silent for other forms.
    """

    id = "D1"
    slug = "felt-heard"
    section = "Close listening"
    concept = "Felt heard"
    type = RuptureType.CONFRONTATION
    reads = ("bond",)
    considerations: ClassVar = (
        "Ask what the client would have wanted to be heard better.",
        "Sum up what was understood, and let the client correct it.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.line = self.numbers["line_below"]
        self.z = self.numbers["z"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the relationship line of the present form."""
        point = judged(course, "bond")
        if point is None or point.value >= self.line or point.deviation.z >= self.z:
            return None
        return self.fallen(course, "bond", shown=2) if has_lines(course) else None


class GapsAndMismatches(Rule):
    """D2: client and therapist rate the same sessions differently, more than they usually do.

    Client z and therapist z of the total differ by at least 2, beyond their usual gap (median of
    the earlier sessions that both rated, 0 while there are none), in two of the last three such
    sessions. Silent without a therapist's form. Limits are defaults.
    """

    id = "D2"
    slug = "gaps-and-mismatches"
    section = "Close listening"
    concept = "Gaps and mismatches"
    type = RuptureType.WITHDRAWAL
    source = Source.THERAPIST_FORM
    occasions = ("client_form",)
    reads = ("total",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Compare the two views of the last session with interest in the difference.",
        "Ask the client what the therapist may not have noticed.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.gap = self.numbers["gap_z"]
        self.of_last = self.numbers["of_last"]
        self.times = self.numbers["times"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the newest sessions that both have rated."""
        session, client = course.session, course.points("total")
        if session is None or not session.therapist or client is None:
            return None
        therapist = _therapist_total(session)
        least = course.engine["judged_from"]
        if therapist is None or client.deviation.prior_ratings < least:
            return None
        if therapist.deviation.prior_ratings < least:
            return None
        gap = client.deviation.z - therapist.deviation.z
        known: tuple[tuple[int, float, int], ...] = course.memory.get(self.id, ())
        if known and known[-1][0] == session.number:
            return None
        gaps = (*known, (session.number, gap, session.place))
        course.memory[self.id] = gaps
        recent, earlier = gaps[-self.of_last :], gaps[: -self.of_last]
        usual = median(one[1] for one in earlier) if earlier else 0.0
        wide = [one for one in recent if abs(one[1] - usual) >= self.gap]
        if len(wide) < self.times or wide[-1][0] != session.number:
            return None
        statement = (
            f"Client and therapist rated {len(wide)} of the last {len(recent)} sessions differently"
            f" ({days_listed([one[2] for one in wide])}), more than they usually do."
        )
        evidence = (evidence_of(client, "total"), evidence_of(therapist, "therapist_total"))
        return self.finding(course, statement, evidence)


class SymptomsAgainstRatings(Rule):
    """D3: it gets worse while the alliance is rated as perfect.

    Symptoms worse by the registry's reliable change, against the form before or the first one of
    the baseline, while the total of the same session is at its ceiling. Silent unless both are
    rated in one session.
    """

    id = "D3"
    slug = "symptoms-against-ratings"
    section = "Close listening"
    concept = "Symptoms against ratings"
    type = RuptureType.WITHDRAWAL
    source = Source.RATINGS
    occasions = ("client_form", "symptom_form")
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Bring the two forms together: how can both be true?",
        "Say that the sessions may be rated low while things are hard.",
    )

    def prepare(self) -> None:
        """Bind how often a lasting contradiction is said."""
        self.sessions = self.numbers["sessions"]

    def judge(self, course: Course) -> Finding | None:
        """Judge once symptoms and alliance of a session are there."""
        session = course.session
        if session is None:
            return None
        rated = next((one for one in session.client if one.scores.at_ceiling), None)
        total = rated.points.get("total") if rated is not None else None
        if total is None:
            return None
        for series in symptom_series(course):
            newest = in_session(series, session.number)
            if newest is None or len(series.points) < 2:  # noqa: PLR2004 - nothing to compare with
                continue
            for earlier in (series.points[-2], series.points[0]):
                if -gain(series, earlier, newest) >= reliable(series):
                    if not self.is_news(course, self.sessions):
                        return None
                    statement = (
                        f"{series.key[0]} went from {number(earlier.value)}"
                        f" ({day(earlier.time)}) to {number(newest.value)}"
                        f" ({day(newest.time)}), worse by more than measurement error, while the"
                        " alliance was rated at its maximum."
                    )
                    evidence = (
                        evidence_of(newest, series.key[0]),
                        evidence_of(earlier, series.key[0]),
                        evidence_of(total, "total"),
                    )
                    return self.finding(course, statement, evidence)
        return None


class TakenAtFaceValue(Rule):
    """D4: the client's rating fell and the therapist saw nothing of it, twice in six sessions.

    Client total z < -2 while the therapist's own form of the session was at or above own median,
    or its note says that no rupture was seen. Silent without either. Limits are defaults.
    """

    id = "D4"
    slug = "taken-at-face-value"
    section = "Close listening"
    concept = "Taken at face value"
    type = RuptureType.WITHDRAWAL
    source = Source.THERAPIST_FORM
    occasions = ("client_form", "note")
    reads = ("total",)
    clears = Clears.EVENT
    clears_when = ACKNOWLEDGED
    considerations: ClassVar = (
        "Look at the client's form together at the start of the session.",
        "Ask what was not shown in the session, and what would make showing it easier.",
    )

    def prepare(self) -> None:
        """Bind the limits."""
        self.z = self.numbers["z"]
        self.times = self.numbers["times"]
        self.of_last = self.numbers["of_last"]

    def judge(self, course: Course) -> Finding | None:
        """Judge the present session: was a fall not seen, and how often lately."""
        session = course.session
        if session is None or not session.client:
            return None
        low = self._low(course, session)
        if low is None:
            return None
        by_note = session.note is not None and session.note.therapist_sees_rupture is False
        if not by_note and not self._form_saw_none(course, session):
            return None
        unseen: tuple[tuple[int, int], ...] = course.memory.get(self.id, ())
        if any(number_ == session.number for number_, _ in unseen):
            return None
        oldest = session.number - self.of_last
        unseen = tuple(one for one in (*unseen, (session.number, session.place)) if one[0] > oldest)
        course.memory[self.id] = unseen
        if len(unseen) < self.times:
            return None
        statement = (
            f"In {len(unseen)} of the last {self.of_last} sessions"
            f" ({days_listed([place for _, place in unseen])}) the client's rating was well below"
            " usual, and neither form nor note of the therapist shows a sign of it."
        )
        evidence = (
            evidence_of(low.points["total"], "total"),
            *(Evidence(course.sessions[n - 1].name, place, "not_seen", 1.0) for n, place in unseen),
        )
        clause = Clause(Source.NOTES if by_note else self.source, self.clears, factual=False)
        return self.finding(course, statement, evidence, clause=clause)

    def _low(self, course: Course, session: Session) -> Rated | None:
        for rated in session.client:
            point = rated.points.get("total")
            if (
                point is not None
                and point.deviation.z < self.z
                and point.deviation.prior_ratings >= course.engine["judged_from"]
            ):
                return rated
        return None

    def _form_saw_none(self, course: Course, session: Session) -> bool:
        if session.note is not None and session.note.therapist_sees_rupture:
            return False
        therapist = _therapist_total(session)
        if therapist is None:
            return False
        series = course.series[(session.therapist[-1].form.instrument, "therapist", "total")]
        earlier = [one.value for one in series.points if one.session < session.number]
        return bool(earlier) and therapist.value >= median(earlier)


def _therapist_total(session: Session) -> Point | None:
    """Return the total of the therapist's own form of a session, if it has one."""
    return session.therapist[-1].points.get("total") if session.therapist else None
