"""The client tests whether the therapist stays."""

from typing import Any

import pytest

from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.findings import RuptureType, Source
from tests.unit.rules.diary import USUAL, Diary

CLOSE = (9.8, 9.0, 9.1, 9.0)


def _close(**numbers: Any) -> Diary:
    """Hold five usual sessions and one with the highest bond so far."""
    diary = Diary(J1=numbers) if numbers else Diary()
    return diary.usual().session(5, CLOSE)


def test_lateness_after_closeness_is_noted() -> None:
    [finding] = _close().session(6, USUAL[0], client_late_minutes=10).found("J1")
    assert finding.severity == 1
    assert finding.type is RuptureType.WITHDRAWAL
    assert finding.source is Source.ATTENDANCE
    assert finding.evidence[0].baseline == 0.14  # one of seven appointments


def test_nine_minutes_are_no_lateness() -> None:
    assert _close().session(6, USUAL[0], client_late_minutes=9).severities("J1") == []


@pytest.mark.parametrize(("hours", "severities"), [(23.9, [1]), (24, [])])
def test_a_late_cancellation_after_closeness_is_noted(hours: float, severities: list[int]) -> None:
    assert _close().cancel(6, "client", hours).severities("J1") == severities


def test_twice_in_eight_appointments_is_told() -> None:
    twice = _close().session(6, CLOSE, client_late_minutes=10)
    twice.session(7, USUAL[0], client_late_minutes=10)
    assert twice.severities("J1") == [1, 2]
    assert twice.severities("J1", strained=False) == [1, 1]


@pytest.mark.parametrize(("second", "severities"), [(13, [1, 2]), (14, [1, 1])])
def test_twice_in_more_than_eight_appointments_is_once_and_once(
    second: int, severities: list[int]
) -> None:
    diary = _close().session(6, USUAL[0], client_late_minutes=10).usual(second - 8, first=7)
    diary.session(second - 1, CLOSE).session(second, USUAL[0], client_late_minutes=10)
    assert diary.severities("J1") == severities


def test_the_window_of_closeness_is_fourteen_days() -> None:
    assert _close().session(7, USUAL[0], client_late_minutes=10).severities("J1") == [1]
    assert _close().session(7.01, USUAL[0], client_late_minutes=10).severities("J1") == []


def test_a_form_filled_late_belongs_to_its_session() -> None:
    diary = Diary().usual().session(5).form(5, CLOSE, time=Diary.at(5.5))
    assert diary.session(7.01, USUAL[0], client_late_minutes=10).severities("J1") == []


def test_the_bond_has_to_reach_the_top_quarter() -> None:
    # usual bonds: 9.0 9.1 9.2 9.2 9.3, upper quartile 9.2, median 9.2
    for bond, severities in ((9.2, []), (9.3, [1])):
        diary = Diary().usual().session(5, (bond, 9.0, 9.1, 9.0))
        diary.session(7, USUAL[0], client_late_minutes=10)
        assert diary.severities("J1") == severities


def test_a_usual_bond_is_no_closeness() -> None:
    diary = Diary().usual(5).session(5, (9.1, 9.0, 9.1, 9.0))
    assert diary.session(6, USUAL[0], client_late_minutes=10).severities("J1") == []


def test_three_prior_ratings_have_no_top_quarter() -> None:
    three = Diary().usual(3).session(3, CLOSE).session(4, USUAL[0], client_late_minutes=10)
    four = Diary().usual(4).session(4, CLOSE).session(5, USUAL[0], client_late_minutes=10)
    assert three.severities("J1") == []
    assert four.severities("J1") == [1]


def test_a_bond_that_is_always_the_same_is_no_closeness() -> None:
    diary = Diary()
    for week in range(6):
        diary.session(week, (10.0, 9.0, 9.0, 9.0))
    assert diary.session(6, USUAL[0], client_late_minutes=10).severities("J1") == []


