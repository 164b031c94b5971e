"""A steady schedule, and a therapist who stays."""

from math import inf, nextafter
from typing import Any

import pytest

from rupture_watch.alliance.findings import Clears, RuptureType, Source
from tests.unit.rules.diary import USUAL, Diary


def test_a_load_of_three_is_found_and_less_is_silent() -> None:
    assert Diary().cancel(0, "provider", 23.9).severities("I3", strained=False) == [2]
    assert Diary().cancel(0, "provider", 24).severities("I3") == []


def test_a_load_of_five_is_more_severe() -> None:
    # 3 now, 2 for a start 10 minutes late at the same hour of the same day
    five = Diary().session(0, provider_late_minutes=10).cancel(0.01, "provider", 1.68)
    four = Diary().session(0, provider_late_minutes=9).cancel(0.01, "provider", 1.68)
    assert five.severities("I3") == [3]
    assert four.severities("I3") == [2]


def test_the_load_halves_in_28_days() -> None:
    # 1.5 and half of 3.0 are 3.0
    exactly = Diary().cancel(0, "provider", 0).cancel(4 + 1 / 7, "provider", 24)
    later = Diary().cancel(0, "provider", 0).cancel(4 + 1 / 7 + 0.01, "provider", 24)
    assert exactly.severities("I3") == [2, 2]
    # two cancellations of the last six are found by the second clause
    assert [one.evidence[0].measure for one in later.found("I3")] == [
        "frame_load",
        "provider_cancel",
    ]


def test_a_single_weight_of_four_is_severe_at_once() -> None:
    assert Diary().frame("therapist_changed", 0).severities("I3") == [3]
    assert Diary().frame("therapist_changed", 0, handover=True).severities("I3") == []


@pytest.mark.parametrize(
    "excuse", [{"reason_code": "illness"}, {"reason_code": "holiday"}, {"shared_cause": True}]
)
def test_what_nobody_chose_counts_half(excuse: dict[str, Any]) -> None:
    assert Diary().cancel(0, "provider", 1, **excuse).severities("I3") == []
    twice = Diary().cancel(0, "provider", 1, **excuse).cancel(0.1, "provider", 1, **excuse)
    # one and a half twice is just below three by its age, and two halves are one cancellation
    assert twice.severities("I3") == []


def test_two_of_six_cancelled_by_the_provider_are_found() -> None:
    diary = Diary().cancel(0, "provider", 48)
    for week in range(1, 5):
        diary.session(week)
    [finding] = diary.cancel(5, "provider", 48).found("I3", strained=False)
    assert finding.severity == 2
    assert [one.measure for one in finding.evidence] == ["provider_cancel", "provider_cancel"]


def test_two_of_seven_cancelled_by_the_provider_are_silent() -> None:
    diary = Diary().cancel(0, "provider", 48)
    for week in range(1, 6):
        diary.session(week)
    assert diary.cancel(6, "provider", 48).severities("I3") == []


def test_a_practical_cancellation_counts_half_among_six() -> None:
    diary = Diary().cancel(0, "provider", 48, reason_code="transport")
    for week in range(1, 5):
        diary.session(week)
    assert diary.cancel(5, "provider", 48).severities("I3") == []


def test_a_missing_consent_is_a_heavy_weight() -> None:
    diary = Diary().frame("roles_explained", 0).session(0).session(1)
    [finding] = diary.found("I3")
    assert finding.severity == 3
    assert finding.trigger.fact == "a1"


def test_what_the_client_does_to_the_frame_is_no_break_by_the_clinic() -> None:
    diary = Diary().frame("boundary_crossing", 0, by="client", boundary="gift")
    assert diary.severities("I3") == []
    diary = Diary().frame("boundary_crossing", 0, by="provider", boundary="gift")
    assert diary.severities("I3") == [2]


def test_an_event_of_the_frame_does_not_speak_for_an_older_cancellation() -> None:
    diary = Diary().cancel(0, "provider", 48).cancel(0.1, "provider", 48)
    first = diary.severities("I3")
    assert diary.frame("tech_failure", 0.2).severities("I3") == first


def _unsteady(*minutes: int, **fields: Any) -> Diary:
    diary = Diary()
    for week, late in enumerate(minutes):
        more = fields if late >= 5 else {}
        diary.session(week, provider_late_minutes=late, **more)
    return diary


def test_three_of_six_late_starts_are_found() -> None:
    [finding] = _unsteady(5, 0, 0, 5, 0, 5).found("I7")
    assert finding.severity == 3
    assert finding.source is Source.ATTENDANCE
    assert _unsteady(5, 0, 0, 4, 0, 5).severities("I7") == []
    assert _unsteady(5, 0, 0, 0, 5, 0, 5).severities("I7") == []


