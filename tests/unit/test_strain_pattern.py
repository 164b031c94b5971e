from __future__ import annotations

import pytest

from rupture_watch.alliance.instruments import Registry
from rupture_watch.alliance.strain.pattern import (
    CEILING,
    LOPSIDED,
    NEAR,
    OTHER,
    UNIFORM,
    bond_gap,
    ceiling_of,
    ordinarily,
    pattern_of,
)

WAI = Registry.default().get("WAI-SR").scales
PATTERNS = (UNIFORM, CEILING, LOPSIDED, NEAR, OTHER)


@pytest.mark.parametrize(
    ("values", "uniform", "pattern"),
    [
        ({"total": 60.0}, True, UNIFORM),
        ({"total": 60.0}, False, CEILING),
        ({"total": 54.0, "bond": 14.0, "task": 20.0, "goal": 20.0}, False, LOPSIDED),
        ({"total": 54.0, "bond": 15.0, "task": 19.0, "goal": 20.0}, False, OTHER),
        ({"total": 57.6}, False, NEAR),
        ({"total": 57.5}, False, OTHER),
        ({"total": 57.6}, True, NEAR),
    ],
)
def test_a_form_has_one_pattern(values: dict[str, float], uniform: bool, pattern: str) -> None:  # noqa: FBT001
    assert pattern_of("total", WAI, values, near_range=0.05, uniform=uniform) == pattern


def test_patterns_are_probabilities() -> None:
    shares = [
        ordinarily(pattern, reached=0.2, nearly=0.4, uniform=0.7, lopsided=0.1)
        for pattern in PATTERNS
    ]
    assert shares == pytest.approx([0.14, 0.06, 0.08, 0.18, 0.54])


def test_no_pattern_is_impossible() -> None:
    assert ordinarily(UNIFORM, reached=0.0, nearly=0.0, uniform=0.0, lopsided=0.0) > 0.0


def test_the_bonds_gap_is_in_usual_spreads() -> None:
    values = {"total": 44.0, "bond": 12.0, "task": 16.0, "goal": 16.0}
    assert bond_gap(WAI, values) == pytest.approx((12.0 - 16.0) / 1.65)
    assert bond_gap(WAI, {"total": 44.0, "bond": 12.0}) is None
    assert bond_gap(WAI, {"total": 44.0, "task": 12.0}) is None


def test_a_scale_without_a_ceiling_ends_at_its_top() -> None:
    assert ceiling_of(Registry.default().get("SRS").total) == 39.5
    assert ceiling_of(Registry.default().get("ORS").total) == 40.0
