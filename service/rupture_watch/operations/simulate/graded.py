"""What one client answers: a graded response model, unlike the one that the rules describe.

Samejima's graded response model (1969) with three correlated factors (bond, task, goal), heavy
tails (Student t with 4 degrees of freedom), skewed usual levels, and gamma-distributed
personal spreads. Nothing in the rules or their limits was chosen with this model in sight: it
tells how far a figure depends on the simulation that it comes from. Its parameters are
round numbers chosen so that means, spreads and ceiling shares look like published ones
(WAI-SR means of 45 to 50, SRS means above 35 with a third at the ceiling), and nothing else.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import TYPE_CHECKING, Final

from rupture_watch.operations.simulate.answers import LAYOUTS, Answers
from rupture_watch.operations.simulate.dice import chance

if TYPE_CHECKING:
    from random import Random

    from rupture_watch.operations.simulate.episodes import Moment

BETWEEN: Final = 1.0
WITHIN: Final = 0.42
MEASUREMENT: Final = 0.25
"""Noise of a whole form on the latent scale, from the discriminations below: falls are sized in
units of sqrt(within^2 + measurement^2), which is what a client's observed ratings scatter by."""

OWN_WAY: Final = 0.35
"""How far each factor goes its own way in a session, in units of the common fluctuation."""

LINE_SLOPE: Final = 1.1
LINE_SHIFT: Final = 2.0
LINE_NOISE: Final = 0.3
"""A mark on a line is a logistic function of the level, with noise of the hand."""

FREEDOM: Final = 4
DISCRIMINATIONS: Final = (1.8, 2.6, 2.1, 3.0, 1.6, 2.4, 2.9, 2.2, 1.7, 2.5, 2.0, 2.8)
DIFFICULTIES: Final = (-0.2, 0.1, -0.4, 0.3, -0.6, 0.0, -0.1, 0.2, -0.5, 0.4, -0.3, 0.1)
THRESHOLDS: Final = (-1.9, -1.2, -0.2, 1.0)
"""Where the answers 2, 3, 4 and 5 of a WAI-SR item become as likely as not."""

NEAR_THE_END: Final = 9.5
SNAP: Final = 0.5
"""How often a mark beyond 9.5 on a visual analogue line lands on its very end."""

LEANS: Final = {
    "all": (1.0, 1.0, 1.0),
    "bond": (1.7, 0.6, 0.7),
    "task": (0.6, 1.3, 1.1),
}
"""Share of a fall that reaches the factors bond, task and goal."""


def heavy(rng: Random) -> float:
    """Draw a Student t variate with ``FREEDOM`` degrees of freedom, scaled to variance 1."""
    chi = sum(rng.gauss(0, 1) ** 2 for _ in range(FREEDOM))
    return rng.gauss(0, 1) / sqrt(chi / FREEDOM) * sqrt((FREEDOM - 2) / FREEDOM)


def growth_by(session: int) -> float:
    """Return by how many own SD alliances have grown at a session."""
    return 0.25 * (1 - exp(-session / 5))


class GradedClient:
    """A client of the graded response model, with the therapist's view of the same sessions.

    ``level``, ``factors`` and ``spread`` (latent scale) are the truth about the client, for
    studies of how much there is to be known.
    """

    def __init__(
        self, rng: Random, instrument: str, *, spread: float, phi: float, aspect: str
    ) -> None:
        """Draw who this client is; arguments as of ``GaussianClient``."""
        self._rng = rng
        self._keys = LAYOUTS[instrument].keys
        self._lines = instrument != "WAI-SR"
        # Skewed to the left: most clients are content, some are not.
        self.level = 0.9 - rng.gammavariate(2.0, BETWEEN / sqrt(2.0)) + BETWEEN
        self.factors = [rng.gauss(0, 0.45) for _ in range(3)]
        self.spread = WITHIN * spread * rng.gammavariate(8.0, 1 / 8.0)
        self._phi = phi
        self._noise = heavy(rng)
        self._lean = LEANS[aspect]
        self._deviation = 0.0
        self._agreement = rng.uniform(0.15, 0.55)
        self._therapist_level = 0.5 * self.level - 0.2 + rng.gauss(0, 0.7)

    def client(self, session: int, moment: Moment) -> Answers:
        """Answer as the client."""
        rng = self._rng
        self._noise = self._phi * self._noise + sqrt(1 - self._phi**2) * heavy(rng)
        self._deviation = moment.noise * self._noise - moment.fall
        unit = sqrt(self.spread**2 + MEASUREMENT**2)
        growth = growth_by(session)
        factors = [
            self.level
            + factor
            + self.spread * (growth + moment.noise * (self._noise + OWN_WAY * rng.gauss(0, 1)))
            - lean * moment.fall * unit
            for factor, lean in zip(self.factors, self._lean, strict=True)
        ]
        if moment.ceiling and chance(rng, moment.ceiling):
            factors = [6.0] * 3
        return self._fill(factors, moment.noise)

    def therapist(self) -> Answers:
        """Answer as the therapist."""
        rng = self._rng
        agreed = self._agreement * self._deviation
        seen = agreed + sqrt(1 - self._agreement**2) * heavy(rng)
        level = self._therapist_level + WITHIN * seen
        return self._fill([level + factor / 2 for factor in self.factors], 1.0)

    def _fill(self, factors: list[float], noise: float) -> Answers:
        if self._lines:
            bond, task, goal = factors
            levels = (bond, goal, task, (bond + task + goal) / 3)
            scores = {
                code: self._mark(level, noise)
                for code, level in zip(self._keys, levels, strict=True)
            }
            return Answers(scores, None)
        items: dict[str, float] = {}
        for (_, numbers), factor in zip(self._keys.items(), factors, strict=True):
            for number in numbers:
                items[str(number)] = self._grade(number - 1, factor)
        items = {str(number): items[str(number)] for number in range(1, 13)}
        return Answers(
            {
                code: sum(items[str(number)] for number in numbers)
                for code, numbers in self._keys.items()
            },
            items,
        )

    def _grade(self, place: int, factor: float) -> int:
        """Answer one WAI-SR item, 1 to 5."""
        slope = DISCRIMINATIONS[place]
        shift = DIFFICULTIES[place]
        luck = self._rng.random()
        return 1 + sum(
            1 / (1 + exp(-slope * (factor - shift - threshold))) > luck for threshold in THRESHOLDS
        )

    def _mark(self, level: float, noise: float) -> float:
        """Set the mark on one visual analogue line, 0.0 to 10.0."""
        rng = self._rng
        hand = noise * rng.gauss(0, LINE_NOISE)
        place = 10 / (1 + exp(-LINE_SLOPE * (level + LINE_SHIFT + hand)))
        if place > NEAR_THE_END and chance(rng, SNAP):
            return 10.0
        return round(place, 1)