def test_cancelled_and_late_add_up() -> None:
    diary = Diary().cancel(0, "provider", 48).session(1, provider_late_minutes=5)
    assert diary.session(2, provider_late_minutes=5).severities("I7") == [3]


def test_late_starts_that_many_share_count_half() -> None:
    assert _unsteady(5, 5, 5, shared_cause=True).severities("I7") == []
    assert _unsteady(5, 5, 5, 5, 5, shared_cause=True).severities("I7") == []
    assert _unsteady(5, 5, 5, 5, 5, 5, shared_cause=True).severities("I7") == [3]


def test_late_starts_can_happen_by_chance() -> None:
    assert _unsteady(5, 0, 5, 5).severities("I7", strained=False) == [1]


def _own_form(*values: float, **numbers: float) -> Diary:
    diary = Diary(I7=numbers) if numbers else Diary()
    for week, value in enumerate(values):
        diary.session(week).total(week, value, "SRS", "therapist")
    return diary


def test_the_therapists_own_form_that_falls_three_times_is_found() -> None:
    falling = (36.0, 36.2, 36.1, 35.5, 34.5, 31.5)
    [finding] = _own_form(*falling).found("I7")
    assert finding.severity == 3
    assert finding.source is Source.THERAPIST_FORM
    assert finding.type is RuptureType.FRAME
    assert _own_form(*falling[:-1]).severities("I7") == []
    assert _own_form(*falling[:-2], 35.5, 31.0).severities("I7") == []


def test_falls_that_add_up_to_less_than_the_spread_asked_for_are_silent() -> None:
    falling = (36.0, 36.2, 36.1, 35.5, 34.5, 31.5)
    spread = _own_form(*falling).point("total", respondent="therapist").deviation.spread
    exactly = round(36.1 - 31.5, 6) / spread
    assert _own_form(*falling, total_spreads=exactly - 1e-9).severities("I7") == [3]
    assert _own_form(*falling, total_spreads=nextafter(exactly, inf) + 1e-9).severities("I7") == []


@pytest.mark.parametrize(("handover", "severities"), [(False, [3]), (True, []), (None, [])])
def test_a_change_of_therapist_without_handover_is_a_single_event(
    handover: bool | None,  # noqa: FBT001 - a case of the table
    severities: list[int],
) -> None:
    diary = Diary().frame("therapist_changed", 0, handover=handover)
    assert diary.severities("I7", strained=False) == severities
    assert all(one.clears is Clears.EVENT for one in diary.found("I7"))


LOW = (6.5, 6.5, 6.5, 6.5)


def test_a_session_cut_short_within_a_week_of_a_low_rating_is_found() -> None:
    cut = {"overrun_minutes": -5, "ended_by": "provider"}
    within = Diary().usual().session(5, LOW).session(6, USUAL[0], **cut)
    after = Diary().usual().session(5, LOW).session(6.01, USUAL[0], **cut)
    assert within.severities("I8", strained=False) == [4]
    assert after.severities("I8") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"overrun_minutes": -4, "ended_by": "provider"},
        {"overrun_minutes": -5, "ended_by": "client"},
        {"overrun_minutes": -5},
    ],
)
def test_a_session_that_the_provider_did_not_cut_short_is_silent(fields: dict[str, Any]) -> None:
    diary = Diary().usual().session(5, LOW).session(6, USUAL[0], **fields)
    assert diary.severities("I8") == []


def test_a_cancellation_within_a_week_of_a_complaint_is_found() -> None:
    diary = Diary().frame("complaint", 0, about="admin").cancel(1, "provider", 1)
    assert diary.severities("I8", strained=False) == [4]
    exactly = Diary().frame("complaint", 0, about="admin").cancel(1, "provider", 0)
    assert exactly.severities("I8") == [4]
    late = Diary().frame("complaint", 0, about="admin").cancel(1, "provider", -1)
    assert late.severities("I8") == []


@pytest.mark.parametrize(
    "excuse",
    [
        {"reason_code": "illness"},
        {"reason_code": "holiday"},
        {"reason_code": "clinic_closure"},
        {"shared_cause": True},
    ],
)
def test_a_practical_cancellation_is_less_severe(excuse: dict[str, Any]) -> None:
    diary = Diary().frame("complaint", 0).cancel(1, "provider", 1, **excuse)
    assert diary.severities("I8", strained=False) == [2]


def test_the_clients_own_cancellation_is_none_by_the_provider() -> None:
    assert Diary().frame("complaint", 0).cancel(1, "client", 1).severities("I8") == []


def test_a_rating_at_the_limit_is_not_hard_to_hear() -> None:
    diary = Diary().usual().session(5, LOW)
    z = diary.point("total").deviation.z
    for limit, severities in ((z, []), (nextafter(z, inf), [4])):
        again = Diary(I8={"z": limit}).usual().session(5, LOW).cancel(6, "provider", 1)
        assert again.severities("I8") == severities
