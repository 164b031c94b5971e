"""Strain's parameters, compiled: every factor that a fact can bring, as one row over all states.

A row holds, for each state of the course, how much more probable the fact is in that state than
in the steady one. Deviations and own rates are rounded to a grid, so that a row is looked up.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rupture_watch.alliance.strain.course import course_of
from rupture_watch.alliance.strain.sources import CODES, OUTCOMES
from rupture_watch.alliance.strain.student import density, truncated_moments, upper_tail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rupture_watch.alliance.strain.parameters import StrainParameters
    from rupture_watch.alliance.strain.sources import Measured, YesNo

Row: TypeAlias = tuple[float, ...]

_STEPS = 20
"""Steps of the grid per own spread: a step moves strain by less than .1."""
_REACH = 8
"""Deviations beyond so many spreads count as this one."""
_MIDDLE = _STEPS * _REACH
_GRID = tuple((i - _MIDDLE) / _STEPS for i in range(2 * _MIDDLE + 1))

RATES = 400
"""Own rates are looked up in so many steps from 0 to 1."""

_TINY = 1e-9
"""Keeps the log odds of what is impossible finite."""

_SETTLED = 64
"""After so many sessions without facts the odds change no more."""


def place(z: float) -> int:
    """Return where ``z`` stands on the grid."""
    if z >= _REACH:
        return 2 * _MIDDLE
    if z <= -_REACH:
        return 0
    return int(z * _STEPS + _MIDDLE + 0.5)


class Channel(NamedTuple):
    """A yes/no fact: its rows (no, yes) by own rate, and the prior counts of that rate."""

    rows: tuple[tuple[Row, Row], ...]
    seen: float
    weight: float


class Model:
    """All tables of one set of parameters; immutable, made once, shared by all cases."""

    def __init__(self, parameters: StrainParameters) -> None:
        self.parameters = parameters
        self.course = course_of(parameters)
        states = self.course.states
        self._window = self.course.window
        self._codes = tuple(CODES.index(state.code) for state in states)
        self.ordinary = tuple(
            i for i, state in enumerate(states) if state.fall == 0.0 and state.code != "comply"
        )
        """States whose ratings are the client's ordinary ones."""
        self.normal = tuple(i for i, state in enumerate(states) if state.code == "normal")
        """States in which everything but the rating is ordinary."""
        self.rating_rows = self._never_less([self._by_fall(_density_ratio, z) for z in _GRID])
        self.ceiling_rows = [self._by_fall(_tail_ratio, z) for z in _GRID]
        self.tails = [upper_tail(z) for z in _GRID]
        self.truncated = [truncated_moments(z) for z in _GRID]
        self.channels = {name: self._channel(c) for name, c in parameters.channels.items()}
        self.measured = {
            name: [self._measured(measure, z) for z in _GRID]
            for name, measure in parameters.measures.items()
        }
        effects = parameters.appointments.effects
        self._multipliers = tuple(
            tuple(exp(effects.get(outcome, {}).get(code, 0.0)) for outcome in OUTCOMES)
            for code in CODES
        )
        self.steady = tuple(float(i == self.course.steady) for i in range(len(states)))
        """The state before the first appointment."""
        self.beginning = self.pass_on(self.steady, 0, held=True)
        """The state at the first appointment, before any fact."""
        self._bases = self._without_facts()

    def _by_fall(self, ratio: Callable[[float, float, float], float], z: float) -> Row:
        kinds = {(state.fall, state.noise) for state in self.course.states}
        factors = {kind: ratio(z, *kind) for kind in sorted(kinds)}
        return tuple(factors[state.fall, state.noise] for state in self.course.states)

    def _never_less(self, rows: list[Row]) -> list[Row]:
        """Let no deeper value speak less for a fall than a milder one.

        Far out both tails of t shrink alike, and the deepest falls would pass for chance.
        """
        falls = [state.fall > 0.0 for state in self.course.states]
        for place in range(len(rows) - 2, -1, -1):
            rows[place] = tuple(
                max(own, milder) if is_fall else own
                for own, milder, is_fall in zip(rows[place], rows[place + 1], falls, strict=True)
            )
        return rows

    def _by_code(self, factors: Sequence[float]) -> Row:
        return tuple([factors[code] for code in self._codes])

    def _channel(self, channel: YesNo) -> Channel:
        factors = [exp(channel.effects.get(code, 0.0)) for code in CODES]
        rows = []
        for step in range(RATES + 1):
            own = min(max(step, 0.5), RATES - 0.5) / RATES
            # Odds times the factor, as a rate: own * f / (1 - own + own * f).
            unseen = [1.0 / (1.0 - own + own * factor) for factor in factors]
            seen = [factor * no for factor, no in zip(factors, unseen, strict=True)]
            rows.append((self._by_code(unseen), self._by_code(seen)))
        return Channel(tuple(rows), channel.rate * channel.weight, channel.weight)

    def _measured(self, measure: Measured, z: float) -> Row:
        bound = exp(self.parameters.measure_clip)
        factors = []
        for code in CODES:
            shift = measure.effects.get(code, 0.0)
            ratio = density(z - shift)
            if measure.two_sided and shift > 0.0:
                ratio = (ratio + density(z + shift)) / 2.0
            factors.append(max(1.0 / bound, min(bound, ratio / density(z))))
        return self._by_code(factors)

    def outcome_row(self, outcome: int, rates: Sequence[float]) -> Row:
        """Return the row of an appointment's outcome, given the client's own rates of all."""
        held, no_show, late, early, provider = rates
        factors = [
            row[outcome]
            / (
                held * row[0]
                + no_show * row[1]
                + late * row[2]
                + early * row[3]
                + provider * row[4]
            )
            for row in self._multipliers
        ]
        return self._by_code(factors)

    def with_compliance(self, row: Row, factor: float) -> Row:
        """Return a rating's ``row`` with ``factor`` for sudden compliance."""
        complying = self.course.complying
        return row[:-complying] + (factor,) * complying

    def pass_on(self, state: Sequence[float], sessions: int, *, held: bool) -> list[float]:
        """Return the state at the next appointment.

        ``sessions`` have been held so far; ``held`` tells whether the last appointment was one.
        """
        course = self.course
        if not held:
            moves = course.standing
        elif sessions + 1 < self.parameters.first_session:
            moves = course.opening
        else:
            moves = course.moves
        following = [0.0] * len(state)
        for source, target, probability in moves:
            following[target] += state[source] * probability
        return following

    def strain(self, state: Sequence[float]) -> float:
        """Return the log odds that a rupture begins."""
        return _log_odds(sum(state[: self._window]), sum(state))

    def compliance(self, state: Sequence[float]) -> float:
        """Return the log odds of sudden compliance."""
        return _log_odds(sum(state[-self.course.complying :]), sum(state))

    def base(self, sessions: int) -> float:
        """Return strain at an appointment, ``sessions`` held before it, without any fact."""
        return self._bases[min(sessions, _SETTLED - 1)]

    def _without_facts(self) -> list[float]:
        state, bases = list(self.steady), []
        for sessions in range(_SETTLED):
            state = self.pass_on(state, sessions, held=True)
            bases.append(self.strain(state))
        return bases


def _log_odds(part: float, whole: float) -> float:
    tiny = whole * _TINY
    return log((part + tiny) / (whole - part + tiny))


def _density_ratio(z: float, fall: float, noise: float) -> float:
    return density((z + fall) / noise) / noise / density(z)


def _tail_ratio(z: float, fall: float, noise: float) -> float:
    return upper_tail((z + fall) / noise) / upper_tail(z)
