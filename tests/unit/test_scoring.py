"""What a form says, whatever parts of it were sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.alliance.facts import Form
from rupture_watch.alliance.instruments import Registry
from rupture_watch.alliance.scoring import score

REGISTRY = Registry.default()
ITEMIZED = sorted(one.code for one in REGISTRY if one.items)


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


@given(st.sampled_from(ITEMIZED), st.data())
def test_a_scored_form_stays_within_the_ranges(name: str, data: st.DataObject) -> None:
    instrument = REGISTRY.get(name)
    assert instrument.items is not None
    values = st.integers(int(instrument.items.low), int(instrument.items.high)).map(float)
    items = data.draw(
        st.fixed_dictionaries({}, optional=dict.fromkeys(every_item(name, 0.0), values))
    )
    scored = score(form(name, items=items), REGISTRY)
    assert len(scored.items) == len(items)
    for series, value in scored.values.items():
        scale = instrument.scales[series]
        assert scale.low <= value <= scale.high
