"""The instrument registry and the scoring of forms."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.alliance.facts import Form
from rupture_watch.alliance.instruments import Registry, Scale, UnknownInstrumentError
from rupture_watch.alliance.overriding import OverrideError
from rupture_watch.alliance.scoring import score

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


def form(
    instrument: str,
    *,
    scores: dict[str, float] | None = None,
    items: dict[str, float] | None = None,
    total: float | None = None,
) -> Form:
    """Build a client's form with these values and nothing else."""
    return Form(
        name=f"s1/{instrument}/client",
        time=0,
        recorded=0,
        event_id="e1",
        source="urn:test",
        backfill=False,
        void=False,
        session_id="s1",
        session_seq=None,
        instrument=instrument,
        version=None,
        respondent="client",
        scores=tuple(sorted((scores or {}).items())),
        items=tuple((items or {}).items()),
        total=total,
        mode=None,
        duration_ms=None,
        missing_items=None,
        group_id=None,
    )


def every_item(instrument: str, value: float) -> dict[str, float]:
    items = REGISTRY.get(instrument).items
    assert items is not None
    return dict.fromkeys(map(str, range(1, items.count + 1)), value)


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


def test_the_lines_of_the_srs_take_the_role_they_stand_for() -> None:
    scores = {"relationship": 9.0, "goals": 8.0, "approach": 7.0, "overall": 6.0}
    scored = score(form("SRS", scores=scores), REGISTRY)
    assert scored.values == {"bond": 9, "goal": 8, "task": 7, "engagement": 6, "total": 30}
    assert scored.items == (9, 8, 7, 6)


def test_numbered_items_of_the_srs_equal_its_named_lines() -> None:
    named = {"relationship": 9.1, "goals": 8.2, "approach": 7.3, "overall": 6.4}
    numbered = {"1": 9.1, "2": 8.2, "3": 7.3, "4": 6.4}
    assert score(form("SRS", scores=named), REGISTRY) == score(
        form("SRS", items=numbered), REGISTRY
    )


def test_a_sum_of_tenths_carries_no_noise() -> None:
    lines = {"relationship": 9.1, "goals": 9.2, "approach": 9.3, "overall": 8.7}
    assert score(form("SRS", scores=lines), REGISTRY).values["total"] == 36.3


def test_a_total_is_complete_only_with_all_its_parts() -> None:
    scored = score(form("SRS", scores={"relationship": 9.0, "goals": 8.0}), REGISTRY)
    assert scored.values == {"bond": 9, "goal": 8}
    assert scored.items == (9, 8)


def test_the_stated_total_counts_where_parts_are_missing() -> None:
    scored = score(form("SRS", scores={"relationship": 9.0}, total=33.0), REGISTRY)
    assert scored.values == {"bond": 9, "total": 33}
    assert not scored.contradicted


def test_a_total_alone_is_taken_as_it_is() -> None:
    assert score(form("PHQ-9", total=12.0), REGISTRY).values == {"total": 12}


def test_items_win_over_a_stated_score_and_a_stated_total() -> None:
    items = every_item("WAI-SR", 4.0)
    scored = score(form("WAI-SR", items=items, scores={"bond": 20.0}, total=60.0), REGISTRY)
    assert scored.values == {"bond": 16, "task": 16, "goal": 16, "total": 48}
    assert scored.contradicted


def test_agreement_within_half_a_step_is_no_contradiction() -> None:
    scored = score(form("WAI-SR", items=every_item("WAI-SR", 4.0), total=48.04), REGISTRY)
    assert not scored.contradicted
    assert scored.values["total"] == 48


def test_a_missing_item_takes_only_its_own_subscale() -> None:
    items = every_item("WAI-SR", 4.0)
    del items["3"]
    scored = score(form("WAI-SR", items=items), REGISTRY)
    assert scored.values == {"task": 16, "goal": 16}
    assert len(scored.items) == 11


@pytest.mark.parametrize(("instrument", "reversed_count"), [("WAI-S", 2), ("WAI", 14)])
def test_reversed_items_are_turned_before_summing(instrument: str, reversed_count: int) -> None:
    scored = score(form(instrument, items=every_item(instrument, 7.0)), REGISTRY)
    assert scored.items.count(1) == reversed_count
    assert scored.values["total"] == REGISTRY.get(instrument).total.high - 6 * reversed_count
    assert not scored.uniform_maximum


