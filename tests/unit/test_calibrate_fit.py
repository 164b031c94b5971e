"""What a fit finds in ratings whose truth is known: levels, spreads, ceilings, rates."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from rupture_watch.alliance.instruments import Registry
from rupture_watch.operations.calibrate.ceiling import ceiling_in
from rupture_watch.operations.calibrate.mixture import fit, s0_of
from rupture_watch.operations.calibrate.rates import LEAST_RATE, WEIGHTS, fit_rate
from rupture_watch.operations.calibrate.readings import Counts
from rupture_watch.operations.simulate.answers import own_spread

if TYPE_CHECKING:
    from rupture_watch.operations.calibrate.mixture import Mixture

SRS: Final = Registry.default().get("SRS").total
CLIENTS: Final = 200
FORMS: Final = 14
MEAN: Final = 34.0
TAU: Final = 4.0
RESAMPLES: Final = 40


def ratings(spread: float, *, seed: int = 1, dips: float = 0.0) -> list[list[float]]:
    """Return series of clients; in a share ``dips`` of them two sessions fall by three spreads."""
    rng = random.Random(seed)
    found = []
    for _ in range(CLIENTS):
        level, own = rng.gauss(MEAN, TAU), own_spread(rng, spread)
        series = [rng.gauss(level, own) for _ in range(FORMS)]
        onset = rng.randrange(2, FORMS - 2)
        if rng.random() < dips:
            series[onset : onset + 2] = [x - 3 * own for x in series[onset : onset + 2]]
        found.append([round(min(max(value, 0.0), 40.0), 1) for value in series])
    return found


def fitted(series: list[list[float]]) -> Mixture:
    return fit(series, SRS, resamples=RESAMPLES, seed=1)


@pytest.mark.parametrize("spread", [1.5, 2.5, 3.75])
def test_level_and_spread_are_found_whatever_the_prior_expects(spread: float) -> None:
    mixture = fitted(ratings(spread))
    assert mixture.between.mean == pytest.approx(MEAN, abs=0.8)
    assert mixture.between.tau == pytest.approx(TAU, rel=0.15)
    assert s0_of(SRS, mixture.between) == pytest.approx(spread, rel=0.1)


def test_intervals_hold_the_truth_and_are_narrow() -> None:
    mixture = fitted(ratings(2.5))
    spreads = sorted(s0_of(SRS, one) for one in mixture.resampled)
    assert spreads[0] < 2.5 < spreads[-1]
    assert spreads[-1] - spreads[0] < 0.6


def test_ruptures_in_the_log_hardly_widen_the_spread() -> None:
    without, with_dips = (s0_of(SRS, fitted(ratings(2.0, dips=d)).between) for d in (0.0, 0.35))
    pooled = without * (1 + 0.35 * (2 / FORMS) * 3.0**2) ** 0.5
    assert with_dips - without < 0.6 * (pooled - without)


def test_the_same_ratings_give_the_same_fit() -> None:
    assert fitted(ratings(2.5)).between == fitted(ratings(2.5)).between


def test_levels_beyond_the_top_are_told_from_how_often_it_is_reached() -> None:
    rng = random.Random(3)
    high = [
        [min(40.0, round(rng.gauss(39.5, 2.0), 1)) for _ in range(FORMS)] for _ in range(CLIENTS)
    ]
    assert fitted(high).between.mean == pytest.approx(39.5, abs=0.7)
    assert s0_of(SRS, fitted(high).between) == pytest.approx(2.0, rel=0.2)


def test_the_ceiling_is_where_forms_pile_up() -> None:
    forms = [value for one in ratings(2.5) for value in one]
    assert ceiling_in(forms, SRS) == pytest.approx(39.5, abs=0.11)


def test_a_slider_that_stops_short_of_the_maximum_has_its_ceiling_there() -> None:
    forms = [min(value, 38.0) for one in ratings(2.5) for value in one]
    assert ceiling_in(forms, SRS) == pytest.approx(37.5, abs=0.11)


def test_where_nothing_piles_up_there_is_no_ceiling() -> None:
    low = [value for one in ratings(1.5) for value in one if value < 37]
    assert ceiling_in(low, replace(SRS, mean=30)) is None


def counts(rate: float, concentration: float, *, clients: int = 400) -> list[Counts]:
    rng = random.Random(5)
    found = []
    for _ in range(clients):
        own = rng.betavariate(rate * concentration, (1 - rate) * concentration)
        found.append(Counts(sum(rng.random() < own for _ in range(14)), 14.0))
    return found


def test_a_base_rate_and_how_much_clients_differ_are_found() -> None:
    rate = fit_rate(counts(0.12, 6.0), resamples=RESAMPLES, seed=1)
    assert rate.rate.low < 0.12 < rate.rate.high
    assert rate.rate.high - rate.rate.low < 0.06
    assert rate.weight.value == pytest.approx(6.0, rel=0.4)
    assert (rate.clients, rate.facts) == (400, 5600)


def test_clients_who_do_not_differ_give_the_clinic_s_rate_its_full_weight() -> None:
    alike = [Counts(2.0, 14.0)] * 100
    assert fit_rate(alike, resamples=RESAMPLES, seed=1).weight.value == WEIGHTS[1]


def test_what_was_never_seen_is_not_impossible() -> None:
    never = [Counts(0.0, 14.0)] * 100
    assert fit_rate(never, resamples=RESAMPLES, seed=1).rate.value == LEAST_RATE
