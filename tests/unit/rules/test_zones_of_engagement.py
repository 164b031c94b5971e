"""Support and confrontation in balance, as the client signals."""

from math import inf, nextafter

import pytest

from rupture_watch.alliance.findings import RuptureType, Source
from tests.unit.rules.diary import USUAL, Diary


def _tagged(signs: str, **numbers: float) -> Diary:
    """Hold a session for each sign: ``c`` with a challenge, ``e`` with empathy, ``.`` untagged."""
    diary = Diary(F1=numbers) if numbers else Diary()
    tags = {"c": ("challenge", "empathy"), "e": ("empathy",), ".": ()}
    for week, sign in enumerate(signs):
        diary.session(week, USUAL[week % 5]).note(week, interventions=tags[sign])
    return diary


def test_more_than_sixty_percent_challenge_is_found() -> None:
    [finding] = _tagged("eccc").found("F1")
    assert finding.severity == 2
    assert finding.type is RuptureType.CONFRONTATION
    assert _tagged("eecc").severities("F1") == []


def test_shares_at_the_limits_are_a_balance() -> None:
    assert _tagged("eccc", above=0.75).severities("F1") == []
    assert _tagged("eccc", above=0.7499).severities("F1") == [2]
    assert _tagged("ceeceeee", below=0.0).severities("F1") == []


def test_three_tagged_sessions_are_too_few() -> None:
    assert _tagged(".ccc").severities("F1") == []
    assert _tagged("c.ccc").severities("F1") == [2]


def test_no_challenge_from_session_eight_on_is_found() -> None:
    assert _tagged("ceeeeee").severities("F1") == []
    [finding] = _tagged("ceeeeeee").found("F1")
    assert finding.type is RuptureType.WITHDRAWAL


def test_one_challenge_in_four_is_a_balance() -> None:
    assert _tagged("eeeeceeee"[:9]).severities("F1", strained=False) == [1]
    assert _tagged("eeeeeeec").severities("F1") == []


def test_what_lasts_is_noted_once_in_four_sessions() -> None:
    assert _tagged("cccccccc").severities("F1", strained=False) == [1, 1]


LOW = (8.3, 8.3, 8.3, 8.3)


def _zones(differ: str, **numbers: float) -> Diary:
    """Hold sessions after five usual ones; ``x``: another zone is offered than signalled."""
    diary = Diary(F2=numbers) if numbers else Diary()
    diary.usual()
    for week, sign in enumerate(differ, start=5):
        last = week == 4 + len(differ)
        offered = "confrontation" if sign == "x" else "empathy"
        diary.session(week, LOW if last else USUAL[0])
        diary.note(week, signalled_zone="empathy", offered_zone=offered)
    return diary


def test_two_of_three_other_zones_and_a_low_rating_are_found() -> None:
    assert _zones("x=x").severities("F2") == [2]
    assert _zones("x==").severities("F2") == []
    assert _zones("xx=").severities("F2") == [2]


def test_the_fourth_last_session_no_longer_counts() -> None:
    assert _zones("x==x").severities("F2") == []


def test_a_rating_at_the_limit_is_silent() -> None:
    z = _zones("x=x").point("total").deviation.z
    assert _zones("x=x", z=z).severities("F2") == []
    assert _zones("x=x", z=nextafter(z, inf)).severities("F2") == [2]


def _challenged(bond: float, **numbers: float) -> Diary:
    diary = Diary(F3=numbers) if numbers else Diary()
    diary.usual().session(5, (bond, 9.0, 9.1, 9.0)).session(6, USUAL[0])
    return diary.note(6, interventions=("challenge",))


def test_a_challenge_after_a_low_bond_is_found() -> None:
    [finding] = _challenged(8.0).found("F3")
    assert finding.severity == 3
    assert finding.source is Source.NOTES


def test_a_challenge_after_a_usual_bond_is_silent() -> None:
    assert _challenged(9.1).severities("F3") == []


def test_a_bond_is_judged_from_the_third_prior_rating_on() -> None:
    for weeks, severities in ((2, []), (3, [3])):
        diary = Diary().usual(weeks).session(weeks, (7.0, 9.0, 9.1, 9.0))
        diary.session(weeks + 1, USUAL[0]).note(weeks + 1, interventions=("challenge",))
        assert diary.severities("F3") == severities


def test_a_bond_at_the_limit_is_not_low() -> None:
    diary = Diary().usual().session(5, (8.0, 9.0, 9.1, 9.0))
    z = diary.point("bond").deviation.z
    assert _challenged(8.0, z=z).severities("F3") == []
    assert _challenged(8.0, z=nextafter(z, inf)).severities("F3") == [3]


def test_the_bond_of_the_challenged_session_itself_comes_after_the_challenge() -> None:
    diary = Diary().usual().session(5, (8.0, 9.0, 9.1, 9.0))
    assert diary.note(5, interventions=("challenge",)).severities("F3") == []


@pytest.mark.parametrize(("about", "severities"), [("therapist", [4]), ("admin", []), (None, [])])
def test_a_complaint_counts_where_it_is_about_the_therapist(
    about: str | None, severities: list[int]
) -> None:
    diary = Diary().frame("complaint", 0, about=about, by="client")
    assert diary.severities("F4", strained=False) == severities


def test_an_appointment_given_up_as_unhappy_is_told() -> None:
    diary = Diary().cancel(0, "client", 48, reason_code="pat-ucp")
    [finding] = diary.found("F4", strained=False)
    assert finding.severity == 4
    assert finding.source is Source.ATTENDANCE
    assert Diary().cancel(0, "client", 48, reason_code="pat").severities("F4") == []
