"""The course of one case: a fold over its moments, in order, that the rules look at.

``step`` takes one moment further, ``advance`` lets the silence rules run up to a time. Both are
functions of what was folded before: the same moments give the same course.
"""

from __future__ import annotations

from heapq import heappop
from typing import TYPE_CHECKING

from rupture_watch.alliance.course_view import CourseView
from rupture_watch.alliance.decisions import decide
from rupture_watch.alliance.facts import (
    DAY,
    HOUR,
    Appointment,
    Form,
    FrameFact,
    Microseconds,
    Note,
    Review,
)
from rupture_watch.alliance.frame_load import (
    Break,
    breaks_of_appointment,
    breaks_of_frame_fact,
    is_halved,
    notice_hours,
)
from rupture_watch.alliance.repair import Repair
from rupture_watch.alliance.scoring import score
from rupture_watch.alliance.sessions import Rated, Session
from rupture_watch.alliance.setting import Due
from rupture_watch.alliance.timeline import FINAL, HELD, Moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.findings import Finding, Trigger
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.alliance.rules.rule import Rule
    from rupture_watch.alliance.setting import Setting

MEASURES_ALLIANCE = frozenset({"alliance", "real_relationship"})


class Course(CourseView):
    """A fold over moments; only ``step`` and ``advance`` take it further."""

    def __init__(self, case: str, catalogue: Catalogue, setting: Setting) -> None:
        """Start before the first moment."""
        super().__init__(case, catalogue, setting)
        self.repair = Repair()

    def fork(self) -> Course:
        """Return an equal course that goes on by itself; only between two sessions.

        Sessions that are over are shared, for nothing is added to them any more. What rules keep
        in ``memory`` has to be immutable.
        """
        other = Course(self.case, self.rules, self.setting)
        other.position, other.now = self.position, self.now
        other.sessions, other.by_key = self.sessions[:], self.by_key.copy()
        other.outcomes = self.outcomes.fork()
        other.frame = {kind: facts[:] for kind, facts in self.frame.items()}
        other.notes = self.notes[:]
        other.series = self.series.fork()
        other.load, other.strain, other.book = (
            self.load.fork(),
            self.strain.fork(),
            self.book.fork(),
        )
        other.repair = self.repair.fork()
        other.memory = self.memory.copy()
        other.compliance, other.closed, other.changes = self.compliance, self.closed, self.changes
        other._judged = self._judged[:]
        other._dues, other._due_count = self._dues[:], self._due_count
        return other

    def advance(self, time: Microseconds) -> None:
        """Let everything happen that is due up to ``time`` inclusive."""
        while self._dues and self._dues[0][0] <= time:
            at, rank, name, due = heappop(self._dues)
            self.position = max(self.position, (at, rank, name))
            self.now, self.due, self.fact, self.session, self.rated = at, due, None, None, None
            self.outcome = None
            if due.kind == "form_missing":
                self._form_missing(due)
            else:
                self.repair.due(self, due)
                self._judge(f"due_{due.kind}")
            self.due = None

    def step(self, moment: Moment) -> None:
        """Judge one more moment, which must come after all that was judged."""
        if self._dues and self._dues[0][0] < moment.time:
            self.advance(moment.time - 1)
        self.position = moment[:3]
        self.now, self.fact = moment.time, moment.fact
        self._judged.append(moment.fact.name)
        self.session, self.rated, self.outcome = None, None, None
        fact = moment.fact
        if isinstance(fact, Form):
            self._form(fact)
        elif isinstance(fact, Appointment):
            self._appointment(fact, moment.session)
        elif isinstance(fact, FrameFact):
            self._frame_fact(fact)
        elif isinstance(fact, Note):
            self.notes.append(fact)
            self.session = self.by_key.get(fact.session_id)
            if self.session is not None:
                self.session.note = fact
            self.strain.note(self, fact)
            self.repair.noted(self, fact)
            self._judge("note")
        elif isinstance(fact, Review):
            decide(self.repair, self, fact)
        else:
            self._judge("closure")
            self.repair.case_closed(self, fact)
            self.closed = fact
        self.repair.load_decayed(self)
        if self.trace is not None:
            self.trace.record(self)

    def report(self, finding: Finding) -> None:
        """Take in what a rule found."""
        self.changes += 1
        self.repair.opened_or_grew(self, self.book.report(finding), finding)

    def _judge(self, occasion: str) -> None:
        if self.closed is not None:
            return
        rules: Iterable[Rule]
        if self.rated is None:
            rules = self.rules.on.get(occasion, ())
        else:
            rules = self.rules.reading(occasion, tuple(self.rated.points))
        for rule in rules:
            finding = rule.judge(self)
            if finding is not None:
                self.report(finding)

    def _hold_session(self, key: str) -> Session:
        session = self.by_key.get(key)
        if session is None:
            previous = self.sessions[-1].place if self.sessions else self.now
            session = Session(
                key,
                len(self.sessions) + 1,
                self.now,
                after_gap=self.now - previous >= self.engine["gap_days"] * DAY,
                ending=key in self.setting.last_sessions,
            )
            self.sessions.append(session)
            self.by_key[key] = session
            if session.number <= self.engine["opening_sessions"]:
                over = int(self.engine["session_over_hours"] * HOUR)
                self.after(over, Due("session_over", self.trigger(), session))
        return session

    def _appointment(self, fact: Appointment, key: str | None) -> None:
        weights = self.rules.ruleset.weights
        self.outcome = self.outcomes.add(fact) if fact.status in FINAL else None
        if fact.status == HELD and key is not None:
            self.session = self._hold_session(key)
            self.session.appointment = fact
        self.strain.appointment(self, fact)
        hours = notice_hours(fact)
        for label, weight in breaks_of_appointment(fact, weights, hours):
            self._strain_frame(fact, label, weight)
        self._judge("appointment")
        if self.session is not None:
            self.repair.session_held(self, self.session)
            self._judge("session")
            due = Due("form_missing", self.trigger(), self.session)
            self.after(int(self.engine["form_missing_days"] * DAY), due)

    def _frame_fact(self, fact: FrameFact) -> None:
        self.frame.setdefault(fact.kind, []).append(fact)
        for label, weight in breaks_of_frame_fact(fact, self.rules.ruleset.weights):
            self._strain_frame(fact, label, weight)
        if fact.kind == "therapist_changed":
            self.restart_series()
        self.repair.step_done(self, fact)
        self._judge("frame")

    def strain_frame_by(self, trigger: Trigger, label: str, weight: float) -> None:
        """Count a break that a rule found (missing consent)."""
        self.load.add(Break(trigger.fact, self.now, label, weight, weight))

    def _strain_frame(self, fact: Appointment | FrameFact, label: str, weight: float) -> None:
        counted = weight / 2.0 if is_halved(fact) else weight
        self.load.add(Break(fact.name, self.now, label, counted, weight))
        self.strain.frame_break(self, fact, counted)

    def _form(self, form: Form) -> None:
        instrument = self.rules.ruleset.registry.find(form.instrument)
        if instrument is None:
            return
        self.session = self._hold_session(form.session_id)
        scores = score(form, self.rules.ruleset.registry)
        tag = f"{form.version or ''}|{'import' if form.mode == 'import' else ''}"
        values = {**scores.singles, **scores.values}
        if self.series.take_up(form, tag, values) and form.respondent == "client":
            self.strain.new_baseline()
        number = self.session.number
        points = self.series.judge(form, self.told, number, values, self.engine["judged_from"])
        rated = Rated(form, scores, points)
        self.rated = rated
        alliance = instrument.measures in MEASURES_ALLIANCE
        if form.respondent == "client" and alliance:
            first = not self.session.client
            self.session.client.append(rated)
            if first:
                self.book.rated()
            self.strain.rated(self, rated)
            self._judge("client_form")
            self.repair.rated(self, rated)
        elif form.respondent == "therapist" and alliance:
            self.session.therapist.append(rated)
            self.strain.therapist_form(self, rated)
            self._judge("therapist_form")
        elif form.respondent == "client":
            self._judge("symptom_form")
        clipped = self.repair.is_episode(self, form.instrument, form.respondent)
        self.series.enter(form, points, winsorise=clipped)

    def restart_series(self, *beginning: str) -> None:
        """Start new baselines for all series whose keys begin like this."""
        self.series.restart(*beginning)
        self.strain.new_baseline()

    def _form_missing(self, due: Due) -> None:
        session: Session = due.subject
        if session.client:
            return
        self.session = session
        self.memory["form_missing"] = session.place
        self.strain.form_missing(self, session)
        if self.trace is not None:
            self.trace.settle(self)
        self._judge("form_missing")
