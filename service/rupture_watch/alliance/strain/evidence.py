"""The facts of the open session: each becomes a row of factors, and teaches when it is closed."""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.strain.level import distance, distance_prior
from rupture_watch.alliance.strain.model import RATES, place
from rupture_watch.alliance.strain.own import coarse
from rupture_watch.alliance.strain.pattern import (
    BOND,
    CEILING,
    LOPSIDED,
    TOTAL,
    UNIFORM,
    bond_gap,
    ceiling_of,
    near_top,
    ordinarily,
    pattern_of,
)
from rupture_watch.alliance.strain.sources import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.instruments import Scale
    from rupture_watch.alliance.strain.level import Expected
    from rupture_watch.alliance.strain.model import Model, Row
    from rupture_watch.alliance.strain.own import Own


_ATTENDED = OUTCOMES.index("attended")


class _Lesson(NamedTuple):
    """A value that will enter its level; ``unseen`` is the variance that censoring hid."""

    series: str
    value: float
    expected: Expected
    unseen: float


class Evidence:
    """Rows for the facts of one session, made from what was known of the client before it."""

    __slots__ = ("_counted", "_lessons", "_model", "_outcomes", "_own")

    def __init__(self, model: Model, own: Own) -> None:
        self._model = model
        self._own = own
        self._lessons: list[_Lesson] = []
        self._counted: list[tuple[str, bool]] = []
        self._outcomes: list[int] = []

    @property
    def held(self) -> bool:
        """Whether the open appointment is a session held; so it is without any word of it."""
        return not self._outcomes or _ATTENDED in self._outcomes

    def fork(self, own: Own) -> Evidence:
        """Return an equal one that will teach ``own``."""
        other = Evidence(self._model, own)
        other._lessons, other._counted = self._lessons[:], self._counted[:]
        other._outcomes = self._outcomes[:]
        return other

    def appointment(self, outcome: str) -> Row:
        """Judge what became of an appointment by the client's own earlier ones."""
        prior = self._model.parameters.appointments
        counts = self._own.outcomes
        which = OUTCOMES.index(outcome)
        known = sum(counts) + prior.weight
        missed = [
            (count + prior.weight * prior.rates[name]) / known
            for name, count in zip(OUTCOMES[1:], counts[1:], strict=True)
        ]
        self._outcomes.append(which)
        return self._model.outcome_row(which, [1.0 - sum(missed), *missed])

    def flag(self, channel: str, *, seen: bool) -> Row | None:
        """Judge a yes/no fact by the client's own rate; None: the channel is switched off."""
        known = self._model.channels.get(channel)
        if known is None:
            return None
        rows, prior_seen, prior_weight = known
        counts = self._own.counts(channel)
        rate = (counts[0] + prior_seen) / (counts[1] + prior_weight)
        self._counted.append((channel, seen))
        return rows[int(rate * RATES + 0.5)][seen]

    def measure(self, channel: str, value: float, scale: Scale | None = None) -> Row | None:
        """Judge a value by the client's own; None: the channel is switched off."""
        rows = self._model.measured.get(channel)
        if rows is None:
            return None
        parameters = self._model.parameters
        level = self._own.level(channel)
        expected = level.expect(parameters.measures[channel].prior(scale), parameters.freedom)
        self._lessons.append(_Lesson(channel, value, expected, 0.0))
        return rows[place((value - expected.mean) / expected.spread)]

    def rating(
        self,
        series: str,
        scales: Mapping[str, Scale],
        values: Mapping[str, float],
        *,
        uniform: bool,
    ) -> Row | None:
        """Judge a client's form by its total, else its bond; None: it has neither."""
        main = TOTAL if TOTAL in values else BOND
        if main not in values:
            return None
        scale, value = scales[main], values[main]
        model = self._model
        level = self._own.level(series)
        expected = level.expect(distance_prior(scale), model.parameters.freedom)
        mean, spread = expected
        top = place((distance(scale, ceiling_of(scale)) - mean) / spread)
        patterns = model.parameters.patterns
        near = distance(scale, near_top(scale, patterns.near_range))
        pattern = pattern_of(main, scales, values, near_range=patterns.near_range, uniform=uniform)
        factor = self._pattern(
            pattern, model.tails[top], model.tails[place((near - mean) / spread)]
        )
        if value >= ceiling_of(scale):
            above, hidden = model.truncated[top]
            lesson = _Lesson(series, mean + above * spread, expected, hidden * spread * spread)
            self._lessons.append(lesson)
            return model.with_compliance(model.ceiling_rows[top], factor)
        position = distance(scale, value)
        self._lessons.append(_Lesson(series, position, expected, 0.0))
        row = model.with_compliance(model.rating_rows[place((position - mean) / spread)], factor)
        gap = bond_gap(scales, values)
        profile = None if gap is None else self.measure("bond_gap", gap)
        if profile is None:
            return row
        return tuple(map(mul, row, profile))

    def _pattern(self, pattern: str, reached: float, nearly: float) -> float:
        """Return how much more probable the pattern is in sudden compliance than ordinarily."""
        patterns = self._model.parameters.patterns
        uniform, lopsided = self._own.counts(UNIFORM), self._own.counts(LOPSIDED)
        weight = patterns.weight
        own = ordinarily(
            pattern,
            reached=reached,
            nearly=nearly,
            uniform=(uniform[0] + patterns.own_uniform * weight) / (uniform[1] + weight),
            lopsided=(lopsided[0] + patterns.own_lopsided * weight) / (lopsided[1] + weight),
        )
        if pattern in (UNIFORM, CEILING):
            self._counted.append((UNIFORM, pattern == UNIFORM))
        else:
            self._counted.append((LOPSIDED, pattern == LOPSIDED))
        return patterns.of(pattern) / own

    def teach(self, ordinary: float, normal: float) -> None:
        """Close the session: values teach by ``ordinary`` weight, all else by ``normal``."""
        parameters = self._model.parameters
        weight = max(parameters.least_weight, ordinary)
        own = self._own
        for series, value, (mean, spread), unseen in self._lessons:
            reach = parameters.clip * spread
            clipped = max(mean - reach, min(mean + reach, value))
            own.level(series).enter(clipped, weight, parameters.forgetting, unseen)
        part = coarse(normal)
        for channel, seen in self._counted:
            counts = own.counts(channel)
            counts[0] += part * seen
            counts[1] += part
        for which in self._outcomes:
            own.outcomes[which] += part
