"""What a log shows of each client, as far as a fit needs it: values, rates, and what is recorded.

Cases are judged by the base rule set: its strain filter weighs every yes/no fact by how ordinary
the session was, so that what happens in a rupture counts little for a client's usual ways.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.course import MEASURES_ALLIANCE
from rupture_watch.alliance.facts import Closure
from rupture_watch.alliance.filtered_strain import FilteredStrain
from rupture_watch.contracts.reading import Reader
from rupture_watch.operations.backtest.collector import rarely_collected
from rupture_watch.operations.backtest.verdict import history_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Fact, Form, Microseconds
    from rupture_watch.alliance.history import History
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.operations.backtest.caselog import CaseLog

MOST_CLIENTS: Final = 2_000
"""More clients than these make intervals hardly narrower; a seeded sample of them is read."""

SeriesName = tuple[str, str]
"""Instrument and code of the scale."""


class Counts(NamedTuple):
    """How often something was seen among how many, in sessions' weights."""

    seen: float
    known: float


@dataclass(slots=True)
class Seen:
    """One client of the log. ``details`` counts forms that state items, scores, or a total."""

    case: str
    history: History
    series: dict[SeriesName, tuple[float, ...]] = field(default_factory=dict)
    rates: dict[str, Counts] = field(default_factory=dict)
    outcomes: tuple[float, ...] = ()
    details: dict[str, int] = field(default_factory=dict)
    therapist_forms: bool = False
    tags: bool = False
    paper: bool = False


@dataclass(slots=True)
class Readings:
    """All clients of a log that were read, and how far the log goes."""

    clients: list[Seen]
    until: Microseconds
    cases: int

    def values(self, name: SeriesName) -> list[tuple[float, ...]]:
        """Return one series' values, client by client, of those who have any."""
        return [one.series[name] for one in self.clients if one.series.get(name)]

    def series(self) -> list[SeriesName]:
        """Return every series that anybody has, instruments together, totals first."""
        names = {name for one in self.clients for name in one.series}
        return sorted(names, key=lambda name: (name[0], name[1] != "total", name[1]))


def read(
    log: CaseLog,
    base: Catalogue,
    *,
    seed: int,
    progress: Callable[[int], object] | None = None,
) -> Readings:
    """Judge the log's cases by ``base`` and note what they show; erased cases are left out."""
    names = list(log)
    if len(names) > MOST_CLIENTS:
        names = sorted(Random(seed).sample(names, MOST_CLIENTS))  # noqa: S311 - not a secret
    reader = Reader(base.ruleset.registry)
    clients = []
    with log.opened() as facts, rarely_collected():
        for number, name in enumerate(names, start=1):
            known = facts(name, reader)
            if not any(_erases(fact) for fact in known):
                clients.append(_seen(name, known, base, log.until))
            if progress is not None:
                progress(number)
    return Readings(clients, log.until, len(names))


def _seen(name: str, facts: Sequence[Fact], base: Catalogue, until: Microseconds) -> Seen:
    history = as_told(facts)
    course = Case(name, base, history, until).course
    seen = Seen(name, history)
    registry = base.ruleset.registry
    for (instrument, respondent, code), series in course.series.items():
        known = registry.find(instrument)
        if known is None or known.measures not in MEASURES_ALLIANCE or code not in known.scales:
            continue
        if respondent == "client":
            seen.series[instrument, code] = tuple(point.value for point in series.points)
        elif respondent == "therapist":
            seen.therapist_forms = True
    if isinstance(course.strain, FilteredStrain):
        own = course.strain.learned
        seen.outcomes = tuple(own.outcomes)
        seen.rates = {channel: Counts(count[0], count[1]) for channel, count in own.rates.items()}
    seen.tags = bool(course.notes)
    _note_details(seen, course)
    return seen


def _note_details(seen: Seen, course: Course) -> None:
    """Note what the client's alliance forms state."""
    for session in course.sessions:
        for rated in session.client:
            detail = _detail(rated.form, course)
            seen.details[detail] = seen.details.get(detail, 0) + 1
            seen.paper |= rated.form.mode == "paper"


def _detail(form: Form, course: Course) -> str:
    singles = course.rules.ruleset.registry.singles
    if any(code not in singles for code, _ in form.items):
        return "items"
    return "scores" if form.scores else "total"


def as_told(facts: Sequence[Fact]) -> History:
    """Return what was known while the case went on: not yet that its ending was planned.

    Alarms of the last two sessions before a planned ending are taken back once it is known; by then
    people have been told.
    """
    return history_of(f for f in facts if not isinstance(f, Closure) or f.ending != "planned")


def _erases(fact: Fact) -> bool:
    return isinstance(fact, Closure) and fact.ending == "erased" and not fact.void
