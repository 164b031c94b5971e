"""The frame: consent, privacy and payment."""

import pytest

from rupture_watch.alliance.findings import RuptureType
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
