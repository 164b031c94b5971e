"""A conversation that the client enjoys, near to experience and not a threat."""

from math import inf, nextafter

import pytest

from tests.unit.rules.diary import USUAL, Diary


def test_engagement_at_the_limit_is_silent_and_below_is_found() -> None:
    dull = (9.1, 9.0, 9.1, 6.5)
    z = Diary().usual().session(5, dull).point("engagement").deviation.z
    assert Diary(C1={"z": z}).usual().session(5, dull).severities("C1") == []
    assert Diary(C1={"z": nextafter(z, inf)}).usual().session(5, dull).severities("C1") == [2]


def test_the_single_item_engagement_leaves_the_line_of_the_same_name_alone() -> None:
    diary = Diary()
    for week in range(5):
        lines = (9.1, 9.0, 9.1, 9.0)
        diary.session(week).form(week, lines, items={"engagement": 1.0})
    assert diary.severities("C1") == []
    assert diary.point("engagement").value == 9.0


def _item(code: str, *values: float) -> Diary:
    diary = Diary()
    for week, value in enumerate(values):
        diary.session(week).form(week, USUAL[week % 5], items={code: value})
    return diary


@pytest.mark.parametrize(
    ("code", "values", "severities"),
    [
        ("safety", (2.0,), [4]),
        ("safety", (2.5,), []),
        ("safety", (5.0, 3.0), [4]),
        ("safety", (5.0, 3.5), []),
        ("judged", (4.0,), [4]),
        ("judged", (3.5,), []),
        ("judged", (1.0, 3.0), [4]),
        ("judged", (1.0, 2.5), []),
    ],
)
def test_what_the_client_says_of_safety_counts_as_said(
    code: str, values: tuple[float, ...], severities: list[int]
) -> None:
    assert _item(code, *values).severities("C2", strained=False) == severities


def test_feeling_unsafe_is_told_in_the_last_session_before_an_ending_too() -> None:
    diary = _item("safety", 5.0, 1.0)
    diary.last_sessions = frozenset({"s0", "s1"})
    assert diary.severities("C2", strained=False) == [4]


def test_both_items_on_one_form_are_one_finding() -> None:
    diary = Diary().session(0).form(0, USUAL[0], items={"safety": 1.0, "judged": 5.0})
    [finding] = diary.found("C2")
    assert [one.measure for one in finding.evidence] == ["safety", "judged"]


def _relationship(*values: float, approach: float = 9.1) -> Diary:
    diary = Diary()
    for week, value in enumerate(values):
        diary.session(week, (value, 9.0, approach if week == len(values) - 1 else 9.1, 9.0))
    return diary


def test_a_relationship_line_that_falls_by_one_and_a_half_is_found() -> None:
    assert _relationship(9.0, 9.1, 9.0, 9.1, 7.6).severities("C3") == [3]
    assert _relationship(9.0, 9.1, 9.0, 9.1, 7.7).severities("C3") == []


def test_it_needs_a_z_below_its_limit() -> None:
    falling = (9.0, 9.1, 9.0, 9.1, 7.6)
    z = _relationship(*falling).point("bond").deviation.z
    diary = Diary(C3={"z": z})
    diary.facts = _relationship(*falling).facts
    assert diary.severities("C3") == []


def test_an_approach_below_its_median_is_another_matter() -> None:
    falling = (9.0, 9.1, 9.0, 9.1, 7.6)
    assert _relationship(*falling, approach=9.0).severities("C3") == []


def test_the_fall_in_a_session_with_an_interpretation_is_found() -> None:
    diary = _relationship(9.0, 9.1, 9.0, 9.1, 7.6, approach=9.0)
    diary.note(4, interventions=("interpretation",))
    [finding] = diary.found("C3")
    assert finding.trigger.fact == "s4"
    assert finding.severity == 3


def test_both_clauses_make_one_finding() -> None:
    diary = _relationship(9.0, 9.1, 9.0, 9.1, 7.6)
    diary.note(4, interventions=("interpretation",))
    assert diary.severities("C3") == [3]


def test_the_relationship_of_other_forms_has_no_lines() -> None:
    diary = Diary()
    for week, bond in enumerate((16, 17, 16, 17, 8)):
        scores = {"bond": bond, "task": 16.0, "goal": 16.0}
        diary.session(week).form(week, None, "WAI-SR", scores=scores)
    assert diary.severities("C3") == []


LOW = (7.5, 7.5, 7.5, 7.5)


def test_an_early_challenge_with_a_low_rating_of_its_session_is_found() -> None:
    diary = Diary().usual(2).session(2, LOW).note(2, interventions=("challenge",))
    [finding] = diary.found("C4")
    assert finding.trigger.fact == "s2"
    assert finding.severity == 2
    assert "is tagged with challenge;" in finding.statement
    assert [one.measure for one in finding.evidence] == ["total", "challenge"]


def test_an_early_challenge_with_a_low_rating_of_the_next_session_is_found() -> None:
    diary = Diary().usual(3).note(2, interventions=("interpretation",)).session(3, LOW)
    [finding] = diary.found("C4")
    assert finding.trigger.fact == "s3/SRS/client"


def test_the_session_after_the_next_no_longer_counts() -> None:
    diary = Diary().usual(4).note(2, interventions=("challenge",)).session(4, LOW)
    assert diary.severities("C4") == []


def test_from_session_four_on_a_challenge_is_early_only_at_a_low_bond() -> None:
    high = Diary().usual(3).session(3, (9.3, 9.0, 9.1, 9.0)).session(4, LOW)
    assert high.note(4, interventions=("challenge",)).severities("C4") == []
    low = Diary().usual(3).session(3, (8.9, 9.0, 9.1, 9.0)).session(4, LOW)
    assert low.note(4, interventions=("challenge",)).severities("C4") == [2]


def test_session_four_is_no_longer_before_session_four() -> None:
    third = Diary().usual(2).session(2, LOW).note(2, interventions=("challenge",))
    fourth = Diary().usual(3).session(3, LOW).note(3, interventions=("challenge",))
    # the bond before session 4 is the highest so far
    assert third.severities("C4") == [2]
    assert fourth.severities("C4") == []


def test_one_prior_rating_is_too_few_to_judge_an_early_challenge() -> None:
    diary = Diary().usual(1).session(1, LOW).note(1, interventions=("challenge",))
    assert diary.severities("C4") == []


def test_other_interventions_do_not_jump_the_gun() -> None:
    diary = Diary().usual(2).session(2, LOW).note(2, interventions=("empathy", "exploration"))
    assert diary.severities("C4") == []
