"""What one client answers: the Gaussian response model that the rules' priors describe.

The total is the client's usual level plus growth plus autocorrelated fluctuation minus the fall
of an episode, cut off at the ends of the scale; then it is shared out over subscales and items so
that they add up to it. Spreads between and within clients are the registry's priors.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from rupture_watch.operations.simulate.dice import chance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from rupture_watch.operations.simulate.episodes import Moment


class Answers(NamedTuple):
    """One filled form: subscale scores by code, and item values where the form has items."""

    scores: dict[str, float]
    items: dict[str, float] | None


class Respondent(Protocol):
    """Somebody who fills alliance forms, session by session, in order."""

    def client(self, session: int, moment: Moment) -> Answers:
        """Answer as the client after session number ``session`` (from 1)."""
        ...

    def therapist(self) -> Answers:
        """Answer as the therapist about the session that ``client`` answered last."""
        ...


class Layout(NamedTuple):
    """An instrument as the Gaussian model needs it, in steps of its smallest unit.

    ``keys`` maps subscale codes to item numbers; ``step`` is the smallest unit of one part.
    ``own`` and ``usual`` are the spreads of a part around its share of the total, within and
    between clients; ``itemised`` parts are made of items from 1 to 5.
    """

    keys: Mapping[str, tuple[int, ...]]
    low: float
    high: float
    mean: float
    tau: float
    s0: float
    step: float
    own: float
    usual: float
    bond: str
    itemised: bool = False


SRS: Final = Layout(
    {"relationship": (1,), "goals": (2,), "approach": (3,), "overall": (4,)},
    0, 40, 36.5, 4.6, 2.5, 0.1, 0.5, 0.49, "relationship",
)  # fmt: skip
"""Totals: M 36.5, tau 4.6, s0 2.5; a line has s0 .8 and tau 1.25, so it moves by .5 and .49
around a quarter of the total."""

WAI_SR: Final = Layout(
    {"bond": (3, 5, 7, 9), "task": (1, 2, 10, 12), "goal": (4, 6, 8, 11)},
    12, 60, 48, 7.5, 4.1, 1, 0.92, 1.26, "bond", itemised=True,
)  # fmt: skip
"""Totals: M 48, tau 7.5, s0 4.1; a subscale has s0 1.65 and tau 2.8."""

LAYOUTS: Final[Mapping[str, Layout]] = {"SRS": SRS, "GSRS": SRS, "WAI-SR": WAI_SR}

SPREAD_CV: Final = 0.35
"""Clients differ in how much they fluctuate: lognormal, coefficient of variation .35."""

GROWTH: Final = 0.3
"""Alliances grow by .3 own SD until session 16, logarithmically."""

THERAPIST_BIAS: Final = -0.41
THERAPIST_R: Final = 0.36
"""Therapists rate .41 SD lower than their clients and agree with them at r = .36
(Tryon, Blackwell and Hammel 2007, meta-analysis)."""


def own_spread(rng: Random, scale: float) -> float:
    """Draw a client's within-person SD around ``scale`` (its mean)."""
    variance = log(1 + SPREAD_CV**2)
    return scale * exp(rng.gauss(-variance / 2, sqrt(variance)))


def apportion(total: int, wishes: list[float], low: int, high: int) -> list[int]:
    """Return integers in [low, high] near ``wishes`` that add up to ``total``.

    What rounding and limits leave over goes evenly to those that still have room.

    Raises:
        ValueError: no such integers exist.

    """
    if not low * len(wishes) <= total <= high * len(wishes):
        raise ValueError("the total lies outside of what the parts can add up to")
    parts = [min(max(round(wish), low), high) for wish in wishes]
    while rest := total - sum(parts):
        sign = 1 if rest > 0 else -1
        limit = high if rest > 0 else low
        room = [k for k, part in enumerate(parts) if part != limit]
        share, odd = divmod(abs(rest), len(room))
        for place, k in enumerate(room):
            move = share + (place < odd)
            parts[k] += sign * min(move, abs(limit - parts[k]))
    return parts


