"""Troubleshooting, quiet withdrawal and attendance."""

from math import comb
from typing import Any

import pytest

from rupture_watch.alliance.findings import Source
from rupture_watch.alliance.rules.beta import beta_tail
from tests.unit.rules.diary import USUAL, Diary

VARIED = (33.0, 38.0, 34.0, 38.0)
FLAT = (36.0, 36.5, 36.0, 36.5)


def _quiet(
    *, before: tuple[float, ...] = VARIED, lately: tuple[float, ...] = FLAT, **numbers: float
) -> Diary:
    """Rate, then leave a form out and an appointment."""
    diary = Diary(K3=numbers) if numbers else Diary()
    totals = (*before, *lately)
    for week, value in enumerate(totals):
        diary.session(week).total(week, value, "SRS")
    last = len(totals)
    return diary.session(last).no_show(last + 1)


def test_flat_ratings_with_a_missing_form_and_a_miss_are_found() -> None:
    [finding] = _quiet().found("K3", until=12)
    assert finding.severity == 3
    assert finding.source is Source.RATINGS
    assert finding.trigger.fact == "a8"
    assert finding.trigger.time == Diary.at(9)


def test_it_does_not_matter_whether_form_or_appointment_is_missed_first() -> None:
    diary = Diary()
    for week, value in enumerate((*VARIED, *FLAT)):
        diary.session(week).total(week, value, "SRS")
    [finding] = diary.no_show(8).session(9).found("K3", until=12)
    assert finding.trigger.fact == "a9"


def test_a_spread_of_half_of_what_it_was_is_not_flat() -> None:
    from statistics import stdev  # noqa: PLC0415 - the figure of this test alone

    share = stdev(FLAT) / stdev(VARIED)
    assert _quiet(spread_share=share).severities("K3", until=12) == []
    assert _quiet(spread_share=share + 1e-9).severities("K3", until=12) == [3]


def test_two_earlier_totals_have_no_spread_to_compare_with() -> None:
    assert _quiet(before=VARIED[:2]).severities("K3", until=12) == []
    assert _quiet(before=VARIED[:3]).severities("K3", until=12) == [3]


def _beside(kind: str) -> Diary:
    """Let the same happen beside an alert of another source."""
    diary = Diary()
    for week, value in enumerate((*VARIED, *FLAT)):
        items = {"clarity": 1.0} if (kind, week) == ("ratings", 7) else {}
        diary.session(week).form(week, None, total=value, items=items)
    if kind == "frame":
        diary.frame("interruption", 7, hours=0.5)
    return diary.session(8).no_show(9)


def test_another_finding_from_ratings_speaks_for_itself() -> None:
    assert _beside("ratings").severities("K3", until=12) == []
    assert _beside("frame").severities("K3", until=12) == [3]
    assert _beside("nothing").severities("K3", until=12) == [3]


def test_a_form_is_waited_for_before_it_is_missing() -> None:
    diary = Diary()
    for week, value in enumerate((*VARIED, *FLAT)):
        diary.session(week).total(week, value, "SRS")
    diary.session(8).no_show(8.4)
    # the miss comes 2.8 days after the session: its form may still come
    assert diary.severities("K3", until=8.41) == []
    assert diary.severities("K3", until=8.43) == [3]


def test_a_miss_outside_of_four_appointments_does_not_count() -> None:
    diary = Diary()
    for week, value in enumerate(VARIED):
        diary.session(week).total(week, value, "SRS")
    diary.no_show(4)
    for week, value in enumerate(FLAT, start=5):
        diary.session(week).total(week, value, "SRS")
    # the missing form of week 9 is the first of the last four, the miss the sixth last
    assert diary.session(9).severities("K3", until=12) == []


def _attended(misses: str) -> Diary:
    """Write an appointment for each sign: ``+`` attended, ``-`` missed by the client."""
    diary = Diary()
    for week, sign in enumerate(misses):
        if sign == "+":
            diary.session(week)
        else:
            diary.no_show(week)
    return diary


def test_an_early_no_show_is_a_note() -> None:
    assert _attended("-").severities("K4") == [1]
    assert _attended("++-").severities("K4") == [1]


