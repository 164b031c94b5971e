"""The study: two cohorts through the engine and the detectors, and every figure of it."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.accuracy.detectors import DETECTORS
from benchmarks.accuracy.figures import (
    GROUPS,
    PREVALENCE,
    Figure,
    Ranking,
    Sample,
    Statistic,
    figure,
    ratio,
    window,
)
from benchmarks.accuracy.limit import Knowing
from benchmarks.accuracy.verdicts import COMPLIANCE, Verdict
from rupture_watch.alliance.facts import DAY
from rupture_watch.operations.simulate.episodes import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.accuracy.cohorts import Course, Plan
    from benchmarks.accuracy.verdicts import Alarm
    from rupture_watch.alliance.facts import Microseconds

WATCH: Final = 2
DISCUSS: Final = 3
COMPLIANCE_BUDGET: Final = 0.5
EPISODE_SHARE: Final = 0.35
CASELOAD: Final = 20
REPAIR_SESSIONS: Final = 3
LATER: Final = 2
WEEK: Final = 7 * DAY

Figures = dict[str, Figure]


class Study:
    """The figures of one run; ``verdicts`` are the engine's by case."""

    def __init__(
        self,
        courses: Sequence[Course],
        verdicts: dict[str, Verdict],
        *,
        repetitions: int,
        seed: int,
    ) -> None:
        """Prepare the sample; every interval uses the same bootstrap."""
        self.sample = Sample(courses, repetitions, seed)
        self._courses = courses
        self._repetitions = repetitions
        self._seed = seed
        self._nulls = [verdicts.get(c.label.case, Verdict()) for c in self.sample.nulls]
        self._episodes = [verdicts.get(c.label.case, Verdict()) for c in self.sample.episodes]

    def budget(self) -> Figures:
        """Return what clients to whom nothing happens are told in vain."""
        sample, nulls = self.sample, self._nulls
        chance = [[a for a in verdict.alarms if not a.factual] for verdict in nulls]
        return {
            "statistical alarms per 100 rated sessions": sample.per_hundred(_sizes(chance)),
            "all alarms per 100 rated sessions": sample.per_hundred(
                _sizes([verdict.alarms for verdict in nulls])
            ),
            "clients with a statistical alarm in 16 sessions, %": sample.share_of_nulls(
                [bool(alarms) for alarms in chance]
            ),
            "clients with any alarm in 16 sessions, %": sample.share_of_nulls(
                [bool(verdict.alarms) for verdict in nulls]
            ),
            "alert events told per 100 rated sessions": sample.per_hundred(
                [verdict.told for verdict in nulls]
            ),
            "sudden compliance (severity 3) per 100 rated sessions": sample.per_hundred(
                [len(_compliances(verdict, DISCUSS)) for verdict in nulls]
            ),
        }

    def leads(self) -> Figures:
        """Return statistical alarms of null clients per 100, by the concept that speaks first."""
        chance = [[a.lead for a in v.alarms if not a.factual] for v in self._nulls]
        names = sorted({name for leads in chance for name in leads})
        return {
            name: self.sample.per_hundred([leads.count(name) for leads in chance]) for name in names
        }

    def concepts(self) -> Figures:
        """Return findings of severity >= 2 in alerts of null clients per 100, by concept."""
        names = sorted(
            {f.concept for v in self._nulls for f in v.findings.values() if f.severity >= WATCH}
        )
        return {
            name: self.sample.per_hundred(
                [
                    sum(
                        f.concept == name and f.severity >= WATCH for f in verdict.findings.values()
                    )
                    for verdict in self._nulls
                ]
            )
            for name in names
        }

    def found(self) -> dict[str, Figures]:
        """Return by group: episodes found, found with one session more, and the delay."""
        first = self._first_alarms(window)
        later = self._first_alarms(lambda label: window(label, LATER))
        known = self._first_told(window)
        delays = [
            nan if alarm is None else _delay(course, alarm)
            for course, alarm in zip(self.sample.episodes, first, strict=True)
        ]
        return {
            group: {
                "found": self.sample.share(group, [alarm is not None for alarm in first]),
                "later": self.sample.share(group, [alarm is not None for alarm in later]),
                "evidence": self.sample.share(group, known),
                "delay": self.sample.mean(group, delays),
            }
            for group in GROUPS
        }

    def clinic(self) -> Figures:
        """Return what a clinic sees: predictive value, work load, repairs, compliance."""
        sample = self.sample
        first = self._first_alarms(window)
        hits = sample.episode_weights @ np.array([alarm is not None for alarm in first], float)
        clients = sample.episode_weights.sum(axis=1)
        false = sample.null_weights @ np.array(_sizes([v.alarms for v in self._nulls]))
        rate = ratio(false, sample.null_weights @ sample.rated)
        sensitivity = ratio(hits, clients)
        by_session = PREVALENCE * sensitivity
        figures = {
            "PPV, % (5 % of sessions begin a rupture)": figure(
                100 * ratio(by_session, by_session + (1 - PREVALENCE) * rate)
            ),
            "alerts per week for a caseload of 20": self._work_load(),
        }
        repaired = [c.label.kind in (Kind.DIP, Kind.REPAIR) for c in sample.episodes]
        seen = [
            nan if alarm is None or not heals else float(self._healed(course, verdict))
            for course, verdict, alarm, heals in zip(
                sample.episodes, self._episodes, first, repaired, strict=True
            )
        ]
        figures["repairs recognised of found episodes that heal, %"] = _percent(
            sample.mean("all", seen)
        )
        for name, severity in (("2", WATCH), ("3", DISCUSS)):
            taken = [
                self._taken(course, verdict, severity)
                for course, verdict in zip(sample.episodes, self._episodes, strict=True)
            ]
            figures[f"sudden compliance named (severity >= {name}), %"] = sample.share(
                "compliance", taken
            )
            figures[f"true repairs taken for it (severity >= {name}), %"] = sample.share(
                "repair", taken
            )
        return figures

    def compliance_at_budget(self) -> Figures:
        """Return what the trace's compliance score finds at .5 per 100 null sessions."""
        ranking = self._traced(lambda verdict: verdict.compliance)
        limits = ranking.limits(COMPLIANCE_BUDGET)
        jumps = []
        for course, verdict in zip(self.sample.episodes, self._episodes, strict=True):
            jump = course.label.jump
            held = course.label.sessions[jump - 1 : jump + 1] if jump is not None else ()
            values = [verdict.compliance.get(h.session_id, -np.inf) for h in held]
            jumps.append(max(values, default=-np.inf))
        above = limits.passed(np.array(jumps))
        return {
            "sudden compliance found, %": self.sample.share("compliance", above),
            "true repairs taken for it, %": self.sample.share("repair", above),
        }

    def strain(self) -> Ranking:
        """Return the ranking of sessions by strain."""
        return self._traced(lambda verdict: verdict.strain, missed=True)

    def detectors(self, plan: Plan) -> dict[str, tuple[Sample, Ranking, float | None]]:
        """Return sample, ranking and native limit of every detector beside the engine."""
        found: dict[str, tuple[Sample, Ranking, float | None]] = {}
        for name, detector in DETECTORS.items():
            sample = self.sample
            if detector.srs_only:
                courses = [c for c in self._courses if c.label.instrument != "WAI-SR"]
                sample = Sample(courses, self._repetitions, self._seed)
            found[name] = sample, _ranked(sample, detector.judge), detector.limit
        knowing = Knowing(plan)
        found["knows each client"] = self.sample, _ranked(self.sample, knowing.judge), None
        return found

    def _traced(
        self, pick: Callable[[Verdict], dict[str, float]], *, missed: bool = False
    ) -> Ranking:
        def statistics(courses: list[Course], verdicts: list[Verdict]) -> list[Statistic]:
            return [
                Statistic(
                    [pick(verdict).get(held.session_id, nan) for held in course.label.sessions],
                    verdict.missed if missed else [],
                )
                for course, verdict in zip(courses, verdicts, strict=True)
            ]

        return Ranking(
            self.sample,
            statistics(self.sample.nulls, self._nulls),
            statistics(self.sample.episodes, self._episodes),
        )

    def _first_alarms(
        self, span: Callable[[Any], tuple[Microseconds, Microseconds]]
    ) -> list[Alarm | None]:
        found: list[Alarm | None] = []
        for course, verdict in zip(self.sample.episodes, self._episodes, strict=True):
            start, end = span(course.label)
            inside = [alarm for alarm in verdict.alarms if start <= alarm.time < end]
            found.append(min(inside, default=None))
        return found

    def _first_told(self, span: Callable[[Any], tuple[Microseconds, Microseconds]]) -> list[bool]:
        """Return for each episode whether any finding of an alert was triggered in the window."""
        found = []
        for course, verdict in zip(self.sample.episodes, self._episodes, strict=True):
            start, end = span(course.label)
            found.append(
                any(
                    start <= finding.time < end and finding.severity >= WATCH
                    for finding in verdict.findings.values()
                )
            )
        return found

    def _healed(self, course: Course, verdict: Verdict) -> bool:
        """Tell whether the alert was repaired by three sessions after the episode's last."""
        start, end = window(course.label, REPAIR_SESSIONS)
        return any(start <= time < end for time in verdict.repaired)

    def _taken(self, course: Course, verdict: Verdict, severity: int) -> bool:
        """Tell whether compliance was named at the jump or the session after it."""
        jump, sessions = course.label.jump, course.label.sessions
        if jump is None:
            return False
        start = sessions[jump - 1].start
        end = sessions[jump + 1].start if jump + 1 < len(sessions) else start + 3 * WEEK
        return any(start <= time < end for time in _compliances(verdict, severity))

    def _work_load(self) -> Figure:
        sample = self.sample
        rates = []
        for weights, courses, verdicts in (
            (sample.null_weights, sample.nulls, self._nulls),
            (sample.episode_weights, sample.episodes, self._episodes),
        ):
            alarms = weights @ np.array(_sizes([verdict.alarms for verdict in verdicts]))
            rates.append(alarms / (weights @ np.array([_weeks(course) for course in courses])))
        return figure(CASELOAD * ((1 - EPISODE_SHARE) * rates[0] + EPISODE_SHARE * rates[1]))


def _ranked(sample: Sample, judge: Callable[[Course], list[float]]) -> Ranking:
    nulls, episodes = (
        [Statistic(judge(course), []) for course in courses]
        for courses in (sample.nulls, sample.episodes)
    )
    return Ranking(sample, nulls, episodes)


def _compliances(verdict: Verdict, severity: int) -> list[Microseconds]:
    return [
        finding.time
        for finding in verdict.findings.values()
        if finding.concept == COMPLIANCE and finding.severity >= severity
    ]


def _sizes(lists: list[list[Any]]) -> list[float]:
    return [float(len(one)) for one in lists]


def _weeks(course: Course) -> float:
    sessions = course.label.sessions
    return (sessions[-1].start - sessions[0].start) / WEEK + 1 if sessions else 1.0


def _delay(course: Course, alarm: Alarm) -> float:
    """Return how many sessions after the onset session the alarm's cause came."""
    held = sum(session.start <= alarm.time for session in course.label.sessions)
    return float(max(held - (course.label.onset or held), 0))


def _percent(share: Figure) -> Figure:
    return Figure(*(100 * value for value in share))
