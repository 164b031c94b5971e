"""What the client believes, and what is done."""

from typing import Any

import pytest

from tests.unit.rules.diary import TOP, Diary


def _homework(*done: int | None, goal: float = 9.0) -> Diary:
    diary = Diary()
    for week, count in enumerate(done):
        last = week == len(done) - 1
        diary.session(week, (9.0, goal if last else 9.0, 9.0, 9.0))
        diary.note(week, homework_assigned=2, homework_done=count)
    return diary


def test_homework_not_done_at_shared_goals_is_found() -> None:
    assert _homework(0, 2, 0, 0).severities("H1") == [2]
    assert _homework(0, 2, 1, 0).severities("H1") == []


def test_homework_of_which_nothing_is_said_is_no_homework() -> None:
    assert _homework(0, 0, None, 0).severities("H1") == []


def test_goals_below_their_median_are_another_matter() -> None:
    assert _homework(0, 2, 0, 0, goal=8.9).severities("H1") == []


def test_only_the_last_four_sessions_with_homework_count() -> None:
    assert _homework(2, 0, 0, 2, 0).severities("H1") == [2]
    assert _homework(0, 0, 2, 2, 0).severities("H1") == []


def _moved(*weeks: int, lines: tuple[float, ...] = TOP, **fields: Any) -> Diary:
    """Hold weekly sessions up to week 6; in some weeks the first appointment is moved a day."""
    diary = Diary()
    for week in range(7):
        if week in weeks:
            early = {"name": f"m{week}", "appointment_id": f"m{week}", "time": Diary.at(week - 0.4)}
            moved = {"initiator": "client", "scheduled_start": Diary.at(week - 0.2)}
            diary.appointment(week, "rescheduled", **(early | moved | fields))
        diary.session(week, lines)
    return diary


def test_three_of_six_appointments_moved_at_a_perfect_rating_are_noted() -> None:
    assert _moved(3, 4, 6).severities("H2") == [1]
    assert _moved(4, 6).severities("H2") == []


def test_a_move_before_the_last_six_no_longer_counts() -> None:
    # up to the move in week 6, five outcomes stand: those of weeks 1 to 5
    assert _moved(1, 4, 6).severities("H2") == []
    assert _moved(2, 4, 6).severities("H2") == [1]


def test_a_rating_below_the_maximum_is_no_accommodation() -> None:
    assert _moved(3, 4, 6, lines=(9.9, 9.9, 9.8, 9.8)).severities("H2") == []


def test_a_complaint_is_no_accommodation() -> None:
    assert _moved(3, 4, 6).frame("complaint", 1).severities("H2") == []


@pytest.mark.parametrize(
    "excuse", [{"reason_code": "transport"}, {"shared_cause": True}, {"initiator": "provider"}]
)
def test_a_move_with_an_excuse_is_none(excuse: dict[str, Any]) -> None:
    assert _moved(3, 4, 6, **excuse).severities("H2") == []


def test_goals_set_anew_without_a_review_are_noted_after_two_weeks() -> None:
    diary = Diary().frame("goals_set", 0).frame("goals_set", 4)
    assert diary.severities("H3", until=5.99) == []
    assert diary.severities("H3", until=6) == [1]


def test_a_review_within_two_weeks_keeps_it_silent() -> None:
    diary = Diary().frame("goals_set", 0).frame("goals_set", 4).frame("goal_reviewed", 6)
    assert diary.severities("H3", until=8) == []
    late = Diary().frame("goals_set", 0).frame("goals_set", 4).frame("goal_reviewed", 6.01)
    assert late.severities("H3", until=8) == [1]


def test_the_first_goals_need_no_review() -> None:
    assert Diary().frame("goals_set", 0).severities("H3", until=8) == []
