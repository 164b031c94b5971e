"""The limit of strain, chosen by what it costs: alarms by chance, or alarms a week.

Simulated clients to whom nothing happens are judged at a few limits, the log's own clients at the
same ones; between them rates are interpolated on the log scale, and the choice is measured once
more on clients that it was not chosen on.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.operations.backtest.rates import Rate, Ratio
from rupture_watch.operations.calibrate.alarms import told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.operations.calibrate.alarms import Known

GRID: Final = (-4.0, -3.25, -2.5, -1.75, -1.0, -0.25, 0.5)
"""Limits of strain, in log odds, that are looked at: from a question at little evidence to one
only where a rupture is likelier than not."""

DIGITS: Final = 2
_NONE = 0.01
"""Stands for no alarm at all where a logarithm is taken."""


class Expected(NamedTuple):
    """What one limit costs.

    Alarms ``by_chance`` per 100 rated sessions of null clients, the share of these asked about in
    percent, and alarms of any kind per week for a caseload of the log itself.
    """

    limit: float
    by_chance: Rate
    flagged: Rate
    per_week: Rate


@dataclass(frozen=True, slots=True)
class Aim:
    """What the limit is to keep: ``by_chance`` per 100, or ``per_week`` for ``caseload``."""

    by_chance: float = 2.0
    per_week: float | None = None
    caseload: int = 20

    def of(self, expected: Expected) -> float:
        """Return the rate that the aim is about."""
        return expected.by_chance.value if self.per_week is None else expected.per_week.value

    @property
    def value(self) -> float:
        """The rate aimed at."""
        return self.by_chance if self.per_week is None else self.per_week


class Clients(NamedTuple):
    """Whom limits are tried on: simulated null clients, and those of the log."""

    null: Sequence[Known]
    own: Sequence[Known]

    def __len__(self) -> int:
        """Return how many cases one limit takes."""
        return len(self.null) + len(self.own)


def expected_at(
    limit: float,
    clients: Clients,
    catalogue: Catalogue,
    caseload: int,
    progress: Callable[[], object],
) -> Expected:
    """Judge everybody by a catalogue that has this limit."""
    chance, flagged, weekly = Ratio(), Ratio(), Ratio()
    for case in clients.null:
        verdict = told(case, catalogue)
        chance.add(verdict.by_chance, verdict.rated_sessions)
        flagged.add(verdict.by_chance > 0, 1.0)
        progress()
    for case in clients.own:
        verdict = told(case, catalogue)
        weekly.add(verdict.all, verdict.weeks)
        progress()
    none = Rate(0.0, 0.0, 0.0)
    return Expected(
        limit,
        chance.per(100) or none,
        flagged.per(100) or none,
        weekly.per(caseload) or none,
    )


def between(curve: Sequence[Expected], aim: Aim) -> float:
    """Return the limit at which the interpolated rate is the aim, or the nearest of the curve."""
    rates = [(one.limit, max(aim.of(one), _NONE)) for one in curve]
    wanted = log(max(aim.value, _NONE))
    for (low, more), (high, less) in pairwise(rates):
        if less <= exp(wanted) <= more:
            if more == less:
                return round(low, DIGITS)
            share = (log(more) - wanted) / (log(more) - log(less))
            return round(low + share * (high - low), DIGITS)
    nearest = min(rates, key=lambda one: abs(log(one[1]) - wanted))
    return nearest[0]
