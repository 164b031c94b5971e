"""Honesty without jargon, and hope."""

from math import inf, nextafter

from tests.unit.rules.diary import USUAL, Diary


def _item(code: str, *values: float, diary: Diary | None = None) -> Diary:
    diary = diary or Diary()
    for week, value in enumerate(values):
        diary.session(week).form(week, USUAL[week % 5], items={code: value})
    return diary


def test_clarity_of_two_is_found_at_once() -> None:
    assert _item("clarity", 2.0).severities("I9") == [2]
    assert _item("clarity", 2.1).severities("I9") == []


def test_clarity_far_below_usual_is_found() -> None:
    values = (5.0, 5.0, 5.0, 2.5)
    z = _item("clarity", *values).point("clarity").deviation.z
    at = Diary(I9={"z": z})
    below = Diary(I9={"z": nextafter(z, inf)})
    assert _item("clarity", *values, diary=at).severities("I9") == []
    assert _item("clarity", *values, diary=below).severities("I9") == [2]


def test_hope_far_below_usual_is_found() -> None:
    values = (4.0, 4.5, 4.0, 2.0)
    z = _item("hope", *values).point("hope").deviation.z
    at = Diary(I10={"z": z})
    below = Diary(I10={"z": nextafter(z, inf)})
    assert _item("hope", *values, diary=at).severities("I10") == []
    assert _item("hope", *values, diary=below).severities("I10") == [2]


def test_hope_that_rises_by_two_against_progress_is_found() -> None:
    rising = _item("hope", 2.0, 4.0).note(1, goal_progress=-1)
    assert rising.severities("I10") == [2]
    assert _item("hope", 2.0, 3.9).note(1, goal_progress=-1).severities("I10") == []


def test_hope_that_rises_with_progress_is_good_news() -> None:
    assert _item("hope", 2.0, 4.0).note(1, goal_progress=0).severities("I10") == []
    assert _item("hope", 2.0, 4.0).note(0, goal_progress=-1).severities("I10") == []
