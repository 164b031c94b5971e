"""B1: from a low straight to the maximum."""

from typing import Any

import pytest

from tests.unit.rules.diary import TOP, USUAL, Diary

LOW = (7.0, 7.1, 6.9, 7.0)
FLAT_LOW = (7.0, 7.0, 7.0, 7.0)
NEAR = (9.9, 9.9, 9.9, 9.8)
"""At the ceiling, and not the same on every line."""

JUMP = {"watch_score": 2}
"""The jump alone is enough to be seen."""


def _jumped(**numbers: Any) -> Diary:
    return Diary(B1=numbers).usual().session(5, LOW).session(6, TOP)


def _signs(diary: Diary) -> set[str]:
    [finding] = diary.found("B1")
    return {one.measure for one in finding.evidence[2:]}


def test_the_jump_alone_is_not_told() -> None:
    assert _jumped().severities("B1") == []
    assert _jumped(**JUMP).severities("B1") == [2]


def test_the_jump_is_worth_two_points_on_the_trace() -> None:
    assert _jumped().course().compliance == 2
    assert Diary().usual().session(5, LOW).course().compliance == 0


@pytest.mark.parametrize(("score", "severities"), [(3, []), (2, [2])])
def test_the_score_is_told_from_its_limit_on(score: int, severities: list[int]) -> None:
    assert _jumped(watch_score=score).severities("B1") == severities


def test_from_four_points_on_it_is_more_severe() -> None:
    three = Diary().usual().session(5, LOW)
    for week in (0, 1, 2, 3, 4, 5):
        three.total(week, 14, "PHQ-9")
    three.session(6, TOP).total(6, 14, "PHQ-9")
    assert three.severities("B1") == [2]
    four = Diary().usual().session(5, LOW).no_show(5.5).session(6, TOP)
    assert four.severities("B1") == [3]


def test_a_low_within_two_rated_sessions_counts() -> None:
    # the later ratings are no lows themselves, and not far enough up to be a recovery
    limits = JUMP | {"low_z": -3.0}
    near = Diary(B1=limits).usual().session(5, LOW).session(6, (7.3, 7.3, 7.3, 7.3))
    far = Diary(B1=limits).usual().session(5, LOW).session(6, (7.3, 7.3, 7.3, 7.3))
    assert near.session(7, NEAR).severities("B1") == [2]
    assert far.session(7, (7.3, 7.3, 7.3, 7.3)).session(8, NEAR).severities("B1") == []


def test_a_low_at_the_limit_is_none() -> None:
    z = Diary().usual().session(5, LOW).point("total").deviation.z
    at = Diary(B1=JUMP | {"low_z": z}).usual().session(5, LOW).session(6, NEAR)
    below = Diary(B1=JUMP | {"low_z": z + 1e-9}).usual().session(5, LOW).session(6, NEAR)
    assert at.severities("B1") == []
    assert below.severities("B1") == [2]


def test_a_rating_half_a_point_from_the_top_is_at_the_ceiling() -> None:
    near = Diary(B1=JUMP).usual().session(5, LOW).session(6, NEAR)
    below = Diary(B1=JUMP).usual().session(5, LOW).session(6, (9.9, 9.9, 9.8, 9.8))
    assert near.severities("B1") == [2]
    assert below.severities("B1") == []


def test_a_wai_sr_one_point_from_the_top_is_at_the_ceiling() -> None:
    def diary(last: float) -> Diary:
        diary = Diary(B1=JUMP)
        for week, value in enumerate((48, 50, 49, 48, 30, last)):
            diary.total(week, value, "WAI-SR")
        return diary

    assert diary(59).severities("B1") == [2]
    assert diary(58).severities("B1") == []


def test_a_uniform_maximum_after_varied_answers_is_a_jump() -> None:
    assert Diary(B1=JUMP).usual().session(5, TOP).severities("B1") == [2]


def test_a_uniform_maximum_near_the_form_before_is_no_jump() -> None:
    diary = Diary().usual()
    spread = diary.session(5, TOP).point("total").deviation.spread
    rise = round((40.0 - sum(USUAL[4])) / spread, 6)
    assert Diary(B1=JUMP | {"rise_spreads": rise - 1e-6}).usual().session(5, TOP).found("B1")
    assert not Diary(B1=JUMP | {"rise_spreads": rise + 1e-6}).usual().session(5, TOP).found("B1")


def test_a_uniform_maximum_of_one_who_often_gives_it_is_nothing_new() -> None:
    # one ceiling of four ratings is a quarter
    often = Diary(B1=JUMP).session(0, TOP).usual(3, first=1).session(4, TOP)
    seldom = Diary(B1=JUMP).session(0, TOP).usual(4, first=1).session(5, TOP)
    assert often.severities("B1") == []
    assert seldom.severities("B1") == [2]


def test_a_uniform_maximum_after_uniform_answers_is_nothing_new() -> None:
    diary = Diary(B1=JUMP)
    for week in range(5):
        diary.session(week, (9.0, 9.0, 9.0, 9.0))
    assert diary.session(5, TOP).severities("B1") == []


def test_a_talk_about_the_alliance_makes_it_a_repair() -> None:
    talked = Diary(B1=JUMP).usual().session(5, LOW).session(6, TOP)
    talked.note(5, alliance_discussed=True)
    assert talked.severities("B1") == []
    assert talked.course().compliance == 0


def test_a_talk_before_the_low_session_repairs_nothing() -> None:
    talked = Diary(B1=JUMP).usual().session(5, LOW).session(6, TOP)
    talked.note(4, alliance_discussed=True)
    assert talked.severities("B1") == [2]


def test_a_recovery_over_two_sessions_is_a_repair() -> None:
    diary = Diary(B1=JUMP).usual().session(5, LOW)
    diary.session(6, (8.6, 8.6, 8.6, 8.6)).session(7, TOP)
    assert diary.severities("B1") == []


