"""The registry holds the numbers of the catalogue: written down twice, so that a slip shows."""

from __future__ import annotations

import pytest

from rupture_watch.alliance.instruments import TOTAL, Registry, Scale

REGISTRY = Registry.default()
LINES = ("bond", "goal", "task", "engagement")
THIRDS = ("bond", "task", "goal")

Three = tuple[float, float, float]
Six = tuple[float, float, float, float, float, float]

ALLIANCE: dict[str, tuple[Three, Three, dict[str, Six]]] = {
    # code: range and ceiling, M, tau, s0 of the total; roles with one scale each
    "SRS": ((0, 40, 39.5), (36.5, 4.6, 2.5), dict.fromkeys(LINES, (0, 10, 9.9, 9.1, 1.25, 0.8))),
    "GSRS": ((0, 40, 39.5), (36.5, 4.6, 2.5), dict.fromkeys(LINES, (0, 10, 9.9, 9.1, 1.25, 0.8))),
    "WAI-SR": ((12, 60, 60), (48, 7.5, 4.1), dict.fromkeys(THIRDS, (4, 20, 20, 16, 2.8, 1.65))),
    "WAI-S": ((12, 84, 84), (66, 10.5, 5.7), dict.fromkeys(THIRDS, (4, 28, 28, 22, 3.9, 2.3))),
    "WAI": ((36, 252, 252), (198, 31, 17), dict.fromkeys(THIRDS, (12, 84, 84, 66, 11.7, 6.9))),
    "SAI": ((0, 30, 30), (24, 4, 2.2), {}),
    "ACORN-ALLIANCE": ((0, 100, 100), (92, 10, 6), {}),
}
SYMPTOMS = {
    # code: range, M, tau, s0, reliable change, sign
    "ORS": (0, 40, 23, 8, 4, 5, 1),
    "PHQ-9": (0, 27, 14.2, 5.5, 2.7, 6, -1),
    "GAD-7": (0, 21, 13.3, 4.6, 2.4, 4, -1),
    "CORE-10": (0, 40, 19.7, 7, 3.5, 6, -1),
    "OQ-45": (0, 180, 80, 20, 8, 14, -1),
}
SINGLES = {
    **dict.fromkeys(("safety", "clarity", "hope", "engagement", "understood"), (4.2, 1)),
    **dict.fromkeys(("judged", "shame"), (1.8, -1)),
}


@pytest.mark.parametrize("name", ALLIANCE)
def test_an_alliance_instrument_has_the_catalogues_numbers(name: str) -> None:
    (low, high, ceiling), prior, roles = ALLIANCE[name]
    instrument = REGISTRY.get(name)
    assert instrument.measures == "alliance"
    assert instrument.total == Scale(TOTAL, low, high, ceiling, *prior)
    assert {code: scale for code, scale in instrument.scales.items() if code != TOTAL} == {
        role: Scale(role, *numbers) for role, numbers in roles.items()
    }


@pytest.mark.parametrize("name", SYMPTOMS)
def test_an_outcome_instrument_has_the_catalogues_numbers(name: str) -> None:
    low, high, mean, tau, s0, change, sign = SYMPTOMS[name]
    total = REGISTRY.get(name).total
    assert total == Scale(TOTAL, low, high, None, mean, tau, s0, change, sign)
    assert REGISTRY.get(name).high_is_good == (sign > 0)


def test_the_real_relationship_has_two_halves() -> None:
    scales = REGISTRY.get("RRI-C").scales
    for half in ("genuineness", "realism"):
        assert scales[half] == Scale(half, 4, 20, 20, 16.5, 2.6, 1.5)


def test_single_items_are_rated_from_one_to_five() -> None:
    assert set(REGISTRY.singles) == set(SINGLES)
    for code, (mean, sign) in SINGLES.items():
        assert REGISTRY.singles[code] == Scale(code, 1, 5, None, mean, 0.7, 0.6, sign=sign)


@pytest.mark.parametrize(
    ("name", "count", "low", "high"),
    [
        ("SRS", 4, 0, 10),
        ("WAI-SR", 12, 1, 5),
        ("WAI-S", 12, 1, 7),
        ("WAI", 36, 1, 7),
        ("PHQ-9", 9, 0, 3),
        ("GAD-7", 7, 0, 3),
        ("CORE-10", 10, 0, 4),
        ("OQ-45", 45, 0, 4),
        ("ORS", 4, 0, 10),
    ],
)
def test_items_have_their_number_and_range(name: str, count: int, low: int, high: int) -> None:
    items = REGISTRY.get(name).items
    assert items is not None
    assert (items.count, items.low, items.high) == (count, low, high)


def test_the_keys_of_the_short_inventories() -> None:
    keys = {
        name: {part.code: part.items for part in REGISTRY.get(name).subscales}
        for name in ("WAI-SR", "WAI-S", "SRS")
    }
    assert keys["WAI-SR"] == {"bond": (3, 5, 7, 9), "task": (1, 2, 10, 12), "goal": (4, 6, 8, 11)}
    assert keys["WAI-S"] == {"bond": (3, 5, 7, 9), "task": (1, 2, 8, 12), "goal": (4, 6, 10, 11)}
    assert keys["SRS"] == {
        "relationship": (1,),
        "goals": (2,),
        "approach": (3,),
        "overall": (4,),
    }
    assert REGISTRY.get("WAI-S").reversed_items == {4, 10}


def test_every_item_of_the_long_inventory_belongs_to_one_subscale() -> None:
    parts = REGISTRY.get("WAI").subscales
    assert sorted(item for part in parts for item in part.items) == list(range(1, 37))
    assert {len(part.items) for part in parts} == {12}
    assert REGISTRY.get("WAI").reversed_items == {
        1, 3, 7, 9, 10, 11, 12, 15, 20, 27, 29, 31, 33, 34,
    }  # fmt: skip


def test_risk_items_are_the_published_ones() -> None:
    assert REGISTRY.get("PHQ-9").risk_items == {9}
    assert REGISTRY.get("CORE-10").risk_items == {6}
    assert REGISTRY.get("OQ-45").risk_items == {8, 11, 26, 32, 44}
