"""Stepping back after progress, the habitual position, risks to oneself."""

from math import inf, nextafter
from statistics import stdev

import pytest

from tests.unit.rules.diary import Diary


def _best(week: int, diary: Diary) -> Diary:
    """Hold a session that is rated better than any before, a little more each week."""
    return diary.session(week, (9.3 + week / 50, 9.3, 9.3, 9.3))


def _missed_after_best(*, second: int = 7) -> Diary:
    diary = _best(5, Diary().usual()).no_show(6)
    for week in range(7, second):
        diary.session(week, (9.0, 9.0, 9.0, 9.0))
    return _best(second, diary).no_show(second + 1)


def test_two_misses_after_the_best_rating_are_found() -> None:
    [finding] = _missed_after_best().found("G1")
    assert finding.severity == 2
    assert finding.trigger.fact == "a8"


def test_the_second_miss_has_to_come_within_eight_appointments() -> None:
    # the miss of week 6 is the first of eight appointments up to week 13, of nine up to week 14
    assert _missed_after_best(second=12).severities("G1") == [2]
    assert _missed_after_best(second=13).severities("G1") == []


def test_a_miss_after_a_usual_rating_is_no_sabotage() -> None:
    diary = Diary().usual().no_show(5).usual(1, first=6).no_show(7)
    assert diary.severities("G1") == []


def test_an_excused_miss_is_none() -> None:
    diary = _best(5, Diary().usual()).no_show(6, reason_code="illness")
    assert _best(7, diary).no_show(8).severities("G1") == []


def test_a_session_between_progress_and_miss_breaks_the_link() -> None:
    diary = _best(5, Diary().usual()).no_show(6)
    diary = _best(7, diary).session(8, (9.0, 9.0, 9.0, 9.0)).no_show(9)
    assert diary.severities("G1") == []


@pytest.mark.parametrize(("value", "severities"), [(9, [2]), (10, [])])
def test_a_reliable_symptom_gain_is_progress(value: int, severities: list[int]) -> None:
    diary = Diary()
    for week in (0, 1, 3, 4):
        diary.session(week, (9.0, 9.0, 9.0, 9.0))
    diary.total(0, 15, "PHQ-9").total(1, 9, "PHQ-9").no_show(2)
    diary.total(3, 15, "PHQ-9").total(4, value, "PHQ-9").no_show(5)
    assert diary.severities("G1") == severities


TOTALS = (36.0, 36.4, 36.0, 36.4, 36.0, 36.4, 36.0, 36.4)


def _flat(*, last: float = 36.4, symptom: float = 14, **numbers: float) -> Diary:
    diary = Diary(G2=numbers) if numbers else Diary()
    for week, value in enumerate((*TOTALS[:-1], last)):
        diary.session(week).total(week, value, "SRS")
    return diary.total(0, 14, "PHQ-9").total(6, symptom, "PHQ-9")


def test_a_symptom_of_before_these_eight_sessions_no_longer_counts() -> None:
    diary = Diary()
    for week, value in enumerate((36.0, *TOTALS)):
        diary.session(week).total(week, value, "SRS")
    diary.total(0, 25, "PHQ-9").total(1, 14, "PHQ-9").total(8, 14, "PHQ-9")
    assert diary.severities("G2") == [1]


def test_one_symptom_form_shows_no_change() -> None:
    diary = Diary()
    for week, value in enumerate(TOTALS):
        diary.session(week).total(week, value, "SRS")
    assert diary.total(3, 14, "PHQ-9").severities("G2") == []


def test_nothing_moving_over_eight_sessions_is_noted() -> None:
    assert _flat().severities("G2") == [1]


def test_seven_rated_sessions_are_too_few() -> None:
    diary = Diary()
    for week, value in enumerate(TOTALS[:-1]):
        diary.session(week).total(week, value, "SRS")
    assert diary.total(0, 14, "PHQ-9").total(6, 14, "PHQ-9").severities("G2") == []


def test_a_spread_of_half_of_what_is_usual_moves_enough() -> None:
    share = stdev(TOTALS) / 2.5
    assert _flat(spread_share=share).severities("G2") == []
    assert _flat(spread_share=nextafter(share, inf) + 1e-9).severities("G2") == [1]


def test_a_reliable_symptom_change_moves_enough() -> None:
    assert _flat(symptom=9).severities("G2") == [1]
    assert _flat(symptom=8).severities("G2") == []
    assert _flat(symptom=20).severities("G2") == []


def test_ratings_at_the_ceiling_are_another_matter() -> None:
    diary = Diary()
    for week in range(8):
        diary.session(week).total(week, 39.5, "SRS")
    assert diary.total(0, 14, "PHQ-9").total(6, 14, "PHQ-9").severities("G2") == []


def test_without_symptom_forms_nothing_is_said() -> None:
    diary = Diary()
    for week, value in enumerate(TOTALS):
        diary.session(week).total(week, value, "SRS")
    assert diary.severities("G2") == []


def test_two_domains_within_28_days_are_noted() -> None:
    diary = Diary().usual(5).note(0, self_harmful_domains=("money",))
    assert diary.note(1, self_harmful_domains=("money",)).severities("G3") == []
    assert diary.note(2, self_harmful_domains=("career",)).severities("G3") == [1]
    assert diary.note(3, self_harmful_domains=("career",)).severities("G3") == [1]


def test_a_note_written_late_belongs_to_its_session() -> None:
    diary = Diary().usual(6).note(0, self_harmful_domains=("money",), time=Diary.at(2))
    assert diary.note(5, self_harmful_domains=("career",)).severities("G3") == []


def test_a_best_rating_needs_three_before_it() -> None:
    early = Diary().usual(2).session(2, (9.9, 9.9, 9.9, 9.8)).no_show(3)
    early.session(4, (10.0, 9.9, 9.9, 9.8)).no_show(5)
    late = Diary().usual(3).session(3, (9.9, 9.9, 9.9, 9.8)).no_show(4)
    late.session(5, (10.0, 9.9, 9.9, 9.8)).no_show(6)
    assert early.severities("G1") == []
    assert late.severities("G1") == [2]


def test_an_outcome_that_rises_reliably_is_progress() -> None:
    diary = Diary()
    for week in (0, 1, 3, 4):
        diary.session(week, (9.0, 9.0, 9.0, 9.0))
    diary.total(0, 20, "ORS").total(1, 25, "ORS").no_show(2)
    diary.total(3, 20, "ORS").total(4, 25, "ORS").no_show(5)
    assert diary.severities("G1") == [2]


def test_two_domains_in_one_session_are_noted() -> None:
    diary = Diary().usual(1).note(0, self_harmful_domains=("career", "money"))
    assert diary.severities("G3") == [1]


def test_a_domain_of_more_than_28_days_ago_no_longer_counts() -> None:
    near = Diary().usual(5).note(0, self_harmful_domains=("money",))
    far = Diary().usual(6).note(0, self_harmful_domains=("money",))
    assert near.note(4, self_harmful_domains=("career",)).severities("G3") == [1]
    assert far.note(5, self_harmful_domains=("career",)).severities("G3") == []


@pytest.mark.parametrize(("value", "severities"), [(3.0, [1]), (2.9, [])])
def test_shame_that_rises_by_two_is_noted(value: float, severities: list[int]) -> None:
    diary = Diary().session(0).form(0, (9.0,) * 4, items={"shame": 1.0})
    diary.session(1).form(1, (9.0,) * 4, items={"shame": value})
    assert diary.severities("G4") == severities
