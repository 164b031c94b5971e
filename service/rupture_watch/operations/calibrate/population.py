"""The clinic of a log once more, simulated, with clients to whom nothing happens.

Levels and spreads come from the fitted joint distribution, habits from the fitted base rates,
instruments and what is recorded from the log itself. Everything else (autocorrelation, growth,
the therapist's view, symptoms, the frame) is the ``rules`` family's of the simulation.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import replace
from itertools import accumulate
from math import sqrt
from typing import TYPE_CHECKING, Final

from rupture_watch.alliance.instruments import TOTAL
from rupture_watch.operations.simulate.answers import GaussianClient, Layout
from rupture_watch.operations.simulate.clients import Feeds, draw_feeds
from rupture_watch.operations.simulate.clinic import Clinic
from rupture_watch.operations.simulate.conduct import Conduct, Habits, draw_habits, personal
from rupture_watch.operations.simulate.dice import chance
from rupture_watch.operations.simulate.episodes import State
from rupture_watch.operations.simulate.families import FAMILIES, Family

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from rupture_watch.alliance.instruments import Instrument, Registry
    from rupture_watch.operations.calibrate.fitted import Fitted, Prior
    from rupture_watch.operations.calibrate.readings import Readings

SESSIONS: Final = 16
WEEKS: Final = 52
"""The budget is told for sixteen sessions; a year has room for them."""

LEAST_PART: Final = 0.05
"""A part of a form moves at least so much of its own range around its share of the total."""

LIKERT: Final = (1.0, 5.0)


def null_clinic(
    fitted: Fitted, readings: Readings, registry: Registry, *, cases: int, seed: int
) -> Clinic:
    """Return a clinic like the log's, without any rupture; every event in order and at once."""
    return Clinic(
        cases=cases,
        weeks=WEEKS,
        seed=seed,
        family=_family(fitted, readings, registry),
        episode_share=0.0,
        bad_share=0.0,
        sessions=(SESSIONS, SESSIONS),
        tidy=True,
        at_once=True,
    )


def _family(fitted: Fitted, readings: Readings, registry: Registry) -> Family:
    rules = FAMILIES["rules"]
    priors = {name: prior for (name, code), prior in fitted.priors.items() if code == TOTAL}
    instruments = {name: float(len(readings.values((name, TOTAL)))) for name in priors}
    clients = {name: _Clients(registry.get(name), priors[name], fitted) for name in instruments}

    def respond(
        rng: Random, instrument: str, *, spread: float, phi: float, aspect: str
    ) -> GaussianClient:
        return clients[instrument].draw(rng, spread=spread, phi=phi, aspect=aspect)

    return replace(
        rules,
        name="fitted",
        respond=respond,
        conduct={**rules.conduct, State.STEADY: _steady(fitted, rules)},
        instruments=instruments,
        habits=_Habits(fitted),
        feeds=_Recorded(readings, {n: one.layout for n, one in clients.items()}),
    )


class _Clients:
    """Draws clients of one instrument from the fitted joint distribution."""

    def __init__(self, instrument: Instrument, total: Prior, fitted: Fitted) -> None:
        mixture = total.mixture
        self.layout = _layout(instrument, total, fitted)
        self._levels = [float(level) for level in mixture.levels]
        self._spreads = [float(spread) for spread in mixture.spreads]
        self._cumulated = list(accumulate(float(weight) for weight in mixture.joint))

    def draw(self, rng: Random, *, spread: float, phi: float, aspect: str) -> GaussianClient:
        """Return a client whose level and spread are those of a node of the grid."""
        node = bisect(self._cumulated, rng.random() * self._cumulated[-1])
        node = min(node, len(self._levels) - 1)
        client = GaussianClient(rng, self.layout, spread=spread, phi=phi, aspect=aspect)
        client.level = self._levels[node]
        client.spread = self._spreads[node] * spread
        return client


