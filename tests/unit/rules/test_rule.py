"""What holds for every rule: the gate of strain, the caps, the frame behind a fall."""

from rupture_watch.alliance.findings import RuptureType
from tests.unit.rules.diary import USUAL, Diary

LOW = (7.0, 7.0, 7.0, 7.0)


def test_a_rating_of_the_last_two_sessions_before_a_planned_ending_is_a_note() -> None:
    diary = Diary().usual().session(5, LOW).session(6, USUAL[0]).close(7, "planned")
    [alert] = Diary().usual().session(5, LOW).case(until=5.5).course.book.alerts
    assert alert.severity(0) >= 3
    assert diary.case(until=7).course.book.alerts == []


def test_a_rating_before_the_last_two_sessions_keeps_its_severity() -> None:
    diary = Diary().usual().session(5, LOW).usual(2, first=6).close(8, "planned")
    assert len(diary.case(until=8).course.book.alerts) == 1


def test_the_first_session_after_21_days_is_capped() -> None:
    assert Diary().usual().session(7, LOW).severities("A1") == [1]
    assert Diary().usual().session(6.99, LOW).severities("A1") == [3]


def test_nothing_that_can_be_chance_leans_on_a_capped_rating() -> None:
    diary = Diary().usual().session(7, LOW)
    for week in (1, 2, 3, 7):
        diary.note(week, interventions=("challenge",))
    assert diary.severities("F1") == [1]


def test_what_somebody_did_is_not_capped() -> None:
    diary = Diary().usual().session(7, USUAL[0], overrun_minutes=-5, ended_by="provider")
    diary.frame("complaint", 6.9)
    assert diary.severities("I8") == [4]


def test_a_bond_that_falls_soon_after_the_frame_was_strained_is_a_frame_matter() -> None:
    low = (6.0, 9.0, 9.1, 9.0)
    diary = Diary().opened().usual()
    diary.frame("fee_changed", 4.5, notice_days=5).session(5, low)
    [alert] = diary.case(until=5.1).course.book.alerts
    assert alert.rupture_type(0) is RuptureType.FRAME
    falls = [one for one in alert.findings if one.rule == "A4"]
    assert [one.raises_by_frame for one in falls] == [True]
    plain = Diary().usual().session(5, low).found("A4")
    assert [one.raises_by_frame for one in plain] == [False]


def test_a_load_of_more_than_fourteen_days_ago_is_over() -> None:
    low = (6.0, 9.0, 9.1, 9.0)
    # load 3 takes 16.4 days to decay to 2: with the window of 14 days that is week 0.66
    near = Diary().opened().usual().frame("fee_changed", 0.7, notice_days=5).session(5, low)
    far = Diary().opened().usual().frame("fee_changed", 0.6, notice_days=5).session(5, low)
    assert near.found("A4")[0].raises_by_frame
    assert not far.found("A4")[0].raises_by_frame


def test_a_closed_case_is_not_judged_any_more() -> None:
    diary = Diary().usual().close(5, "transferred").frame("privacy_incident", 6)
    assert diary.severities("I2") == []
