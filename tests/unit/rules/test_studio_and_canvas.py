"""A problem to work on, an approach, roles, a room and its tools."""

from math import inf, nextafter

import pytest

from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.findings import RuptureType
from tests.unit.rules.diary import USUAL, Diary


def _opened(*missing: str) -> Diary:
    """Hold four sessions of a case whose opening lacks some steps."""
    diary = Diary()
    for kind in ("consent_given", "roles_explained", "goals_set", "plan_presented"):
        if kind not in missing:
            diary.frame(kind, 0, hours=-1)
    return diary.usual(4)


@pytest.mark.parametrize(
    ("rule", "step", "session"),
    [("E1", "goals_set", 2), ("E2", "plan_presented", 3), ("E3", "roles_explained", 2)],
)
def test_a_step_that_is_not_on_record_is_found_at_the_end_of_its_session(
    rule: str, step: str, session: int
) -> None:
    assert _opened().severities(rule) == []
    [finding] = _opened(step).found(rule, strained=False)
    assert finding.severity == 2
    assert finding.type is RuptureType.FRAME
    assert finding.trigger.fact == f"a{session - 1}"
    assert finding.trigger.time == Diary.at(session - 1) + DAY


@pytest.mark.parametrize(("rule", "step"), [("E1", "goals_set"), ("E3", "roles_explained")])
def test_a_step_within_its_session_is_in_time(rule: str, step: str) -> None:
    assert _opened(step).frame(step, 1, hours=23).severities(rule) == []
    assert _opened(step).frame(step, 1, hours=25).severities(rule) == [2]


def test_a_step_that_comes_later_lets_the_finding_recover() -> None:
    course = _opened("goals_set").frame("goals_set", 2).course()
    [finding] = [one for one in course.heard if one.rule == "E1"]
    assert finding.status == "recovered"


def test_a_case_without_any_frame_event_has_no_such_feed() -> None:
    assert Diary().usual(4).severities("E1") == []


def test_the_first_sessions_of_a_case_cut_short_are_not_judged() -> None:
    assert _opened("goals_set").severities("E1", truncated=True) == []


def test_a_session_that_only_a_form_tells_of_is_a_session() -> None:
    diary = Diary().frame("consent_given", 0, hours=-1)
    for week in range(4):
        diary.form(week, USUAL[0])
    [finding] = diary.found("E1")
    assert finding.trigger.fact == "s1/SRS/client"


def _unlinked(low: tuple[float, ...] = (9.1, 8.2, 9.1, 9.0), *, last: int = 5) -> Diary:
    diary = Diary().usual(last).note(0, goal_linked=True)
    return diary.session(last, low)


def test_four_sessions_without_a_link_and_a_low_goal_are_found() -> None:
    # sessions 2 to 5 lie between the link in session 1 and the low in session 6
    [finding] = _unlinked().found("E4")
    assert finding.severity == 2
    assert finding.type is RuptureType.WITHDRAWAL


def test_three_sessions_without_a_link_are_silent() -> None:
    assert _unlinked(last=4).severities("E4") == []


def test_the_present_session_counts_once_its_note_is_there() -> None:
    assert _unlinked(last=4).note(4, goal_linked=False).severities("E4") == [2]
    assert _unlinked(last=4).note(4, goal_linked=True).severities("E4") == []


def test_a_goal_at_the_limit_is_silent() -> None:
    z = _unlinked().point("goal").deviation.z
    for limit, severities in ((z, []), (nextafter(z, inf), [2])):
        diary = Diary(E4={"z": limit})
        diary.facts = _unlinked().facts
        assert diary.severities("E4") == severities


def test_forty_two_days_without_a_link_are_found() -> None:
    diary = Diary(E4={"sessions": 99}).usual(5).note(0, goal_linked=True)
    assert diary.session(5.99, (9.1, 8.2, 9.1, 9.0)).severities("E4") == []
    again = Diary(E4={"sessions": 99}).usual(5).note(0, goal_linked=True)
    assert again.session(6, (9.1, 8.2, 9.1, 9.0)).severities("E4") == [2]


def test_a_review_of_the_goals_is_a_link() -> None:
    assert _unlinked().frame("goal_reviewed", 2).severities("E4") == []


def test_goals_at_their_usual_level_are_silent() -> None:
    assert _unlinked(low=(9.1, 9.0, 9.1, 9.0)).severities("E4") == []


def test_a_case_without_links_or_goals_says_nothing_of_them() -> None:
    assert Diary().usual().session(5, (9.1, 8.2, 9.1, 9.0)).severities("E4") == []


def test_a_link_noted_later_lets_it_recover() -> None:
    diary = _unlinked().session(6, USUAL[0]).note(6, goal_linked=True)
    [finding] = [one for one in diary.course().heard if one.rule == "E4"]
    assert finding.status == "recovered"


def _roles(*differ: bool) -> Diary:
    diary = Diary()
    for week, other in enumerate(differ):
        offered = "adviser" if other else "explorer"
        diary.session(week)
        diary.note(week, offered_role=offered, client_role_preference="explorer")
    return diary


def test_another_role_in_half_of_four_sessions_is_noted() -> None:
    assert _roles(*(True, False, True, False)).severities("E5") == [1]
    assert _roles(*(True, False, False, False)).severities("E5") == []
    assert _roles(*(True, True, True)).severities("E5") == []


def test_an_interruption_is_a_frame_matter_by_itself() -> None:
    [finding] = Diary().frame("interruption", 0).found("E6", strained=False)
    assert finding.severity == 3


@pytest.mark.parametrize(("agreed", "severities"), [(False, [3]), (True, []), (None, [])])
def test_a_change_of_room_counts_where_it_was_not_agreed(
    agreed: bool | None,  # noqa: FBT001 - a case of the table
    severities: list[int],
) -> None:
    diary = Diary().frame("room_changed", 0, agreed=agreed)
    assert diary.severities("E6", strained=False) == severities


def test_two_failures_of_the_technology_in_four_sessions_are_noted() -> None:
    diary = Diary().usual(5)
    assert diary.frame("tech_failure", 1, hours=0.2).severities("E7") == []
    assert diary.frame("tech_failure", 4, hours=0.2).severities("E7") == [1]


def test_failures_in_the_first_sessions_of_all_count_together() -> None:
    diary = Diary().usual(2).frame("tech_failure", 0, hours=0.2)
    assert diary.frame("tech_failure", 1, hours=0.2).severities("E7") == [1]


def test_a_failure_at_the_start_of_the_fourth_last_session_counts() -> None:
    diary = Diary().usual(5).frame("tech_failure", 1).frame("tech_failure", 4, hours=0.2)
    assert diary.severities("E7") == [1]


def test_a_failure_before_the_last_four_sessions_no_longer_counts() -> None:
    diary = Diary().usual(5).frame("tech_failure", 0, hours=0.2)
    assert diary.frame("tech_failure", 4, hours=0.2).severities("E7") == []
