"""A client who may be pleasing rather than telling."""

import pytest

from tests.unit.rules.diary import TOP, USUAL, Diary


def test_three_uniform_maxima_after_varied_answers_are_found_once() -> None:
    diary = Diary().usual()
    for week in range(5, 9):
        diary.session(week, TOP)
    assert diary.severities("B2") == [2]
    assert diary.found("B2")[0].trigger.fact == "s7/SRS/client"


def test_two_uniform_maxima_are_no_run() -> None:
    assert Diary().usual().session(5, TOP).session(6, TOP).severities("B2") == []


def test_a_form_between_breaks_the_run_of_maxima() -> None:
    diary = Diary().usual().session(5, TOP).session(6, TOP).session(7, USUAL[0]).session(8, TOP)
    assert diary.severities("B2") == []


@pytest.mark.parametrize(("usual", "severities"), [(3, []), (4, [2])])
def test_maxima_are_nothing_new_where_a_quarter_was_at_the_ceiling(
    usual: int, severities: list[int]
) -> None:
    diary = Diary().session(0, TOP).usual(usual, first=1)
    for week in range(usual + 1, usual + 4):
        diary.session(week, TOP)
    assert diary.severities("B2") == severities


def test_uniform_answers_before_make_uniform_maxima_nothing_new() -> None:
    diary = Diary()
    for week in range(5):
        diary.session(week, (9.0, 9.0, 9.0, 9.0))
    for week in range(5, 8):
        diary.session(week, TOP)
    assert diary.severities("B2") == []


def test_imported_maxima_do_not_count() -> None:
    diary = Diary().usual()
    for week in range(5, 8):
        diary.session(week).form(week, TOP, mode="import")
    assert diary.severities("B2") == []


def test_maxima_of_another_version_are_a_run_without_a_before() -> None:
    diary = Diary().usual()
    for week in range(5, 8):
        diary.session(week).form(week, TOP, version="2")
    assert diary.severities("B2") == []


def _gain(value: float, *, instrument: str = "PHQ-9", weeks_between: int = 2) -> Diary:
    diary = Diary().usual(4).no_show(4)
    for week in range(5, 5 + weeks_between):
        diary.session(week, USUAL[0])
    last = 5 + weeks_between
    diary.session(last, (8.5, 9.0, 9.1, 9.0))
    return diary.total(4 if weeks_between > 2 else 5, 15, instrument).total(last, value, instrument)


def test_a_gain_by_the_reliable_change_is_found() -> None:
    assert _gain(9).severities("B3") == [1]
    assert _gain(10).severities("B3") == []


def test_each_symptom_measure_has_its_own_reliable_change() -> None:
    assert _gain(11, instrument="GAD-7").severities("B3") == [1]
    assert _gain(12, instrument="GAD-7").severities("B3") == []
    assert _gain(9, instrument="CORE-10").severities("B3") == [1]
    assert _gain(10, instrument="CORE-10").severities("B3") == []


def test_a_gain_over_more_than_two_sessions_is_no_sudden_one() -> None:
    diary = Diary().usual(3).no_show(3).usual(3, first=4).session(7, (8.5, 9.0, 9.1, 9.0))
    assert diary.total(4, 15, "PHQ-9").total(7, 9, "PHQ-9").severities("B3") == []


def test_a_gain_with_a_rising_bond_is_good_news() -> None:
    diary = Diary().usual().no_show(4.5).session(5, (10.0, 9.0, 9.1, 9.0))
    assert diary.total(4, 15, "PHQ-9").total(5, 9, "PHQ-9").severities("B3") == []


def test_a_gain_of_one_who_keeps_everything_is_good_news() -> None:
    diary = Diary().usual().session(5, (8.5, 9.0, 9.1, 9.0))
    diary.total(4, 15, "PHQ-9").total(5, 9, "PHQ-9")
    assert diary.severities("B3") == []
    assert diary.note(4, homework_assigned=10, homework_done=3).severities("B3") == [1]


def _homework(*done: int, progress: tuple[int, ...] = (0, 0, 0, 0)) -> Diary:
    diary = Diary()
    for week, (count, moved) in enumerate(zip(done, progress, strict=True)):
        diary.session(week)
        diary.note(week, homework_assigned=5, homework_done=count, goal_progress=moved)
    return diary


