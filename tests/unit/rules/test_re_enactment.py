"""The same thing again, and leaving before it can happen."""

from math import inf, nextafter

import pytest

from rupture_watch.alliance.alerts import alert_id
from rupture_watch.alliance.findings import RuptureType
from tests.unit.rules.diary import USUAL, Diary

LOW = (9.1, 5.0, 5.0, 9.0)
"""Goals and approach fall: a confrontation."""


def _dips(*lows: int, until: int, kind: tuple[float, ...] = LOW) -> Diary:
    diary = Diary()
    for week in range(until):
        diary.session(week, kind if week in lows else USUAL[week % 5])
    return diary


def test_a_second_fall_of_one_kind_is_found_once_it_has_lasted() -> None:
    # strain as it is: a held one would keep every session an alarm
    diary = _dips(5, 12, 13, until=14)
    [finding] = diary.found("J4", strained=None)
    assert finding.severity == 3
    assert finding.type is RuptureType.CONFRONTATION
    assert finding.trigger.session_id == "s13"


def test_a_second_fall_that_recovers_at_once_is_found_with_its_repair() -> None:
    [finding] = _dips(5, 12, until=14).found("J4", strained=None)
    assert finding.trigger.session_id == "s13"


def test_a_second_fall_that_has_just_begun_is_not_judged_yet() -> None:
    assert _dips(5, 12, until=13).severities("J4", strained=None) == []


def test_a_fall_of_another_kind_is_no_re_enactment() -> None:
    diary = Diary()
    for week in range(14):
        kinds = {5: (4.0, 9.1, 9.1, 9.0), 12: LOW, 13: LOW}
        diary.session(week, kinds.get(week, USUAL[week % 5]))
    assert diary.severities("J4", strained=None) == []


@pytest.mark.parametrize(("second", "count"), [(17, 1), (18, 0)])
def test_twelve_sessions_between_are_the_most(second: int, count: int) -> None:
    diary = _dips(5, second, second + 1, until=second + 2)
    assert len(diary.found("J4", strained=None)) == count


def test_falls_less_than_three_sessions_apart_are_one() -> None:
    assert _dips(5, 7, 8, until=9).severities("J4", strained=None) == []


@pytest.mark.parametrize(("first", "count"), [((5,), 0), ((5, 6), 1)])
def test_an_earlier_fall_that_was_not_repaired_counts_if_it_lasted(
    first: tuple[int, ...], count: int
) -> None:
    diary = _dips(*first, 12, 13, until=14)
    diary.review(first[-1] + 0.3, alert_id("case", "s5/SRS/client"), "dismissed", "good_sign")
    assert len(diary.found("J4", strained=None)) == count


def test_two_alerts_without_a_fall_are_no_re_enactment() -> None:
    diary = Diary().opened().usual().frame("interruption", 5, hours=0.5)
    diary.usual(7, first=5).frame("interruption", 12, hours=0.5).usual(2, first=12)
    diary.review(6.5, alert_id("case", "interruption-5-0.5"), "dismissed", "good_sign")
    assert len(diary.course(strained=None).book.alerts) == 2
    assert diary.severities("J4", strained=None) == []


Z_LOW = (8.2, 8.2, 8.2, 8.2)


def _left(*, after: int = 0, ending: str = "unplanned", **numbers: float) -> Diary:
    diary = Diary(J5=numbers) if numbers else Diary()
    diary.usual().session(5, Z_LOW).usual(after, first=6)
    return diary.close(5.5 + after, ending)


def test_an_unplanned_ending_after_a_low_rating_is_found() -> None:
    [finding] = _left().found("J5", strained=False)
    assert finding.severity == 4
    assert finding.type is RuptureType.CONFRONTATION
    assert finding.trigger.kind == "closure"


@pytest.mark.parametrize("ending", ["planned", "transferred"])
def test_another_ending_is_no_failure(ending: str) -> None:
    assert _left(ending=ending).severities("J5") == []


def test_two_sessions_later_is_the_latest() -> None:
    assert _left(after=2).severities("J5") == [4]
    assert _left(after=3).severities("J5") == []


def test_a_rating_at_the_limit_is_not_low() -> None:
    z = Diary().usual().session(5, Z_LOW).point("total").deviation.z
    assert _left(z=z).severities("J5") == []
    assert _left(z=nextafter(z, inf)).severities("J5") == [4]


def test_goals_that_are_met_make_it_possibly_a_good_ending() -> None:
    diary = Diary().usual().session(5, Z_LOW).close(5.5, "unplanned", goals_met=True)
    [finding] = diary.found("J5")
    assert finding.severity == 2
    assert "possibly a good ending" in finding.statement


def test_a_transfer_asked_for_after_a_low_rating_is_found() -> None:
    diary = Diary().usual().session(5, Z_LOW).frame("transfer_requested", 5.5)
    assert diary.severities("J5", strained=False) == [4]


def test_the_finding_outlives_its_case_for_28_days() -> None:
    diary = _left()
    [alert] = diary.case(until=5.5 + 3.9).course.book.alerts
    assert alert.state == "open"
    [alert] = diary.case(until=5.5 + 4).course.book.alerts
    assert alert.state == "repaired"
    assert alert.reason == "expired"
