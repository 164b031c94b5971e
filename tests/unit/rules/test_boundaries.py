"""The roles that are expected, and the boundaries that are kept."""

from math import inf, nextafter
from typing import Any

from rupture_watch.alliance.findings import Finding, RuptureType, Source
from tests.unit.rules.diary import Diary

LOW = (9.1, 9.0, 8.0, 9.0)


def _roles(*, explained: bool, weeks: int = 5, **numbers: float) -> Diary:
    diary = Diary(I5=numbers) if numbers else Diary()
    diary.frame("roles_explained" if explained else "goals_set", 0, hours=-1)
    return diary.usual(weeks).session(weeks, LOW)


def test_a_low_way_of_working_without_roles_is_found() -> None:
    [finding] = _roles(explained=False).found("I5")
    assert finding.severity == 2
    assert finding.type is RuptureType.FRAME
    assert _roles(explained=True).severities("I5") == []


def test_the_roles_are_due_by_session_two() -> None:
    early = Diary(I5={"by_session": 6}).frame("goals_set", 0, hours=-1).usual().session(5, LOW)
    assert early.severities("I5") == []
    late = Diary(I5={"by_session": 5}).frame("goals_set", 0, hours=-1).usual().session(5, LOW)
    assert late.severities("I5") == [2]
    assert _roles(explained=False).severities("I5", truncated=True) == []


def test_a_way_of_working_at_the_limit_is_silent() -> None:
    z = _roles(explained=False).point("task").deviation.z
    assert _roles(explained=False, z=z).severities("I5") == []
    assert _roles(explained=False, z=nextafter(z, inf)).severities("I5") == [2]


def _crossed(**fields: Any) -> list[Finding]:
    return Diary().frame("boundary_crossing", 0, **fields).found("I6", strained=False)


def test_a_boundary_crossing_is_found_unless_it_is_the_clients_push() -> None:
    assert [one.severity for one in _crossed(by="provider", boundary="other")] == [3]
    assert [one.severity for one in _crossed()] == [3]
    assert _crossed(by="client") == []


def _overran(*minutes: int) -> Diary:
    diary = Diary()
    for week, overrun in enumerate(minutes):
        diary.session(week, overrun_minutes=overrun)
    return diary


def test_three_of_six_sessions_that_ran_over_are_found() -> None:
    [finding] = _overran(10, 0, 0, 10, 0, 10).found("I6", strained=False)
    assert finding.severity == 3
    assert finding.source is Source.ATTENDANCE
    assert _overran(10, 0, 0, 9, 0, 10).severities("I6") == []
    assert _overran(10, 0, 0, 0, 10, 0, 10).severities("I6") == []


def test_two_unscheduled_contacts_in_28_days_are_found() -> None:
    near = Diary().frame("unscheduled_contact", 0, by="provider")
    far = Diary().frame("unscheduled_contact", 0, by="provider")
    assert near.frame("unscheduled_contact", 4, by="provider").severities("I6") == [3]
    assert far.frame("unscheduled_contact", 4.01, by="provider").severities("I6") == []


def test_a_contact_that_the_client_seeks_crosses_nothing() -> None:
    diary = Diary().frame("unscheduled_contact", 0, by="client")
    assert diary.frame("unscheduled_contact", 1, by="client").severities("I6") == []
