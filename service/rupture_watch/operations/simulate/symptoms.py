"""Symptom and outcome forms: a client's course on ORS, PHQ-9 and GAD-7.

Means and spreads are the registry's. Most clients get better, by about .8 between-client SD over
sixteen sessions (the uncontrolled effect of routine services; NHS Talking Therapies reports
.9 to 1.0 for finished courses), and an episode makes things a little worse for a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rupture_watch.operations.simulate.answers import apportion
from rupture_watch.operations.simulate.dice import chance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from rupture_watch.operations.simulate.episodes import Moment


class Measure(NamedTuple):
    """One instrument: totals from 0 to ``high``; ``better`` is the sign of an improvement.

    ``items`` counts the items, each from 0 to ``top``; ``risk`` is the one about danger.
    """

    high: float
    mean: float
    tau: float
    s0: float
    better: int
    items: int = 0
    top: int = 0
    risk: int | None = None


MEASURES: Final[Mapping[str, Measure]] = {
    "ORS": Measure(40, 23, 8, 4, 1),
    "PHQ-9": Measure(27, 14.2, 5.5, 2.7, -1, 9, 3, 9),
    "GAD-7": Measure(21, 13.3, 4.6, 2.4, -1, 7, 3),
}

GAIN: Final = 0.8
SESSIONS_OF_GAIN: Final = 16


class SymptomCourse:
    """One client's answers on one measure, session by session."""

    def __init__(self, rng: Random, instrument: str, *, itemised: bool) -> None:
        """Draw the client's level and pace; ``itemised`` sends every item, where there are any."""
        self._rng = rng
        self.instrument = instrument
        self._measure = measure = MEASURES[instrument]
        self._level = rng.gauss(measure.mean, measure.tau)
        self._pace = rng.gauss(GAIN, 0.5) * measure.tau / SESSIONS_OF_GAIN
        self._itemised = itemised and measure.items > 0
        self._in_danger = chance(rng, 0.06)

    def answer(self, session: int, moment: Moment) -> dict[str, Any]:
        """Return the values of the form of this session: ``total``, or all ``items``."""
        measure, rng = self._measure, self._rng
        gain = self._pace * min(session, SESSIONS_OF_GAIN)
        harm = 0.3 * min(max(moment.fall, 0.0), 2.0) * measure.s0
        raw = self._level + measure.better * (gain - harm) + rng.gauss(0, measure.s0)
        raw = min(max(raw, 0.0), measure.high)
        if measure.items == 0:
            return {"total": round(raw, 1)}
        if not self._itemised:
            return {"total": round(raw)}
        danger = rng.choice((1, 1, 2)) if self._in_danger and chance(rng, 0.4) else 0
        plain = measure.items - (measure.risk is not None)
        total = min(round(raw), plain * measure.top)
        wishes = [rng.gauss(total / plain, 0.8) for _ in range(plain)]
        values = apportion(total, wishes, 0, measure.top)
        if measure.risk is not None:
            values.insert(measure.risk - 1, danger)
        return {"items": {str(number): value for number, value in enumerate(values, start=1)}}