def test_items_whose_key_is_unknown_are_never_summed() -> None:
    scored = score(form("BR-WAI", items=every_item("BR-WAI", 5.0)), REGISTRY)
    assert scored.values == {}
    assert len(scored.items) == 16


def test_stated_subscales_of_such_an_instrument_make_its_total() -> None:
    scored = score(form("BR-WAI", scores={"bond": 30.0, "task_goal": 28.0}), REGISTRY)
    assert scored.values == {"bond": 30, "task": 28, "total": 58}


def test_single_items_stand_beside_the_instrument() -> None:
    items = {"1": 9.0, "safety": 2.0, "engagement": 4.0}
    scored = score(form("SRS", items=items), REGISTRY)
    assert scored.values == {"bond": 9}
    assert scored.singles == {"safety": 2, "engagement": 4}


def test_lines_of_the_ors_make_a_total_and_no_series() -> None:
    lines = {"individual": 5.0, "interpersonal": 6.0, "social": 7.0, "overall": 5.0}
    scored = score(form("ORS", scores=lines), REGISTRY)
    assert scored.values == {"total": 23}
    assert not scored.at_ceiling
    assert not score(form("ORS", total=40.0), REGISTRY).at_ceiling


def test_the_ceiling_of_the_srs_is_39_and_a_half() -> None:
    lines = {"relationship": 9.8, "goals": 9.9, "approach": 9.9, "overall": 9.9}
    assert score(form("SRS", scores=lines), REGISTRY).at_ceiling
    lines["relationship"] = 9.7
    assert not score(form("SRS", scores=lines), REGISTRY).at_ceiling


def test_without_a_total_all_judged_subscales_must_be_at_their_ceiling() -> None:
    assert not score(form("RRI-C", scores={"genuineness": 20.0}), REGISTRY).at_ceiling
    both = {"genuineness": 20.0, "realism": 20.0}
    assert score(form("RRI-C", scores=both), REGISTRY).at_ceiling


def test_a_uniform_maximum_needs_every_item() -> None:
    items = every_item("WAI-SR", 5.0)
    assert score(form("WAI-SR", items=items), REGISTRY).uniform_maximum
    assert not score(form("WAI-SR", items={**items, "7": 4.0}), REGISTRY).uniform_maximum
    del items["7"]
    assert not score(form("WAI-SR", items=items), REGISTRY).uniform_maximum
    assert not score(form("PHQ-9", items=every_item("PHQ-9", 3.0)), REGISTRY).uniform_maximum


def test_a_marked_risk_item_is_named_by_its_number_only() -> None:
    assert score(form("PHQ-9", items={"8": 3.0, "9": 1.0}), REGISTRY).risk == (9,)
    assert score(form("PHQ-9", items={"8": 3.0, "9": 0.0}), REGISTRY).risk == ()
    assert score(form("OQ-45", items={"44": 2.0, "8": 1.0, "9": 4.0}), REGISTRY).risk == (8, 44)


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
    codes = REGISTRY.codes("WAI-SR")
    assert codes is not None
    assert [code for code, _, _ in codes.scores] == ["bond", "goal", "task"]
    assert [code for code, _, _ in codes.items] == [
        *map(str, range(1, 13)),
        *sorted(REGISTRY.singles),
    ]
    assert codes.items[1] == ("2", 1, 5)
    assert codes.total == (12, 60)
    assert REGISTRY.codes("WAI-2") is None


def test_the_registry_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        REGISTRY.get("SRS").total.mean = 1  # type: ignore[misc]


@given(
    st.sampled_from(sorted(NAMES - {"ACORN-ALLIANCE"})),
    st.data(),
)
def test_a_scored_form_stays_within_the_ranges(name: str, data: st.DataObject) -> None:
    instrument = REGISTRY.get(name)
    assert instrument.items is not None
    value = st.integers(int(instrument.items.low), int(instrument.items.high)).map(float)
    items = data.draw(
        st.fixed_dictionaries({}, optional=dict.fromkeys(every_item(name, 0.0), value))
    )
    scored = score(form(name, items=items), REGISTRY)
    assert len(scored.items) == len(items)
    for series, value in scored.values.items():
        scale = instrument.scales[series]
        assert scale.low <= value <= scale.high


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
