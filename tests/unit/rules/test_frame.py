"""The frame: consent, privacy, payment, roles and boundaries."""

from math import inf, nextafter
from typing import Any

import pytest

from rupture_watch.alliance.findings import Finding, RuptureType, Source
from tests.unit.rules.diary import USUAL, Diary

FULL = ("privacy", "scheduling", "payment", "roles", "legal")


def _consent(scope: tuple[str, ...] | None, *, week: float = 0) -> Diary:
    diary = Diary().frame("consent_given", week, hours=-1, scope=scope)
    return diary.session(0, USUAL[0]).session(1, USUAL[1])


def test_no_consent_at_session_two_is_found() -> None:
    diary = Diary().frame("roles_explained", 0).session(0).session(1)
    [finding] = diary.found("I1", strained=False)
    assert finding.severity == 3
    assert finding.trigger.fact == "a1"
    assert finding.type is RuptureType.FRAME


def test_a_full_consent_is_enough_and_one_without_a_scope_counts_as_full() -> None:
    assert _consent(FULL).severities("I1") == []
    assert _consent(None).severities("I1") == []


@pytest.mark.parametrize("lacking", FULL)
def test_every_part_of_consent_counts(lacking: str) -> None:
    diary = _consent(tuple(part for part in FULL if part != lacking))
    [finding] = diary.found("I1")
    assert lacking in finding.statement


def test_two_consents_complete_each_other() -> None:
    diary = _consent(FULL[:3]).frame("consent_given", 0, hours=2, scope=FULL[3:])
    assert diary.severities("I1") == []


def test_consent_at_the_start_of_session_two_is_in_time() -> None:
    in_time = Diary().frame("consent_given", 1, scope=FULL).session(0).session(1)
    later = Diary().frame("roles_explained", 0).frame("consent_given", 1.01, scope=FULL)
    assert in_time.severities("I1") == []
    assert later.session(0).session(1).severities("I1") == [3]


def test_a_case_without_any_frame_event_has_no_such_feed() -> None:
    assert Diary().session(0).session(1).severities("I1") == []


@pytest.mark.parametrize("kind", ["consent_withdrawn", "consent_expired"])
def test_consent_that_ends_is_found_until_it_is_renewed(kind: str) -> None:
    diary = _consent(FULL).frame(kind, 2)
    [finding] = diary.found("I1", strained=False)
    assert finding.severity == 3
    assert finding.status == "holds"
    assert _status(diary.frame("consent_given", 3, scope=FULL)) == "recovered"


def _status(diary: Diary) -> str:
    [finding] = [one for one in diary.course().heard if one.rule == "I1"]
    return finding.status


def test_a_renewal_that_lacks_a_part_renews_nothing() -> None:
    diary = _consent(FULL).frame("consent_withdrawn", 2).frame("consent_given", 3, scope=FULL[1:])
    assert _status(diary) == "holds"


def test_consent_before_a_withdrawal_does_not_count_after_it() -> None:
    diary = Diary().frame("consent_given", 0, hours=-3, scope=FULL)
    diary.frame("consent_withdrawn", 0, hours=-2)
    diary.frame("consent_given", 0, hours=-1, scope=("privacy",)).session(0).session(1)
    said = [finding.trigger.fact for finding in diary.found("I1")]
    assert said == ["consent_withdrawn-0--2", "a1"]


def test_a_session_that_only_a_form_tells_of_is_judged_a_day_later() -> None:
    diary = Diary().frame("roles_explained", 0)
    for week in range(3):
        diary.form(week, USUAL[week])
    [finding] = diary.found("I1")
    assert finding.trigger.fact == "s1/SRS/client"


def test_the_first_sessions_of_a_case_cut_short_are_not_judged() -> None:
    diary = Diary().frame("roles_explained", 0).session(0).session(1)
    assert diary.severities("I1", truncated=True) == []


def test_a_privacy_incident_is_a_matter_of_the_day() -> None:
    assert Diary().frame("privacy_incident", 0).severities("I2", strained=False) == [4]


@pytest.mark.parametrize(("notice", "severities"), [(29, [2]), (30, []), (None, [])])
def test_a_fee_change_needs_thirty_days_of_notice(
    notice: float | None, severities: list[int]
) -> None:
    diary = Diary().frame("fee_changed", 0, notice_days=notice)
    assert diary.severities("I4", strained=False) == severities
    assert all(one.type is RuptureType.FRAME for one in diary.found("I4"))


def test_two_invoices_overdue_in_ninety_days_are_found() -> None:
    near = Diary().frame("invoice_overdue", 0).frame("invoice_overdue", 12.8)
    far = Diary().frame("invoice_overdue", 0).frame("invoice_overdue", 12.9)
    [finding] = near.found("I4", strained=False)
    assert finding.severity == 2
    assert finding.type is RuptureType.WITHDRAWAL
    assert far.severities("I4") == []


def test_one_who_was_overdue_before_is_not_new_to_it() -> None:
    diary = Diary().frame("invoice_overdue", 0).frame("invoice_overdue", 20)
    assert diary.frame("invoice_overdue", 21).severities("I4") == []


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
