"""From a log of events to a proposed rule set with what it is expected to cost.

The aim is a rate of alarms by chance within a quarter of what was asked for, whether clients move
.6 or 1.5 times as much as the registry expects. Where ratings scatter as the simulation has them
the limit is chosen on clients that are told in vain as often as the clinic's own. Where they
scatter with heavier tails it is missed: such clients were told in vain about a third more often
than foretold (family ``items``). ``python -m benchmarks.accuracy calibrate`` measures both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec

from rupture_watch.alliance.facts import SECOND
from rupture_watch.alliance.rules.catalogue import Catalogue
from rupture_watch.alliance.ruleset import RuleSetError
from rupture_watch.contracts.reading import Reader
from rupture_watch.operations.backtest.caselog import CaseLog
from rupture_watch.operations.backtest.collector import rarely_collected
from rupture_watch.operations.calibrate.alarms import Known
from rupture_watch.operations.calibrate.fitted import RESAMPLES, fit_all
from rupture_watch.operations.calibrate.limits import GRID, Clients, between, expected_at
from rupture_watch.operations.calibrate.population import null_clinic
from rupture_watch.operations.calibrate.proposal import Proposal
from rupture_watch.operations.calibrate.readings import as_told, read
from rupture_watch.rulesets import SHIPPED, load_catalogue, parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rupture_watch.alliance.facts import Fact
    from rupture_watch.operations.calibrate.fitted import Fitted
    from rupture_watch.operations.calibrate.limits import Aim, Expected
    from rupture_watch.operations.calibrate.readings import Readings
    from rupture_watch.operations.simulate.clinic import Clinic

NULL_CLIENTS: Final = 1_000
OWN_CLIENTS: Final = 400
"""Simulated clients, and at most so many of the log's own, on whom limits are tried: rates are
then known to a tenth."""

ROUNDS: Final = 2
"""How often the chosen limit is measured and moved, after the grid."""

NEAR: Final = 0.04
"""A rate this near to the aim, as a share of it, is left alone."""


class Watching(Protocol):
    """Shows how far a stage is: gives a function to be told how much is done."""

    def __call__(self, what: str, total: int, /) -> AbstractContextManager[Callable[[int], object]]:
        """Begin a stage of so many steps."""
        ...


class Calibration(NamedTuple):
    """What came of it.

    ``before`` is what the base rule set costs, ``chosen`` the limit that was chosen, both on
    simulated clients that the choice did not see; ``curve`` what other limits cost.
    """

    proposal: str
    name: str
    base: str
    fitted: Fitted
    aim: Aim
    before: Expected
    chosen: Expected
    curve: tuple[Expected, ...]
    events: int
    refused: int
    cases: int
    clients: int
    null_clients: int
    seed: int

    @property
    def missed(self) -> bool:
        """Whether the aim lies beyond every limit of the grid."""
        rates = [self.aim.of(one) for one in self.curve]
        return not min(rates) <= self.aim.value <= max(rates)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to calibrate; the same plan and log give the same proposal."""

    aim: Aim
    base: str = "default"
    seed: int = 1
    null_clients: int = NULL_CLIENTS
    own_clients: int = OWN_CLIENTS
    resamples: int = RESAMPLES
    limits: tuple[float, ...] = GRID


