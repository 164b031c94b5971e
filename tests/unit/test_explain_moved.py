"""A form with better or worse answers: together, on the instrument's own step, within its range."""

from __future__ import annotations

from typing import Any

import pytest

from rupture_watch.alliance.instruments import Registry
from rupture_watch.operations.explain.moved import Movable
from tests.builders import a_form, srs

REGISTRY = Registry.default()


def movable(total: float | None = 36.0, **said: Any) -> Movable:
    return Movable(a_form("s1", 0, total, **said), REGISTRY)


def a_wai_sr(total: float | None = None, **said: Any) -> Movable:
    form = a_form("s1", 0, None, instrument="WAI-SR", **said)
    return Movable(form._replace(total=total), REGISTRY)


def total_after(form: Movable, steps: int) -> float | None:
    moved = form.by(steps)
    return None if moved is None else form.values(moved)["total"]


def test_lines_move_by_a_millimetre_one_after_the_other() -> None:
    moved = movable(scores=srs(36)).by(-3)
    assert moved is not None
    assert dict(moved.scores) == {
        "approach": 8.9,
        "goals": 8.9,
        "overall": 8.9,
        "relationship": 9.0,
    }


@pytest.mark.parametrize(("steps", "total"), [(-1, 35.9), (1, 36.1), (-40, 32.0), (40, 40.0)])
def test_the_total_moves_by_exactly_the_steps(steps: int, total: float) -> None:
    assert total_after(movable(scores=srs(36)), steps) == total


def test_a_line_at_its_end_leaves_its_steps_to_the_others() -> None:
    lines = (("approach", 10.0), ("goals", 9.0), ("overall", 9.0), ("relationship", 10.0))
    form = movable(scores=lines)
    moved = form.by(4)
    assert moved is not None
    assert dict(moved.scores) == {
        "approach": 10.0,
        "goals": 9.2,
        "overall": 9.2,
        "relationship": 10.0,
    }
    assert total_after(form, 20) == 40.0
    assert form.by(21) is None


def test_nothing_is_worse_than_the_bottom() -> None:
    form = movable(1.0, scores=srs(1.0))
    assert total_after(form, -10) == 0.0
    assert form.by(-11) is None


def test_items_move_by_points_and_make_up_the_scores() -> None:
    items = tuple((str(number), 4.0) for number in range(1, 13))
    form = a_wai_sr(items=items)
    moved = form.by(-2)
    assert moved is not None
    assert [value for _, value in moved.items] == [3.0, 3.0] + [4.0] * 10
    assert total_after(form, -2) == 46.0
    assert total_after(form, -36) == 12.0
    assert form.by(-37) is None


def test_a_reversed_item_gets_better_as_its_number_falls() -> None:
    items = tuple((str(number), 4.0) for number in range(1, 13))
    form = movable(None, instrument="WAI-S", items=items)
    moved = form.by(12)
    assert moved is not None
    assert dict(moved.items)["4"] == dict(moved.items)["10"] == 3.0
    assert dict(moved.items)["1"] == 5.0
    assert total_after(form, 12) == form.values(form.form)["total"] + 12


def test_extra_items_stay() -> None:
    items = (*((str(number), 4.0) for number in range(1, 13)), ("safety", 4.0))
    moved = a_wai_sr(items=items).by(-12)
    assert moved is not None
    assert dict(moved.items)["safety"] == 4.0
    assert dict(moved.items)["12"] == 3.0


def test_stated_subscales_move_where_items_are_not_all_there() -> None:
    scores = (("bond", 16.0), ("goal", 15.0), ("task", 17.0))
    form = a_wai_sr(scores=scores, items=(("1", 3.0),))
    moved = form.by(-3)
    assert moved is not None
    assert dict(moved.scores) == {"bond": 15.0, "goal": 14.0, "task": 16.0}
    assert moved.items == (("1", 3.0),)
    assert total_after(form, -3) == 45.0


def test_a_total_that_parts_do_not_make_up_moves_along_within_its_range() -> None:
    form = a_wai_sr(13.0, scores=(("bond", 16.0),))
    assert total_after(form, -1) == 12.0
    assert total_after(form, -3) == 12.0


def test_a_total_alone_moves_alone() -> None:
    form = a_wai_sr(48.0)
    assert total_after(form, -5) == 43.0
    assert total_after(form, 12) == 60.0
    assert form.by(13) is None
