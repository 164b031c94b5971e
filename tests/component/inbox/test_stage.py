"""Where people are with an alert, for every course of answers."""

from __future__ import annotations

import pytest

from rupture_watch.inbox.cases.stage import Answer, listed_in, stage_of


def answers(*actions: str, start: int = 10) -> list[Answer]:
    return [Answer(start + n, f"e{n}", a, None, start + n) for n, a in enumerate(actions)]


@pytest.mark.parametrize(
    ("state", "given", "stage"),
    [
        ("open", [], "new"),
        ("open", ["acknowledged"], "acknowledged"),
        ("open", ["acknowledged", "repair_opened"], "repair"),
        ("open", ["repair_opened", "acknowledged"], "repair"),
        ("open", ["repair_opened", "repair_confirmed"], "decided"),
        ("open", ["dismissed"], "decided"),
        ("open", ["dismissed", "reopened"], "new"),
        ("open", ["dismissed", "acknowledged"], "decided"),
        ("closed", ["dismissed"], "closed"),
        ("repaired", ["repair_opened"], "repaired"),
        ("retracted", [], "retracted"),
    ],
)
def test_the_stage_follows_from_state_and_answers(state: str, given: list[str], stage: str) -> None:
    found = stage_of(state, 0, answers(*given))
    assert found.stage == stage
    assert stage_of(state, 0, reversed(answers(*given))) == found


def test_what_was_answered_before_the_engine_opened_it_again_counts_no_more() -> None:
    assert stage_of("open", 50, answers("repair_confirmed", start=10)).stage == "new"
    assert stage_of("open", 50, answers("acknowledged", start=60)).stage == "acknowledged"


def test_each_open_stage_has_its_part_of_the_inbox() -> None:
    assert [listed_in("new", level) for level in (2, 3, 4)] == [2, 1, 1]
    assert listed_in("repair", 4) == 3
    assert {listed_in(stage, 4) for stage in ("decided", "closed", "repaired", "retracted")} == {0}
