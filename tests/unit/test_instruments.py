"""The instrument registry: what is known without configuration, and what a rule set changes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING

import pytest

from rupture_watch.alliance.instruments import Registry, Scale, UnknownInstrumentError
from rupture_watch.alliance.overriding import OverrideError
from rupture_watch.alliance.scoring import score
from tests.unit.test_scoring import form

if TYPE_CHECKING:
    from rupture_watch.alliance.instruments import Instrument

REGISTRY = Registry.default()

NAMES = {
    "SRS",
    "WAI-SR",
    "WAI-S",
    "WAI",
    "BR-WAI",
    "SAI",
    "GSRS",
    "ACORN-ALLIANCE",
    "RRI-C",
    "ORS",
    "PHQ-9",
    "GAD-7",
    "OQ-45",
    "CORE-10",
}


def test_every_instrument_of_the_contract_is_registered() -> None:
    assert {instrument.code for instrument in REGISTRY} == NAMES


def test_an_unknown_instrument_is_refused_by_name() -> None:
    with pytest.raises(UnknownInstrumentError):
        REGISTRY.get("SRS-2")
    assert REGISTRY.find("SRS-2") is None
    assert "SRS-2" not in REGISTRY


@pytest.mark.parametrize("instrument", list(REGISTRY), ids=lambda instrument: instrument.code)
def test_items_subscales_and_total_span_the_same_range(instrument: Instrument) -> None:
    items = instrument.items
    if items is None:
        assert instrument.code == "ACORN-ALLIANCE"
        return
    assert (instrument.total.low, instrument.total.high) == (
        items.count * items.low,
        items.count * items.high,
    )
    for part in instrument.subscales:
        if part.items:
            assert (part.low, part.high) == (
                len(part.items) * items.low,
                len(part.items) * items.high,
            )
    keyed = [number for part in instrument.subscales for number in part.items]
    assert len(keyed) == len(set(keyed))
    assert sorted(keyed) in ([], list(range(1, items.count + 1)))


def test_direction_is_told_by_the_sign_of_the_scale() -> None:
    bad = {instrument.code for instrument in REGISTRY if not instrument.high_is_good}
    assert bad == {"PHQ-9", "GAD-7", "OQ-45", "CORE-10"}
    assert {code for code, scale in REGISTRY.singles.items() if scale.sign < 0} == {
        "judged",
        "shame",
    }


def test_a_scale_is_found_by_series_and_by_single_item() -> None:
    assert REGISTRY.scale("SRS", "bond") is REGISTRY.get("SRS").scales["bond"]
    assert REGISTRY.scale("SRS", "hope") is REGISTRY.singles["hope"]
    assert REGISTRY.scale("PHQ-9", "bond") is None


def test_codes_of_a_form_come_in_canonical_order() -> None:
    assert REGISTRY.codes("WAI-2") is None
    codes = REGISTRY.codes("WAI-SR")
    assert codes is not None
    assert [code for code, _, _ in codes.scores] == ["bond", "goal", "task"]
    assert [code for code, _, _ in codes.items] == [
        *map(str, range(1, 13)),
        *sorted(REGISTRY.singles),
    ]
    assert (codes.items[1], codes.total) == (("2", 1, 5), (12, 60))


def test_the_registry_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        REGISTRY.get("SRS").total.mean = 1  # type: ignore[misc]


class TestOverrides:
    """A rule set may change priors and register instruments."""

    def test_a_prior_is_replaced_and_the_rest_kept(self) -> None:
        changed = REGISTRY.with_overrides({"SRS": {"total": {"mean": 35.0}}})
        assert changed.get("SRS").total == Scale("total", 0, 40, 39.5, 35.0, 4.6, 2.5)
        assert changed.get("SRS").scales["bond"] == REGISTRY.get("SRS").scales["bond"]
        assert REGISTRY.get("SRS").total.mean == 36.5

    def test_a_variant_takes_after_another(self) -> None:
        changed = REGISTRY.with_overrides({"SRS-CHILD": {"like": "SRS", "bond": {"mean": 8}}})
        child = changed.get("SRS-CHILD")
        assert child.scales["bond"].mean == 8
        assert score(form("SRS-CHILD", items={"1": 7.0}), changed).values == {"bond": 7}

    def test_a_new_instrument_needs_its_total_and_may_have_parts(self) -> None:
        total = {"low": 0, "high": 8, "mean": 6, "tau": 1, "s0": 0.5, "ceiling": 8}
        half = {"low": 0, "high": 4, "mean": 3, "tau": 1, "s0": 0.5}
        changed = REGISTRY.with_overrides(
            {
                "CLINIC-4": {
                    "total": total,
                    "items": {"count": 4, "low": 0, "high": 2},
                    "subscales": {
                        "warmth": {**half, "role": "bond", "items": [1, 2]},
                        "work": {**half, "role": "task", "items": [3, 4]},
                    },
                }
            }
        )
        items = {"1": 2.0, "2": 1.0, "3": 0.0, "4": 2.0}
        assert score(form("CLINIC-4", items=items), changed).values == {
            "bond": 3,
            "task": 2,
            "total": 5,
        }

    def test_a_single_item_can_be_added_and_changed(self) -> None:
        trust = {"low": 1, "high": 5, "mean": 4, "tau": 1, "s0": 1}
        changed = REGISTRY.with_overrides({"singles": {"trust": trust, "hope": {"mean": 3.9}}})
        assert changed.singles["trust"].mean == 4
        assert changed.singles["hope"].mean == 3.9

    @pytest.mark.parametrize(
        ("overrides", "path"),
        [
            ({"SRS": {"total": {"maen": 3}}}, "SRS.total.maen"),
            ({"SRS": {"totl": {}}}, "SRS.totl"),
            ({"SRS": {"total": {"mean": "35"}}}, "SRS.total.mean"),
            ({"SRS": {"total": {"mean": True}}}, "SRS.total.mean"),
            ({"SRS": {"total": {"mean": 41}}}, "SRS.total"),
            ({"SRS": {"total": {"s0": 0}}}, "SRS.total"),
            ({"SRS": 3}, "SRS"),
            ({"NEW": {"like": "OLD"}}, "NEW.like"),
            ({"NEW": {"total": {"low": 0}}}, "NEW.total"),
            ({"NEW": {}}, "NEW.total"),
            ({"NEW": {"totals": {}}}, "NEW.totals"),
        ],
    )
    def test_a_wrong_override_is_refused_with_its_path(
        self, overrides: dict[str, object], path: str
    ) -> None:
        with pytest.raises(OverrideError, match=f"instruments.{path}"):
            REGISTRY.with_overrides(overrides)