def test_homework_done_without_progress_is_found() -> None:
    # 18 of 20 are 90 %
    assert _homework(5, 5, 4, 4).severities("B4") == [1]
    assert _homework(5, 4, 4, 4).severities("B4") == []


def test_progress_in_one_of_the_sessions_is_growth() -> None:
    assert _homework(5, 5, 5, 5, progress=(0, 1, 0, 0)).severities("B4") == []
    assert _homework(5, 5, 5, 5, progress=(0, 0, 0, -1)).severities("B4") == []


def test_three_tagged_sessions_are_too_few() -> None:
    assert _homework(5, 5, 5, progress=(0, 0, 0)).severities("B4") == []


def test_what_lasts_is_noted_once_in_four_sessions() -> None:
    diary = _homework(5, 5, 5, 5, 5, 5, 5, 5, progress=(0,) * 8)
    assert diary.severities("B4", strained=False) == [1, 1]


def _left_out(forms: str) -> Diary:
    """Hold a session for each sign: ``+`` with its form, ``-`` without."""
    diary = Diary()
    for week, form in enumerate(forms):
        diary.session(week, USUAL[0] if form == "+" else None)
    return diary


def test_two_of_three_forms_left_out_are_found() -> None:
    diary = _left_out("+++--")
    [finding] = diary.found("B6", until=6)
    assert finding.severity == 2
    assert finding.trigger.fact == "a4"
    assert finding.trigger.time == Diary.at(4) + Diary.at(3 / 7) - Diary.at(0)


def test_one_of_three_forms_left_out_is_silent() -> None:
    assert _left_out("++++-").severities("B6", until=6) == []


def test_a_form_is_missing_three_days_after_its_session() -> None:
    diary = _left_out("+++--")
    assert diary.severities("B6", until=4.42) == []
    assert diary.severities("B6", until=4.43) == [2]


@pytest.mark.parametrize(("before", "severities"), [(5, []), (6, [2])])
def test_one_who_left_out_a_fifth_before_is_not_new_to_it(
    before: int, severities: list[int]
) -> None:
    forms = "+-" + "+" * (before - 2) + "+--"
    assert _left_out(forms).severities("B6", until=20) == severities


def test_a_case_without_any_form_has_no_such_feed() -> None:
    assert _left_out("----").severities("B6", until=6) == []


def test_two_of_four_appointments_missed_contradict_a_maximum() -> None:
    diary = Diary().no_show(0).session(1, TOP).no_show(2).session(3, TOP)
    assert diary.severities("B7") == [3]
    assert Diary().session(0, TOP).session(1, TOP).no_show(2).session(3, TOP).severities("B7") == []


def test_the_fifth_last_appointment_no_longer_counts() -> None:
    diary = Diary().no_show(0).no_show(1).session(2, TOP).session(3, TOP)
    assert diary.severities("B7") == [3, 3]
    assert diary.session(4, TOP).severities("B7") == [3, 3]


def test_a_late_cancellation_is_a_miss_and_one_in_time_is_none() -> None:
    late = Diary().cancel(0, "client", 23.9).session(1, TOP).no_show(2).session(3, TOP)
    in_time = Diary().cancel(0, "client", 24).session(1, TOP).no_show(2).session(3, TOP)
    assert late.severities("B7") == [3]
    assert in_time.severities("B7") == []


@pytest.mark.parametrize(
    "excuse",
    [
        {"reason_code": "illness"},
        {"reason_code": "holiday"},
        {"reason_code": "clinic_closure"},
        {"reason_code": "transport"},
        {"shared_cause": True},
        {"initiator": "unknown"},
        {"initiator": "system"},
        {"initiator": "provider"},
    ],
)
def test_a_miss_with_an_excuse_is_no_miss_of_the_client(excuse: dict[str, object]) -> None:
    diary = Diary().no_show(0, **excuse).session(1, TOP).no_show(2).session(3, TOP)
    assert diary.severities("B7") == []


def test_a_rating_below_the_maximum_contradicts_nothing() -> None:
    diary = Diary().no_show(0).session(1, USUAL[0]).no_show(2).session(3, (9.9, 9.9, 9.8, 9.8))
    assert diary.severities("B7") == []