def calibrate(path: Path, plan: Plan, watching: Watching) -> Calibration:
    """Fit a rule set to the log at ``path``.

    Raises:
        TooLittle: the log bears no fit.
        RuleSetError: the base is none that ships with the service, or has no strain filter.

    """
    base = _base(plan.base)
    with watching("reading the log", path.stat().st_size) as done:
        log = CaseLog.read(path, [Reader(base.ruleset.registry)], done)
    with watching("learning the clients", len(log)) as done:
        readings = read(log, base, seed=plan.seed, progress=done)
    with watching("fitting", len(readings.series())) as done:
        fitted = fit_all(
            readings, base.ruleset, seed=plan.seed, resamples=plan.resamples, progress=done
        )
    until = datetime.fromtimestamp(readings.until // SECOND, UTC)
    proposal = Proposal(plan.base, f"{until:%Y.%m.%d}", fitted)
    trial = _Trial(proposal, plan, readings, base)
    curve = trial.curve(watching)
    chosen = trial.choose(curve, watching)
    before = trial.before(watching)
    text = proposal.text(chosen.limit, chosen)
    return Calibration(
        text,
        parse(text).name,
        plan.base,
        fitted,
        plan.aim,
        before,
        chosen,
        tuple(curve),
        log.events,
        log.refused,
        len(log),
        len(readings.clients),
        plan.null_clients,
        plan.seed,
    )


def _base(name: str) -> Catalogue:
    if name not in SHIPPED:
        raise RuleSetError(f"rule set: a proposal can extend one of {', '.join(SHIPPED)}")
    base = load_catalogue(name)
    if base.model is None:
        raise RuleSetError('rule set: only one with engine.strain = "filter" can be calibrated')
    return base


class _Trial:
    """Tries limits on simulated clients like those of the log, and on the log's own."""

    def __init__(self, proposal: Proposal, plan: Plan, readings: Readings, base: Catalogue) -> None:
        self._proposal = proposal
        self._plan = plan
        self._base = base
        registry = base.ruleset.registry
        self._clinics = [
            null_clinic(
                proposal.fitted, readings, registry, cases=plan.null_clients, seed=plan.seed + shift
            )
            for shift in (0, 1)
        ]
        own = readings.clients
        if len(own) > plan.own_clients:
            own = Random(plan.seed).sample(own, plan.own_clients)  # noqa: S311 - not a secret
        self._own = [Known(one.case, one.history, readings.until) for one in own]
        self._reader = Reader(registry)
        self._null: dict[int, list[Known]] = {}

    def curve(self, watching: Watching) -> list[Expected]:
        """Return what every limit of the grid costs."""
        clients = Clients(self._clients(0, watching), self._own)
        return [
            self._at(limit, clients, f"limit {limit:g}", watching) for limit in self._plan.limits
        ]

    def choose(self, curve: list[Expected], watching: Watching) -> Expected:
        """Return the limit that meets the aim, measured on clients it was not chosen on."""
        aim = self._plan.aim
        clients = Clients(self._clients(0, watching), self._own if aim.per_week else ())
        points = sorted(curve)
        limit = between(points, aim)
        for _ in range(ROUNDS):
            if any(one.limit == limit for one in points):
                break
            tried = self._at(limit, clients, f"limit {limit:g}", watching)
            points = sorted([*points, tried])
            if abs(aim.of(tried) - aim.value) <= NEAR * aim.value:
                break
            limit = between(points, aim)
        fresh = Clients(self._clients(1, watching), self._own)
        return self._at(limit, fresh, f"checking {limit:g}", watching)

    def before(self, watching: Watching) -> Expected:
        """Return what the base rule set costs on the same clients."""
        clients = Clients(self._clients(1, watching), self._own)
        limit = float(self._base.engine["strain_limit"])
        return self._judge(limit, clients, self._base, "as it is now", watching)

    def _at(self, limit: float, clients: Clients, what: str, watching: Watching) -> Expected:
        catalogue = Catalogue(parse(self._proposal.text(limit)))
        return self._judge(limit, clients, catalogue, what, watching)

    def _judge(
        self, limit: float, clients: Clients, catalogue: Catalogue, what: str, watching: Watching
    ) -> Expected:
        count = 0
        with watching(what, len(clients.null) + len(clients.own)) as done, rarely_collected():

            def step() -> None:
                nonlocal count
                count += 1
                done(count)

            return expected_at(limit, clients, catalogue, self._plan.aim.caseload, step)

    def _clients(self, number: int, watching: Watching) -> list[Known]:
        if number not in self._null:
            self._null[number] = _simulated(self._clinics[number], self._reader, watching)
        return self._null[number]


def _simulated(clinic: Clinic, reader: Reader, watching: Watching) -> list[Known]:
    """Return the clinic's clients as their facts stand in the end."""
    facts: dict[str, list[Fact]] = {}
    with watching("simulating clients without a rupture", clinic.cases) as done:
        for arrival in clinic.arrivals():
            incoming = reader.read_line(msgspec.json.encode(arrival.event))
            facts.setdefault(incoming.case, []).append(incoming.fact)
            done(len(facts))
    until = int(clinic.end.timestamp()) * SECOND
    return [Known(case, as_told(known), until) for case, known in sorted(facts.items())]
