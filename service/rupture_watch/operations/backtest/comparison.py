"""Both rule sets over every case of a log, and what adds up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rupture_watch.alliance.facts import Closure, Review
from rupture_watch.contracts.reading import Reader
from rupture_watch.operations.backtest.collector import rarely_collected
from rupture_watch.operations.backtest.matching import match
from rupture_watch.operations.backtest.rates import Ratio
from rupture_watch.operations.backtest.reviews import Reviewed, reviewed
from rupture_watch.operations.backtest.rules import RuleTally, count_findings
from rupture_watch.operations.backtest.verdict import history_of, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.operations.backtest.caselog import CaseLog
    from rupture_watch.operations.backtest.matching import Match, Pair
    from rupture_watch.operations.backtest.verdict import Alarm, Verdict

CASELOAD: Final = 20
"""Clients of one therapist at a time, for whom alarms per week are told."""


@dataclass(slots=True)
class Side:
    """What one of the two rule sets tells altogether."""

    name: str
    version: str
    ruleset: str
    alarms: int = 0
    cases: int = 0
    by_severity: Counter[int] = field(default_factory=Counter)
    per_session: Ratio = field(default_factory=Ratio)
    per_week: Ratio = field(default_factory=Ratio)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Side:
        """Start to count for one rule set."""
        ruleset = catalogue.ruleset
        return cls(ruleset.name, ruleset.version, ruleset.hash)

    def add(self, verdict: Verdict, weeks: float, rated_sessions: int) -> None:
        """Count a case."""
        count = len(verdict.alarms)
        self.alarms += count
        self.cases += count > 0
        self.by_severity.update(alarm.severity for alarm in verdict.alarms)
        self.per_session.add(count, rated_sessions)
        self.per_week.add(count, weeks)


@dataclass(slots=True)
class Comparison:
    """What differs between the alarms of two rule sets over one log.

    ``rules`` goes by catalogue id, in the order of the catalogue.
    """

    old: Side
    new: Side
    until: Microseconds
    events: int = 0
    refused: int = 0
    cases: int = 0
    erased: int = 0
    rated_sessions: int = 0
    weeks: float = 0.0
    pairs: list[Pair] = field(default_factory=list)
    vanished: list[Alarm] = field(default_factory=list)
    fired: list[Alarm] = field(default_factory=list)
    difference: Ratio = field(default_factory=Ratio)
    rules: dict[str, RuleTally] = field(default_factory=dict)
    reviewed: list[Reviewed] = field(default_factory=list)

    def add(self, case: str, facts: list[Fact], old: Verdict, new: Verdict) -> None:
        """Count one case under both rule sets."""
        rated = max(old.rated_sessions, new.rated_sessions)
        weeks = max(old.weeks, new.weeks)
        self.rated_sessions += rated
        self.weeks += weeks
        self.old.add(old, weeks, rated)
        self.new.add(new, weeks, rated)
        self.difference.add(len(new.alarms) - len(old.alarms), rated)
        found = match(old.alarms, new.alarms)
        self.pairs += found.pairs
        self.vanished += found.vanished
        self.fired += found.fired
        self._count_rules(old, new)
        if any(isinstance(fact, Review) for fact in facts):
            self._count_reviews(case, facts, found)

    def _count_reviews(self, case: str, facts: list[Fact], found: Match) -> None:
        self.reviewed += reviewed(case, history_of(facts).facts.values(), found)

    def _count_rules(self, old: Verdict, new: Verdict) -> None:
        for alarm in old.alarms:
            self.rules[alarm.lead].leads_old += 1
        for alarm in new.alarms:
            self.rules[alarm.lead].leads_new += 1
        count_findings(self.rules, old.findings, new.findings)


def compare(
    log: CaseLog,
    old: Catalogue,
    new: Catalogue,
    progress: Callable[[int], object] | None = None,
) -> Comparison:
    """Judge every case of ``log`` by both rule sets; ``progress`` is told how many are done."""
    known = {rule: RuleTally() for rule in sorted({*old.by_id, *new.by_id}, key=old.rank)}
    result = Comparison(Side.of(old), Side.of(new), log.until, log.events, log.refused)
    result.rules = known
    for number, (case, before, after) in enumerate(_cases(log, old, new), start=1):
        result.cases += 1
        if any(_erases(fact) for fact in (*before, *after)):
            result.erased += 1
        else:
            verdicts = judge(case, before, old, log.until), judge(case, after, new, log.until)
            result.add(case, before, *verdicts)
        if progress is not None:
            progress(number)
    return result


def _cases(
    log: CaseLog, old: Catalogue, new: Catalogue
) -> Iterator[tuple[str, list[Fact], list[Fact]]]:
    """Yield every case's facts as both rule sets read them: instruments may differ."""
    readers = Reader(old.ruleset.registry), Reader(new.ruleset.registry)
    alike = _instruments(old) == _instruments(new)
    with log.opened() as facts, rarely_collected():
        for case in log:
            before = facts(case, readers[0])
            yield case, before, before if alike else facts(case, readers[1])


def _instruments(catalogue: Catalogue) -> object:
    return catalogue.ruleset.content.get("instruments", {})


def _erases(fact: Fact) -> bool:
    return isinstance(fact, Closure) and fact.ending == "erased" and not fact.void
