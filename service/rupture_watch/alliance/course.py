"""The course of one case: a fold over its moments, in order, that the rules look at.

``step`` takes one moment further, ``advance`` lets the silence rules run up to a time. Both are
functions of what was folded before: the same moments give the same course.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from rupture_watch.alliance.alerts import AlertBook, alert_id
from rupture_watch.alliance.causes import trigger_of
from rupture_watch.alliance.facts import (
    DAY,
    HOUR,
    Appointment,
    Closure,
    Fact,
    Form,
    FrameFact,
    Microseconds,
    Note,
    Review,
)
from rupture_watch.alliance.findings import RuptureType
from rupture_watch.alliance.frame_load import (
    Break,
    FrameLoad,
    breaks_of_appointment,
    breaks_of_frame_fact,
    is_halved,
    notice_hours,
)
from rupture_watch.alliance.repair import Repair
from rupture_watch.alliance.scoring import score
from rupture_watch.alliance.series import Series, SeriesKey
from rupture_watch.alliance.sessions import Outcome, Outcomes, Rated, Session
from rupture_watch.alliance.setting import Due, Setting
from rupture_watch.alliance.strained import strain_of
from rupture_watch.alliance.timeline import FINAL, HELD, RANK_DUE, Moment, Position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.findings import Finding, Trigger
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.alliance.rules.rule import Rule
    from rupture_watch.alliance.series import Point
    from rupture_watch.alliance.trace import Trace

MEASURES_ALLIANCE = frozenset({"alliance", "real_relationship"})


class Course:
    """Everything judged so far; rules read it, only ``step`` and ``advance`` change it."""

    def __init__(self, case: str, catalogue: Catalogue, setting: Setting) -> None:
        """Start before the first moment."""
        self.case = case
        self.rules = catalogue
        self.setting = setting
        self.engine = catalogue.engine
        self.position: Position = (-(2**63), 0, "")
        self.now: Microseconds = 0
        self.fact: Fact | None = None
        self.due: Due | None = None
        self.session: Session | None = None
        self.rated: Rated | None = None
        self.sessions: list[Session] = []
        self.by_key: dict[str, Session] = {}
        self.outcomes = Outcomes()
        self.outcome: Outcome | None = None
        self.frame: dict[str, list[FrameFact]] = {}
        self.notes: list[Note] = []
        self.series: dict[SeriesKey, Series] = {}
        self.load = FrameLoad(catalogue.ruleset.weights["half_life_days"])
        self.strain = strain_of(catalogue)
        self.book = AlertBook(case, catalogue.ruleset.terms)
        self.repair = Repair(self)
        self.memory: dict[str, Any] = {}
        self.compliance = 0.0
        self.closed: Closure | None = None
        self.changes = 0
        self._judged: list[str] = []
        self._own: set[SeriesKey] = set()
        self.trace: Trace | None = None
        self._dues: list[tuple[Microseconds, int, str, Due]] = []
        self._due_count = 0

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
        other.series = self.series.copy()
        self._own, other._own = set(), set()
        other.load, other.strain, other.book = (
            self.load.fork(),
            self.strain.fork(),
            self.book.fork(),
        )
        other.repair = self.repair.fork(other)
        other.memory = self.memory.copy()
        other.compliance, other.closed, other.changes = self.compliance, self.closed, self.changes
        other._judged = self._judged[:]
        other._dues, other._due_count = self._dues[:], self._due_count
        return other

    # what rules ask

    @property
    def is_strained(self) -> bool:
        """Tell whether the evidence of the case so far is over the rule set's limit."""
        return self.strain.value >= self.strain.limit

    @property
    def is_compliant(self) -> bool:
        """Tell whether the evidence for sudden compliance is over the rule set's limit."""
        return self.strain.compliance >= self.strain.compliance_limit

    @property
    def is_capped(self) -> bool:
        """Tell whether the present session is one whose ratings mean less."""
        session = self.session
        return session is not None and (session.after_gap or session.ending)

    @property
    def told(self) -> Microseconds:
        """Return when the present fact happened: a form may be filled after its session's start."""
        return max(self.now, self.fact.time) if isinstance(self.fact, Form) else self.now

    def trigger(self) -> Trigger:
        """Return the present fact, or the one that made something due, as a cause."""
        if self.due is not None:
            return self.due.trigger._replace(time=self.now, at=self.now)
        if self.fact is None:
            raise RuntimeError("nothing is judged just now")
        return trigger_of(self.fact, self.now)

    def points(self, role: str) -> Point | None:
        """Return the present form's value of ``role`` judged against its series."""
        return self.rated.points.get(role) if self.rated else None

    def series_of(self, role: str) -> Series:
        """Return the series of ``role`` to which the present form belongs."""
        if self.rated is None:
            raise RuntimeError("no form is judged just now")
        form = self.rated.form
        return self.series[(form.instrument, form.respondent, role)]

    def last_rated(self, count: int) -> list[Session]:
        """Return the newest ``count`` sessions with a client form, oldest first."""
        return [session for session in self.sessions if session.client][-count:]

    def fact_of_alert(self, alert: str) -> str | None:
        """Return the fact judged so far, or taken back, of which an alert id was made."""
        taken_back = [name for name, time in self.setting.voided if time <= self.now]
        for name in (*reversed(self._judged), *taken_back):
            if alert_id(self.case, name) == alert:
                return name
        return None

    def frame_facts(self, *kinds: str) -> list[FrameFact]:
        """Return the frame facts of these kinds so far, oldest first."""
        found = [fact for kind in kinds for fact in self.frame.get(kind, ())]
        return found if len(kinds) == 1 else sorted(found, key=lambda fact: (fact.time, fact.name))

    def rupture_type(self) -> RuptureType:
        """Judge the kind of rupture where the rule does not say: what fell, and who stayed away."""
        since = self.now - 28 * DAY
        missed = any(one.is_client_miss and one.start >= since for one in self.outcomes.last(8))
        missing = self.memory.get("form_missing", -(2**63)) >= since
        fell = {
            role
            for role in ("bond", "goal", "task")
            if (point := self.points(role)) is not None
            and point.deviation.z < self.engine["fell_z"]
        }
        if missed or missing or fell == {"bond"}:
            return RuptureType.WITHDRAWAL
        if fell & {"goal", "task"}:
            return RuptureType.CONFRONTATION
        return RuptureType.UNCLEAR

    def after(self, delay: Microseconds, due: Due, start: Microseconds | None = None) -> None:
        """Let ``due`` happen ``delay`` after ``start`` (the present moment)."""
        time = (self.now if start is None else start) + delay
        self._due_count += 1
        name = f"{due.kind}\n{self._due_count:09d}"
        heappush(self._dues, (max(time, self.now), RANK_DUE, name, due))

    @property
    def next_due(self) -> Microseconds | None:
        """Return when something is due next, if nothing comes before."""
        return self._dues[0][0] if self._dues else None

    # how it goes on

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
                self.repair.due(due)
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
            self.repair.noted(fact)
            self._judge("note")
        elif isinstance(fact, Review):
            self.repair.review(fact)
        else:
            self._judge("closure")
            self.repair.case_closed(fact)
            self.closed = fact
        self.repair.load_decayed()
        if self.trace is not None:
            self.trace.record(self)

    def report(self, finding: Finding) -> None:
        """Take in what a rule found."""
        self.changes += 1
        self.repair.opened_or_grew(self.book.report(finding), finding)

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
            self.repair.session_held(self.session)
            self._judge("session")
            due = Due("form_missing", self.trigger(), self.session)
            self.after(int(self.engine["form_missing_days"] * DAY), due)

    def _frame_fact(self, fact: FrameFact) -> None:
        self.frame.setdefault(fact.kind, []).append(fact)
        for label, weight in breaks_of_frame_fact(fact, self.rules.ruleset.weights):
            self._strain_frame(fact, label, weight)
        if fact.kind == "therapist_changed":
            self.restart_series()
        self.repair.step_done(fact)
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
        points = {
            code: self._point(form, code, value, tag) for code, value in scores.values.items()
        }
        for code, value in scores.singles.items():
            if code not in points:
                points[code] = self._point(form, code, value, tag)
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
            self.repair.rated(rated)
        elif form.respondent == "therapist" and alliance:
            self.session.therapist.append(rated)
            self.strain.therapist_form(self, rated)
            self._judge("therapist_form")
        elif form.respondent == "client":
            self._judge("symptom_form")
        clipped = self.repair.is_episode(form.instrument, form.respondent)
        for code, point in points.items():
            series = self.series[(form.instrument, form.respondent, code)]
            series.baseline.enter(point.value, winsorise=clipped)

    def _point(self, form: Form, code: str, value: float, tag: str) -> Point:
        key = (form.instrument, form.respondent, code)
        series = self._own_series(key)
        if series is None:
            scale = self.rules.ruleset.registry.scale(form.instrument, code)
            if scale is None:
                raise LookupError("a scored value has no scale")
            series = self.series[key] = Series(key, scale, tag)
            self._own.add(key)
        elif series.version != tag:
            series.version = tag
            series.restart()
            if code == "total" and form.respondent == "client":
                self.strain.new_baseline()
        session = self.session
        number = session.number if session else 0
        return series.judge(form.name, self.told, number, value, self.engine["judged_from"])

    def _own_series(self, key: SeriesKey) -> Series | None:
        """Return a series that may be changed: one shared with a fork is copied first."""
        series = self.series.get(key)
        if series is not None and key not in self._own:
            series = self.series[key] = series.fork()
            self._own.add(key)
        return series

    def restart_series(self, *beginning: str) -> None:
        """Start new baselines for all series whose keys begin like this."""
        for key in list(self.series):
            if key[: len(beginning)] == beginning and (series := self._own_series(key)):
                series.restart()
        self.strain.new_baseline()

    def end_episode(self) -> None:
        """Let no fall echo in what comes after the alert's end."""
        for key in list(self.series):
            if series := self._own_series(key):
                series.baseline.episode_ended()

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
