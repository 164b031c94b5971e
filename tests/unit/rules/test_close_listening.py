"""Does the client feel heard, and do both see the same session."""

from math import inf, nextafter

import pytest

from rupture_watch.alliance.findings import Source
from tests.unit.rules.diary import TOP, USUAL, Diary


def _relationship(last: float, **numbers: float) -> Diary:
    diary = Diary(D1=numbers) if numbers else Diary()
    return diary.usual().session(5, (last, 9.0, 9.1, 9.0))


def test_a_relationship_line_below_nine_and_below_usual_is_found() -> None:
    assert _relationship(7.9).severities("D1") == [2]


def test_a_relationship_line_at_its_z_limit_is_silent() -> None:
    z = _relationship(7.9).point("bond").deviation.z
    assert _relationship(7.9, z=z).severities("D1") == []
    assert _relationship(7.9, z=nextafter(z, inf)).severities("D1") == [2]


def test_a_relationship_line_of_nine_is_heard_enough() -> None:
    assert _relationship(9.0, z=99.0).severities("D1") == []
    assert _relationship(8.9, z=99.0).severities("D1") == [2]


def _both(client: tuple[float, ...], therapist: tuple[float, ...], **numbers: float) -> Diary:
    diary = Diary(D2=numbers) if numbers else Diary()
    for week, (own, other) in enumerate(zip(client, therapist, strict=True)):
        diary.session(week).total(week, own, "SRS").total(week, other, "SRS", "therapist")
    return diary


STEADY = (36.0, 36.5, 36.0, 36.5, 36.0)


def test_two_wide_gaps_in_three_sessions_are_found() -> None:
    diary = _both((*STEADY, 28.0, 27.0), (*STEADY, 36.0, 36.5))
    [finding] = diary.found("D2")
    assert finding.severity == 3
    assert finding.source is Source.THERAPIST_FORM
    assert finding.trigger.fact == "s6/SRS/client"


def test_one_wide_gap_is_silent() -> None:
    assert _both((*STEADY, 28.0, 36.5), (*STEADY, 36.0, 36.5)).severities("D2") == []


def test_two_wide_gaps_in_four_sessions_are_silent() -> None:
    diary = _both((*STEADY, 28.0, 36.0, 36.5, 26.0), (*STEADY, 36.0, 36.5, 36.0, 36.5))
    assert diary.severities("D2") == []


def test_the_usual_gap_is_no_gap() -> None:
    # the client is always two spreads below: the median of the earlier gaps takes it in
    client = (36.0, 36.5, 36.0, 36.5, 36.0, 28.0, 36.0, 28.0, 28.0, 27.5, 27.0, 27.0)
    therapist = (36.0,) * len(client)
    early = _both(client, therapist, gap_z=1.0).severities("D2")
    late = _both(client, therapist, gap_z=2.0).found("D2")
    assert early
    assert all(one.trigger.session_id != "s11" for one in late)


def test_a_session_without_the_therapists_form_is_passed_over() -> None:
    diary = Diary()
    for week, own in enumerate((*STEADY, 28.0, 27.0)):
        diary.session(week).total(week, own, "SRS")
    assert diary.severities("D2") == []


def _symptoms(*values: float, lines: tuple[float, ...] = TOP) -> Diary:
    diary = Diary()
    for week, value in enumerate(values):
        last = week == len(values) - 1
        diary.session(week, lines if last else USUAL[0]).total(week, value, "PHQ-9")
    return diary


def test_symptoms_worse_by_the_reliable_change_at_the_ceiling_are_found() -> None:
    assert _symptoms(10, 10, 16).severities("D3") == [2]
    assert _symptoms(10, 10, 15).severities("D3") == []


def test_symptoms_worse_than_at_the_start_are_found() -> None:
    assert _symptoms(10, 13, 16).severities("D3") == [2]


def test_symptoms_that_got_better_contradict_nothing() -> None:
    assert _symptoms(16, 10, 4).severities("D3") == []


def test_symptoms_with_a_rating_below_the_ceiling_contradict_nothing() -> None:
    assert _symptoms(10, 10, 20, lines=(9.9, 9.9, 9.8, 9.8)).severities("D3") == []


def test_an_outcome_that_falls_is_worse() -> None:
    diary = Diary().usual(2).session(2, TOP)
    diary.total(0, 25, "ORS").total(1, 25, "ORS").total(2, 20, "ORS")
    assert diary.severities("D3") == [2]


LOW = (7.0, 7.0, 7.0, 7.0)


def _unseen(*, second: int = 6, therapist: float | None = 36.0) -> Diary:
    diary = Diary()
    for week in range(second + 1):
        low = week in (5, second)
        diary.session(week, LOW if low else USUAL[week % 5])
        if therapist is not None:
            diary.total(week, therapist if low else 36.0, "SRS", "therapist")
    return diary


def test_two_falls_that_the_therapist_did_not_see_are_found() -> None:
    diary = _unseen()
    [finding] = diary.found("D4")
    assert finding.severity == 3
    assert finding.trigger.session_id == "s6"


def test_a_therapists_form_below_own_median_has_seen_it() -> None:
    assert _unseen(therapist=35.9).severities("D4") == []


@pytest.mark.parametrize(("second", "severities"), [(10, [3]), (11, [])])
def test_twice_in_six_sessions_counts(second: int, severities: list[int]) -> None:
    assert _unseen(second=second).severities("D4") == severities


def test_a_note_that_saw_no_rupture_counts_too() -> None:
    diary = _unseen(therapist=None)
    diary.note(5, therapist_sees_rupture=False).note(6, therapist_sees_rupture=False)
    [finding] = diary.found("D4")
    assert finding.source is Source.NOTES
    assert finding.trigger.fact == "s6"


def test_a_note_that_says_nothing_of_ruptures_is_silent() -> None:
    diary = _unseen(therapist=None).note(5, interventions=("empathy",)).note(6)
    assert diary.severities("D4") == []