def test_a_second_maximum_is_no_slow_recovery() -> None:
    diary = Diary(B1=JUMP).usual().session(5, LOW).session(6, TOP).session(7, TOP)
    assert diary.severities("B1") == [2, 2]


def test_answers_that_lost_all_variance_are_a_sign() -> None:
    diary = Diary(B1={"watch_score": 3}).usual().session(5, FLAT_LOW).session(6, TOP)
    assert "answers_without_variance" in _signs(diary)


def test_answers_that_varied_on_the_form_before_are_not_flat_yet() -> None:
    diary = Diary(B1=JUMP).usual().session(5, LOW).session(6, TOP)
    assert "answers_without_variance" not in _signs(diary)


def test_imported_forms_say_nothing_about_variance() -> None:
    diary = Diary(B1=JUMP)
    for week, lines in enumerate((*USUAL, LOW, TOP)):
        diary.appointment(week, "attended").form(week, lines, mode="import")
    assert "answers_without_variance" not in _signs(diary)


def test_a_bond_that_stays_behind_is_a_sign() -> None:
    diary = Diary(B1=JUMP).usual().session(5, (9.9, 6.0, 6.0, 6.0)).session(6, (9.9, 10, 10, 10))
    assert "bond_flat_while_goal_and_task_rise" in _signs(diary)
    rising = Diary(B1=JUMP).usual().session(5, (7.0, 6.0, 6.0, 9.0)).session(6, TOP)
    assert "bond_flat_while_goal_and_task_rise" not in _signs(rising)


def test_a_miss_among_the_last_four_appointments_is_a_sign() -> None:
    diary = Diary(B1=JUMP).usual(4).no_show(4).session(5, LOW).session(6, TOP)
    assert "missed_or_little_homework" in _signs(diary)
    ill = Diary(B1=JUMP).usual(4).no_show(4, reason_code="illness").session(5, LOW)
    assert "missed_or_little_homework" not in _signs(ill.session(6, TOP))
    early = Diary(B1=JUMP).usual(2).no_show(2).usual(2, first=3).session(5, LOW).session(6, TOP)
    assert "missed_or_little_homework" not in _signs(early)


@pytest.mark.parametrize(("done", "said"), [(3, True), (4, False)])
def test_homework_of_thirty_percent_is_little(done: int, said: bool) -> None:  # noqa: FBT001
    diary = Diary(B1=JUMP).usual().session(5, LOW).session(6, TOP)
    diary.note(5, homework_assigned=10, homework_done=done)
    assert ("missed_or_little_homework" in _signs(diary)) is said


def test_a_therapists_form_that_does_not_rise_is_a_sign() -> None:
    for last, said in ((30.0, True), (29.0, True), (31.0, False)):
        diary = Diary(B1=JUMP).usual().session(5, LOW).session(6, TOP)
        diary.total(5, 30.0, "SRS", "therapist").total(6, last, "SRS", "therapist")
        assert ("therapist_form_flat_or_falling" in _signs(diary)) is said


def test_a_therapists_form_of_long_ago_says_nothing() -> None:
    for week, said in ((5, True), (4, False)):
        diary = Diary(B1=JUMP).usual().session(5, LOW).session(6, TOP)
        diary.total(week - 1, 30.0, "SRS", "therapist").total(week, 30.0, "SRS", "therapist")
        assert ("therapist_form_flat_or_falling" in _signs(diary)) is said


def test_symptoms_without_a_reliable_change_are_a_sign() -> None:
    for last, said in ((9, True), (8, False)):
        diary = Diary(B1=JUMP).usual().session(5, LOW).session(6, TOP)
        diary.total(4, 14, "PHQ-9").total(6, last, "PHQ-9")
        assert ("symptoms_unchanged" in _signs(diary)) is said


def test_symptoms_of_the_low_session_itself_are_not_those_before_it() -> None:
    diary = Diary(B1=JUMP).usual().session(5, LOW).session(6, TOP)
    diary.total(5, 14, "PHQ-9").total(6, 14, "PHQ-9")
    assert "symptoms_unchanged" not in _signs(diary)


def test_a_form_filled_faster_than_ever_is_a_sign() -> None:
    for duration, said in ((19_000, True), (20_000, False)):
        diary = Diary(B1=JUMP)
        for week in range(8):
            lines = LOW if week == 7 else USUAL[week % 5]
            diary.session(week).form(week, lines, duration_ms=20_000 + 1_000 * week)
        diary.session(8).form(8, TOP, duration_ms=duration)
        assert ("filled_faster_than_before" in _signs(diary)) is said


def test_seven_forms_are_too_few_to_be_faster_than_ever() -> None:
    diary = Diary(B1=JUMP)
    for week in range(7):
        lines = LOW if week == 6 else USUAL[week % 5]
        diary.session(week).form(week, lines, duration_ms=20_000)
    diary.session(7).form(7, TOP, duration_ms=1_000)
    assert "filled_faster_than_before" not in _signs(diary)


def test_compliance_has_a_limit_of_its_own_beside_strain() -> None:
    diary = Diary().usual().session(5, LOW).no_show(5.5).session(6, TOP)
    assert diary.severities("B1", strained=False) == [3]
    assert diary.severities("B1", compliant=False) == [1]


def test_a_talk_noted_in_the_session_of_the_jump_clears_it() -> None:
    diary = Diary().usual().session(5, LOW).no_show(5.5).session(6, TOP)
    diary.note(6, alliance_discussed=True)
    course = diary.course()
    [finding] = [one for one in course.heard if one.rule == "B1"]
    assert finding.status == "recovered"
    assert finding.ended_by == "s6"