def _layout(instrument: Instrument, total: Prior, fitted: Fitted) -> Layout:
    """Return the instrument as the simulation needs it; without parts that sum, the total alone."""
    scale = total.scale
    keys = {part.code: part.items for part in instrument.subscales}
    if not instrument.sums_subscales or not _is_even(instrument):
        keys = {TOTAL: ()}
    count = len(keys)
    parts = [
        prior.scale
        for (name, code), prior in fitted.priors.items()
        if name == instrument.code and code != TOTAL
    ]
    own = usual = LEAST_PART * (scale.high - scale.low) / count
    if parts and count > 1:
        s0 = sum(part.s0 for part in parts) / len(parts)
        tau = sum(part.tau for part in parts) / len(parts)
        own = max(own / 4.0, sqrt(max(0.0, s0**2 - (scale.s0 / count) ** 2)))
        usual = max(own / 4.0, sqrt(max(0.0, tau**2 - (scale.tau / count) ** 2)))
    items = instrument.items
    whole = items is not None and not instrument.by_line and items.low == round(items.low)
    likert = items is not None and (items.low, items.high) == LIKERT
    bonds = [p.code for p in instrument.subscales if p.role == "bond" and p.code in keys]
    return Layout(
        keys,
        scale.low,
        scale.high,
        scale.mean,
        scale.tau,
        scale.s0,
        1 if whole else 0.1,
        own,
        usual,
        bonds[0] if bonds else next(iter(keys)),
        itemised=whole and likert and not instrument.reversed_items and all(keys.values()),
    )


def _is_even(instrument: Instrument) -> bool:
    """Tell whether all parts have the same range, as the simulation shares a total out."""
    return len({(part.low, part.high) for part in instrument.subscales}) == 1


def _steady(fitted: Fitted, rules: Family) -> Conduct:
    steady = rules.conduct[State.STEADY]
    sees = fitted.channels.get("therapist_sees_rupture")
    talks = fitted.channels.get("alliance_discussed")
    return steady._replace(
        sees=sees.rate.value if sees else steady.sees,
        talks=talks.rate.value if talks else steady.talks,
    )


class _Habits:
    """Draws a client's habits: fitted rates where there are any, else those of the simulation."""

    def __init__(self, fitted: Fitted) -> None:
        self._rates = {
            habit: (rate.rate.value, rate.weight.value)
            for habit, rate in (
                ("missing", fitted.channels.get("missing_form")),
                ("undone", fitted.channels.get("homework_undone")),
                ("no_show", fitted.outcomes.get("no_show")),
                ("late_cancel", fitted.outcomes.get("late_cancel")),
                ("early_cancel", fitted.outcomes.get("early_cancel")),
            )
            if rate is not None
        }

    def __call__(self, rng: Random) -> Habits:
        drawn = {name: personal(rng, *rate) for name, rate in self._rates.items()}
        return draw_habits(rng)._replace(**drawn)


class _Recorded:
    """Draws what is recorded of a client, as often as the log records it."""

    def __init__(self, readings: Readings, layouts: Mapping[str, Layout]) -> None:
        clients = [one for one in readings.clients if one.details]
        count = max(1, len(clients))
        self._layouts = layouts
        self._therapist = sum(one.therapist_forms for one in clients) / count
        self._tags = sum(one.tags for one in clients) / count
        self._paper = sum(one.paper for one in clients) / count
        forms = {
            detail: sum(one.details.get(detail, 0) for one in clients)
            for detail in ("items", "scores", "total")
        }
        self._details = {detail: number for detail, number in forms.items() if number}

    def __call__(self, rng: Random, instrument: str) -> Feeds:
        feeds = draw_feeds(rng, instrument)
        detail = rng.choices(list(self._details), list(self._details.values()))[0]
        layout = self._layouts[instrument]
        if TOTAL in layout.keys:
            detail = "total"
        elif detail == "items" and not layout.itemised and layout.step == 1:
            detail = "scores"
        return replace(
            feeds,
            detail=detail,
            paper=chance(rng, self._paper),
            therapist_forms=chance(rng, self._therapist),
            tags=chance(rng, self._tags),
        )