def _lean(layout: Layout, aspect: str) -> list[float]:
    """Return by how much of the whole fall each part falls deeper than an even share."""
    bonds = [code == layout.bond for code in layout.keys]
    others = bonds.count(False)
    more = {"bond": 0.4, "task": -0.2, "all": 0.0}[aspect]
    return [more if bond else -more / others for bond in bonds]


class GaussianClient:
    """A client of the Gaussian model, with the therapist's view of the same sessions.

    ``level``, ``spread`` (units of the total) and ``phi`` are the truth about the client, for
    studies of how much there is to be known; ``therapist_level`` is the therapist's usual total.
    """

    def __init__(
        self, rng: Random, instrument: str | Layout, *, spread: float, phi: float, aspect: str
    ) -> None:
        """Draw who this client is.

        ``instrument`` is one of ``LAYOUTS`` or a layout itself, ``spread`` scales the
        within-person SD, ``phi`` is the AR(1) coefficient, and ``aspect`` says which questions
        carry the fall of an episode.
        """
        self._rng = rng
        layout = instrument if isinstance(instrument, Layout) else LAYOUTS[instrument]
        self._layout = layout
        self.level = rng.gauss(layout.mean, layout.tau)
        self.spread = own_spread(rng, layout.s0 * spread)
        self.phi = phi
        self._noise = rng.gauss(0, 1)
        self._offsets = [rng.gauss(0, layout.usual) for _ in layout.keys]
        self._lean = _lean(layout, aspect)
        self._deviation = 0.0
        usual = (self.level - layout.mean) / layout.tau
        seen = THERAPIST_R * usual + sqrt(1 - THERAPIST_R**2) * rng.gauss(0, 1)
        self.therapist_level = layout.mean + layout.tau * (seen + THERAPIST_BIAS)

    def client(self, session: int, moment: Moment) -> Answers:
        """Answer as the client."""
        rng, layout = self._rng, self._layout
        self._noise = self.phi * self._noise + sqrt(1 - self.phi**2) * rng.gauss(0, 1)
        self._deviation = moment.noise * self._noise - moment.fall
        growth = GROWTH * log(session) / log(16)
        raw = self.level + self.spread * (growth + self._deviation)
        if moment.ceiling and chance(rng, moment.ceiling):
            raw = layout.high
        return self._share_out(raw, moment.noise, moment.fall * self.spread)

    def therapist(self) -> Answers:
        """Answer as the therapist."""
        layout, rng = self._layout, self._rng
        seen = THERAPIST_R * self._deviation + sqrt(1 - THERAPIST_R**2) * rng.gauss(0, 1)
        return self._share_out(self.therapist_level + layout.s0 * seen, 1.0, 0.0)

    def _share_out(self, raw: float, noise: float, fall: float) -> Answers:
        layout, rng = self._layout, self._rng
        step, codes = layout.step, layout.keys
        total = round(min(max(raw, layout.low), layout.high) / step)
        share = total * step / len(codes)
        low, high = layout.low / len(codes), layout.high / len(codes)
        wishes = [
            (share + offset - lean * fall + noise * rng.gauss(0, layout.own)) / step
            for offset, lean in zip(self._offsets, self._lean, strict=True)
        ]
        parts = apportion(total, wishes, round(low / step), round(high / step))
        scores = {code: round(part * step, 1) for code, part in zip(codes, parts, strict=True)}
        if not layout.itemised:
            return Answers(scores, None)
        items: dict[str, float] = {}
        for (_, numbers), part in zip(codes.items(), parts, strict=True):
            mean = part / len(numbers)
            wishes = [mean + noise * rng.gauss(0, 0.5) for _ in numbers]
            for number, value in zip(numbers, apportion(part, wishes, 1, 5), strict=True):
                items[str(number)] = value
        return Answers(scores, dict(sorted(items.items(), key=lambda item: int(item[0]))))