def test_from_session_three_on_a_single_no_show_is_nothing() -> None:
    assert _attended("+++-").severities("K4") == []


def test_an_early_no_show_with_a_low_rating_is_told() -> None:
    low = Diary().session(0, (7.0, 7.0, 7.0, 7.0)).no_show(1)
    assert low.severities("K4") == [2]
    assert low.severities("K4", strained=False) == [1]
    assert Diary().session(0, USUAL[0]).no_show(1).severities("K4") == [1]


def test_a_low_rating_of_more_than_two_weeks_ago_is_too_old() -> None:
    near = Diary().session(0, (7.0, 7.0, 7.0, 7.0)).no_show(2)
    far = Diary().session(0, (7.0, 7.0, 7.0, 7.0)).no_show(2.01)
    assert near.severities("K4") == [2]
    assert far.severities("K4") == [1]


def test_later_the_clients_own_rate_decides() -> None:
    # Beta(1.2 + misses, 8.8 + kept): the tail above .24 reaches .8 at the third of six
    for signs in ("+++-", "+++--", "+++---"):
        missed, kept = signs.count("-"), signs.count("+")
        tail = beta_tail(0.24, 1.2 + missed, 8.8 + kept)
        found = [
            one for one in _attended(signs).found("K4") if one.trigger.fact == f"a{len(signs) - 1}"
        ]
        assert bool(found) is (tail >= 0.8)
        assert all(one.severity == 2 for one in found)


def test_a_rate_at_the_limit_is_found() -> None:
    tail = beta_tail(0.24, 1.2 + 2, 8.8 + 3)
    for limit, count in ((tail, 1), (tail + 1e-9, 0)):
        diary = Diary(K4={"probability": limit})
        for week in range(3):
            diary.session(week)
        diary.no_show(3).no_show(4)
        assert len([one for one in diary.found("K4") if one.trigger.fact == "a4"]) == count


@pytest.mark.parametrize(
    "excuse",
    [{"reason_code": "illness"}, {"shared_cause": True}, {"initiator": "unknown"}],
)
def test_an_excused_no_show_is_none(excuse: dict[str, Any]) -> None:
    assert Diary().no_show(0, **excuse).severities("K4") == []


def test_a_cancellation_with_notice_is_no_no_show() -> None:
    assert Diary().cancel(0, "client", 48).severities("K4") == []
    assert Diary().cancel(0, "client", 2).severities("K4") == []


@pytest.mark.parametrize(("a", "b"), [(1, 1), (2, 5), (3, 9), (7, 2), (12, 30)])
def test_the_beta_tail_is_a_binomial_sum(a: int, b: int) -> None:
    # P(X > x) for whole a and b is the chance of fewer than a successes in a + b - 1 draws
    n = a + b - 1
    for x in (0.05, 0.24, 0.5, 0.9):
        exact = sum(comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a))
        assert beta_tail(x, a, b) == pytest.approx(exact, abs=1e-10)


def _low_for(weeks: int) -> Diary:
    diary = Diary().usual()
    for week in range(5, 5 + weeks):
        diary.session(week, (7.0, 7.0, 7.0, 7.0))
    return diary


def test_an_unanswered_alert_is_told_again_after_seven_days_once() -> None:
    silent = _low_for(1)
    assert "K2" not in _rules(silent, until=5 + 1 - 0.001)
    assert _rules(silent, until=6.01).count("K2") == 1
    assert _rules(silent, until=8).count("K2") == 1


def test_a_fall_that_is_not_regained_within_three_ratings_is_told_again() -> None:
    # once for want of an answer, once for want of repair
    assert _rules(_low_for(4), until=8.1).count("K2") == 2
    assert _rules(_low_for(3), until=7.1).count("K2") == 1


def test_an_answered_alert_is_not_told_again() -> None:
    diary = _low_for(1)
    [alert] = diary.case(until=5.1).course.book.alerts
    diary.review(5.2, alert.alert_id, "acknowledged")
    assert "K2" not in _rules(diary, until=8)


def _rules(diary: Diary, *, until: float) -> list[str]:
    alerts = diary.case(until=until).course.book.alerts
    return [finding.rule for alert in alerts for finding in alert.findings]
