"""Limits chosen by what they cost, and the file that proposes them."""

from __future__ import annotations

import tomllib
from typing import Final

import pytest

from rupture_watch.alliance.instruments import Registry
from rupture_watch.operations.backtest.rates import Rate
from rupture_watch.operations.calibrate.fitted import Fitted, Prior
from rupture_watch.operations.calibrate.limits import Aim, Expected, between
from rupture_watch.operations.calibrate.mixture import fit
from rupture_watch.operations.calibrate.proposal import Proposal
from rupture_watch.operations.calibrate.rates import Interval
from rupture_watch.operations.calibrate.rates import Rate as BaseRate
from rupture_watch.rulesets import parse


def expected(limit: float, by_chance: float, per_week: float = 0.5) -> Expected:
    none = Rate(0.0, 0.0, 0.0)
    return Expected(
        limit, Rate(by_chance, by_chance, by_chance), none, Rate(per_week, per_week, per_week)
    )


CURVE: Final = [expected(-3, 8.0, 1.6), expected(-2, 4.0, 0.8), expected(-1, 1.0, 0.4)]


def test_a_limit_between_two_lies_where_the_logarithm_of_the_rate_does() -> None:
    assert between(CURVE, Aim(2.0)) == -1.5
    assert between(CURVE, Aim(4.0)) == -2


def test_alarms_a_week_are_another_aim() -> None:
    assert between(CURVE, Aim(per_week=0.8)) == -2


@pytest.mark.parametrize(("target", "nearest"), [(30.0, -3), (0.1, -1)])
def test_beyond_the_curve_its_nearest_end_is_taken(target: float, nearest: float) -> None:
    assert between(CURVE, Aim(target)) == nearest


def test_limits_at_which_nobody_is_asked_are_no_obstacle() -> None:
    curve = [*CURVE, expected(0, 0.0), expected(1, 0.0)]
    assert -1 < between(curve, Aim(0.5)) < 0
    assert between(curve, Aim(0.0)) in (0, 1)


SRS: Final = Registry.default().get("SRS").total
FORMS: Final = [[36.0, 35.0, 37.5, 40.0, 33.0], [30.0, 31.5, 29.0, 33.0], [38.0, 39.6, 40.0]]
PRIOR: Final = Prior(
    SRS,
    Interval(35.123456, 34.5, 35.8),
    Interval(4.2, 3.9, 4.6),
    Interval(1.75, 1.6, 1.9),
    38.5,
    0.95,
    123,
    1_480,
    fit(FORMS, SRS, resamples=5, seed=1),
)
RATE: Final = BaseRate(Interval(0.2, 0.15, 0.25), Interval(9.0, 6.0, 12.0), 120, 1_400)
PROPOSAL: Final = Proposal(
    "default",
    "2026.01.04",
    Fitted(
        {("SRS", "total"): PRIOR, ('odd "name"', "total"): PRIOR},
        {"missing_form": RATE, "uniform": RATE},
        {"no_show": RATE},
        {},
    ),
)
ONLY_SRS: Final = Proposal(
    "default", "1", Fitted({("SRS", "total"): PRIOR}, PROPOSAL.fitted.channels, {}, {})
)


def test_a_proposal_is_a_rule_set_with_the_fitted_numbers() -> None:
    ruleset = parse(ONLY_SRS.text(-2.25))
    scale = ruleset.registry.get("SRS").total
    assert (scale.mean, scale.tau, scale.s0, scale.ceiling) == (35.12, 4.2, 1.75, 38.5)
    assert ruleset.engine["strain_limit"] == -2.25
    assert ruleset.content["strain"]["channels"]["missing_form"] == {"rate": 0.2, "weight": 9.0}
    assert ruleset.content["strain"]["patterns"] == {"own_uniform": 0.2}
    assert ruleset.registry.get("WAI-SR").total.s0 == 4.1


def test_every_number_has_its_interval_and_what_it_rests_on_beside_it() -> None:
    text = PROPOSAL.text(-2.25, expected(-2.25, 1.9))
    lines = {line.split(" = ")[0]: line for line in text.splitlines() if " = " in line}
    assert "35.1 (34.5 to 35.8); 123 clients, 1,480 forms" in lines["mean"]
    assert "95% of the resamples" in lines["ceiling"]
    assert "1.9 (1.9 to 1.9) alarms by chance per 100 rated sessions" in lines["strain_limit"]
    assert "120 clients, 1,400 sessions" in lines["no_show"]


def test_any_name_of_an_instrument_makes_valid_toml() -> None:
    read = tomllib.loads(PROPOSAL.text(-1.0))
    assert set(read["instruments"]) == {"SRS", 'odd "name"'}
