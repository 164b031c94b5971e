"""What rules see of a case while one of its moments is judged."""

from __future__ import annotations

from heapq import heappush
from typing import TYPE_CHECKING, Any

from rupture_watch.alliance.alerts import AlertBook, alert_id
from rupture_watch.alliance.causes import trigger_of
from rupture_watch.alliance.facts import (
    DAY,
    Closure,
    Fact,
    Form,
    FrameFact,
    Microseconds,
    Note,
)
from rupture_watch.alliance.findings import RuptureType
from rupture_watch.alliance.frame_load import (
    FrameLoad,
)
from rupture_watch.alliance.series_book import SeriesBook
from rupture_watch.alliance.sessions import Outcome, Outcomes, Rated, Session
from rupture_watch.alliance.strained import strain_of
from rupture_watch.alliance.timeline import RANK_DUE, Position

if TYPE_CHECKING:
    from rupture_watch.alliance.findings import Trigger
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.alliance.series import Point, Series
    from rupture_watch.alliance.setting import Due, Setting
    from rupture_watch.alliance.trace import Trace


class CourseView:
    """Everything judged so far; rules read it and keep immutable values in ``memory``."""

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
        self.series = SeriesBook(catalogue.ruleset.registry, catalogue.engine["ewma_clip"])
        self.load = FrameLoad(catalogue.ruleset.weights["half_life_days"])
        self.strain = strain_of(catalogue)
        self.book = AlertBook(case, catalogue.ruleset.terms)
        self.memory: dict[str, Any] = {}
        self.compliance = 0.0
        self.closed: Closure | None = None
        self.changes = 0
        self._judged: list[str] = []
        self.trace: Trace | None = None
        self._dues: list[tuple[Microseconds, int, str, Due]] = []
        self._due_count = 0

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