@pytest.mark.parametrize(
    ("kind", "fields", "severities"),
    [
        ("complaint", {"by": "client"}, [1]),
        ("complaint", {}, [1]),
        ("complaint", {"by": "provider"}, []),
        ("boundary_crossing", {"by": "client"}, [1]),
        ("boundary_crossing", {"by": "provider"}, []),
        ("boundary_crossing", {}, []),
    ],
)
def test_what_the_client_does_to_the_frame_is_a_test(
    kind: str, fields: dict[str, Any], severities: list[int]
) -> None:
    diary = _close().frame(kind, 6, **fields)
    assert diary.severities("J1") == severities
    assert all(one.type is RuptureType.CONFRONTATION for one in diary.found("J1"))


def test_an_excused_lateness_is_no_test() -> None:
    late = {"client_late_minutes": 15, "reason_code": "transport"}
    assert _close().session(6, USUAL[0], **late).severities("J1") == []


def _tested(week: float, **fields: Any) -> Diary:
    """Let the client cancel late after closeness, and the clinic break the frame in a week."""
    return _close().cancel(6, "client", 0).cancel(week, "provider", 1, **fields)


def test_a_break_of_the_frame_within_two_weeks_of_a_test_is_found() -> None:
    [finding] = _tested(8).found("J2", strained=False)
    assert finding.severity == 4
    assert finding.type is RuptureType.FRAME
    exactly = _close().cancel(6, "client", 0).cancel(8, "provider", 0)
    assert exactly.severities("J2") == [4]
    assert _tested(8.01).severities("J2") == []


@pytest.mark.parametrize("excuse", [{"reason_code": "illness"}, {"shared_cause": True}])
def test_a_break_that_nobody_chose_is_less_severe(excuse: dict[str, Any]) -> None:
    assert _tested(7, **excuse).severities("J2", strained=False) == [2]


def test_a_break_of_less_than_two_is_too_slight() -> None:
    slight = _close().cancel(6, "client", 0).session(7, USUAL[0], provider_late_minutes=9)
    long = _close().cancel(6, "client", 0).session(7, USUAL[0], provider_late_minutes=10)
    assert slight.severities("J2") == []
    assert long.severities("J2") == [4]


def test_the_weight_counts_before_halving() -> None:
    diary = _close().cancel(6, "client", 0)
    diary.session(7, USUAL[0], provider_late_minutes=10, shared_cause=True)
    assert diary.severities("J2") == [2]


def test_one_appointment_is_no_test_and_its_failing_at_once() -> None:
    diary = _close()
    diary.session(6, USUAL[0], client_late_minutes=10, provider_late_minutes=10)
    assert diary.severities("J1") == [1]
    assert diary.severities("J2") == []


def test_a_break_without_a_test_fails_none() -> None:
    assert Diary().usual().cancel(6, "provider", 1).severities("J2") == []


def _missed(*, feed: bool = True, **fields: Any) -> Diary:
    diary = Diary().session(0)
    if feed:
        diary.frame("consent_given", 0)
    return diary.no_show(1, **fields)


def test_no_outreach_within_three_days_is_found() -> None:
    [finding] = _missed().found("J3", until=2, strained=False)
    assert finding.severity == 2
    assert finding.trigger.fact == "a1"
    assert finding.trigger.time == Diary.at(1) + 3 * DAY


def test_an_outreach_on_the_third_day_is_in_time() -> None:
    in_time = _missed().frame("outreach_made", 1, hours=72)
    late = _missed().frame("outreach_made", 1, hours=72.01)
    assert in_time.severities("J3", until=2) == []
    assert late.severities("J3", until=2) == [2]


def test_an_outreach_before_the_miss_was_not_about_it() -> None:
    assert _missed().frame("outreach_made", 1, hours=-1).severities("J3", until=2) == [2]


def test_a_late_outreach_lets_it_recover() -> None:
    course = _missed().frame("outreach_made", 1, hours=100).course(until=2)
    [finding] = [one for one in course.heard if one.rule == "J3"]
    assert finding.status == "recovered"


def test_a_case_without_any_frame_event_has_no_such_feed() -> None:
    assert _missed(feed=False).severities("J3", until=2) == []


@pytest.mark.parametrize(
    "excuse", [{"initiator": "unknown"}, {"reason_code": "illness"}, {"shared_cause": True}]
)
def test_an_excused_miss_needs_no_outreach(excuse: dict[str, Any]) -> None:
    assert _missed(**excuse).severities("J3", until=2) == []
