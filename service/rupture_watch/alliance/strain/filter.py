"""Strain of one case: a sequential Bayesian filter over what can happen to it.

The facts of one session are given in a fixed order, then the session is closed; what is judged
rests on nothing later. Work per fact and per session is constant. Equal calls give equal floats:
what is carried on is kept in whole fractions, so that a restored filter goes on exactly as the
one whose snapshot it is.
"""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.strain.echo import Echo, EchoSnapshot
from rupture_watch.alliance.strain.evidence import Evidence
from rupture_watch.alliance.strain.judgement import Judgement
from rupture_watch.alliance.strain.level import FRACTIONS
from rupture_watch.alliance.strain.own import Own, OwnSnapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.instruments import Scale
    from rupture_watch.alliance.strain.judgement import Share
    from rupture_watch.alliance.strain.model import Model, Row


class FilterSnapshot(NamedTuple):
    """A filter between two sessions, in plain values."""

    sessions: int
    state: tuple[int, ...]
    own: OwnSnapshot
    echo: EchoSnapshot


class Filter:
    """One case's strain, mutable. One appointment with a final status is one session slot.

    Give a slot's facts one by one, reading ``strain`` or ``judge`` as you go, then
    ``close_session``. The next slot's facts are judged by what was learned up to there.
    """

    __slots__ = (
        "_echo",
        "_evidence",
        "_model",
        "_opened",
        "_own",
        "_sessions",
        "_shares",
        "_state",
        "strain",
    )

    strain: float
    """Log odds that a rupture begins here, by the facts given so far."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._own, self._echo = Own(), Echo()
        self._evidence = Evidence(model, self._own)
        self._open(0, model.beginning)

    def _open(self, sessions: int, state: list[float]) -> None:
        self._sessions = sessions
        self._opened = self._state = state
        self._shares: list[Share] = []
        self.strain = self._model.strain(state)

    def appointment(self, fact: str, outcome: str) -> None:
        """Tell what became of the appointment: one of ``sources.OUTCOMES``."""
        self._weigh(fact, self._evidence.appointment(outcome))

    def flag(self, fact: str, channel: str, *, seen: bool) -> None:
        """Tell a yes/no fact, also where the answer is no; unknown channels are ignored."""
        self._weigh(fact, self._evidence.flag(channel, seen=seen))

    def measure(self, fact: str, channel: str, value: float, scale: Scale | None = None) -> None:
        """Tell a value: ``therapist_form`` with the total's ``scale``, or ``log_duration``."""
        self._weigh(fact, self._evidence.measure(channel, value, scale))

    def rating(
        self,
        fact: str,
        series: str,
        scales: Mapping[str, Scale],
        values: Mapping[str, float],
        *,
        uniform: bool = False,
    ) -> None:
        """Tell a client's form of an alliance measure.

        ``series`` names its baseline; ``scales`` and ``values`` are by ``total`` and role
        (``bond``, ``goal``, ...), values in the instrument's units, high good. ``uniform``: all
        items are at their best (never for imported forms). Without total and bond it is silent.
        """
        self._weigh(fact, self._evidence.rating(series, scales, values, uniform=uniform))

    def _weigh(self, fact: str, row: Row | None) -> None:
        if row is None:
            return
        self._state = state = list(map(mul, self._state, row))
        before = self.strain
        self.strain = self._model.strain(state)
        self._shares.append((fact, self.strain - before))

    @property
    def compliance(self) -> float:
        """Log odds of sudden compliance, by the facts given so far."""
        return self._model.compliance(self._state)

    def judge(self) -> Judgement:
        """Return the judgement of the open session by the facts given so far."""
        model, echo = self._model, self._echo
        return Judgement(
            self.strain,
            self.compliance,
            model.base(self._sessions),
            echo.passage,
            echo.earlier,
            tuple(self._shares),
            echo.shares(),
        )

    def close_session(self) -> Judgement:
        """Return the session's judgement, learn from it and open the next one."""
        judgement = self.judge()
        model, state = self._model, self._state
        total = sum(state)
        ordinary = sum([state[i] for i in model.ordinary]) / total
        normal = sum([state[i] for i in model.normal]) / total
        held = self._evidence.held
        self._evidence.teach(ordinary, normal)
        self._evidence = Evidence(model, self._own)
        sessions = self._sessions + held
        following = model.pass_on([p / total for p in state], sessions, held=held)
        self._open(sessions, [int(p * FRACTIONS + 0.5) / FRACTIONS for p in following])
        self._echo.pass_on(judgement, self.strain - model.base(sessions))
        return judgement

    def new_baseline(self) -> None:
        """Forget own levels: another therapist, version or mode of import; own rates stay.

        To be called between two sessions.
        """
        self._own.levels.clear()

    def fork(self) -> Filter:
        """Return an equal filter that goes on by itself, open session and all."""
        other = Filter(self._model)
        other._own, other._echo = self._own.fork(), self._echo.fork()
        other._evidence = self._evidence.fork(other._own)
        other._sessions, other._opened, other._state = self._sessions, self._opened, self._state
        other._shares, other.strain = self._shares[:], self.strain
        return other

    def snapshot(self) -> FilterSnapshot:
        """Return what the last closed session left; facts of an open one are not in it."""
        state = tuple([int(p * FRACTIONS) for p in self._opened])
        return FilterSnapshot(self._sessions, state, self._own.snapshot(), self._echo.snapshot())

    @classmethod
    def restored(cls, model: Model, snapshot: FilterSnapshot) -> Filter:
        """Return a filter that goes on from ``snapshot``, taken under the same parameters."""
        sessions, state, own, echo = snapshot
        other = cls(model)
        other._own, other._echo = Own.restored(own), Echo.restored(echo)
        other._evidence = Evidence(model, other._own)
        other._open(sessions, [p / FRACTIONS for p in state])
        return other
