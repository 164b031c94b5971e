"""The parts of a backtest: alarms known again, reviews weighed, findings counted, rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.alliance.alerts import alert_id
from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.rules.whole_alliance import WholeAlliance
from rupture_watch.operations.backtest.matching import match
from rupture_watch.operations.backtest.rates import Ratio
from rupture_watch.operations.backtest.reviews import Answer, Fate, reviewed
from rupture_watch.operations.backtest.rules import RuleTally, count_findings
from rupture_watch.operations.backtest.verdict import Alarm, Found, judge
from tests.builders import CASE, a_closure, a_review, on, the_rules, voided, weeks

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Finding


def an_alarm(*facts: str, day: float = 0.0, **said: Any) -> Alarm:
    """Return an alarm that these facts triggered, the first of them first."""
    usual = {"severity": 3, "state": "open", "lead": "A1", "headline": "Rating fell."}
    return Alarm(
        alert_id=alert_id(CASE, facts[0]),
        case=CASE,
        time=on(day),
        facts=frozenset(facts),
        **{**usual, **said},
    )


# matching


def test_alarms_with_the_same_id_are_the_same() -> None:
    found = match([an_alarm("s5")], [an_alarm("s5", severity=4)])
    assert found.vanished == found.fired == ()
    [pair] = found.pairs
    assert (pair.moved, pair.severity_change) == (0, 1)


def test_alarms_that_share_a_trigger_are_the_same() -> None:
    [pair] = match([an_alarm("s6", "s7", day=42)], [an_alarm("s5", "s7", day=35)]).pairs
    assert pair.moved == -1


def test_what_shares_nothing_vanishes_and_fires() -> None:
    old, new = an_alarm("s5"), an_alarm("s9")
    assert match([old], [new]) == ((), (old,), (new,))


def test_an_alarm_that_is_told_in_two_is_neither_lost_nor_new() -> None:
    found = match([an_alarm("s5", "s9")], [an_alarm("s5"), an_alarm("s9", day=28)])
    assert len(found.pairs) == 1
    assert found.pairs[0].new.facts == {"s5"}
    assert found.vanished == found.fired == ()


def test_two_alarms_that_become_one_both_live_on() -> None:
    merged = an_alarm("s5", "s9")
    found = match([an_alarm("s5"), an_alarm("s9")], [merged])
    assert [pair.new for pair in found.pairs] == [merged, merged]


def test_of_several_partners_the_nearest_is_taken() -> None:
    old = an_alarm("s5", "s6", "s7", day=35)
    near, far = an_alarm("s6", "s7", day=42), an_alarm("s7", day=35)
    assert match([old], [far, near]).pairs[0].new is near
    late, early = an_alarm("s7", day=80), an_alarm("s6", day=30)
    assert match([old], [late, early]).pairs[0].new is early


# reviews


def fates(*reviews: tuple[str, str, str | None], **alarms: list[Alarm]) -> list[tuple[str, str]]:
    """Return (answer, fate) after these reviews: (fact of the alert, action, reason)."""
    facts = [
        a_review(alert_id(CASE, fact), day, action, reason_code=reason)
        for day, (fact, action, reason) in enumerate(reviews)
    ]
    found = reviewed(CASE, facts, match(alarms.get("old", []), alarms.get("new", [])))
    return [(one.answer.value, one.fate.value) for one in found]


def test_a_dismissed_alert_that_the_new_rules_do_not_raise_vanishes() -> None:
    assert fates(("s5", "dismissed", "not_accurate"), old=[an_alarm("s5")]) == [
        ("dismissed", "vanishes")
    ]


def test_a_reviewed_alert_that_both_raise_stays() -> None:
    assert fates(("s5", "repair_confirmed", None), old=[an_alarm("s5")], new=[an_alarm("s5")]) == [
        ("repaired", "stays")
    ]


def test_an_alert_is_known_by_the_id_of_any_of_its_triggers() -> None:
    assert fates(("s7", "acknowledged", None), old=[an_alarm("s5", "s7")]) == [
        ("acknowledged", "vanishes")
    ]


def test_a_reviewed_alert_that_only_the_new_rules_raise_comes() -> None:
    assert fates(("s5", "unrepaired", None), new=[an_alarm("s5")]) == [("unrepaired", "comes")]


def test_a_reviewed_alert_that_nobody_raises_is_unknown() -> None:
    assert fates(("s5", "dismissed", "other")) == [("dismissed", "unknown")]


def test_dismissed_as_repaired_already_speaks_for_the_alert() -> None:
    assert fates(("s5", "dismissed", "already_repaired")) == [("repaired", "unknown")]


@pytest.mark.parametrize(
    ("actions", "answer"),
    [
        (("acknowledged", "dismissed"), "dismissed"),
        (("dismissed", "acknowledged"), "dismissed"),
        (("dismissed", "reopened"), "acknowledged"),
        (("dismissed", "repair_opened"), "repaired"),
        (("repair_opened", "unrepaired"), "unrepaired"),
    ],
)
def test_the_last_decisive_review_counts(actions: tuple[str, ...], answer: str) -> None:
    assert fates(*(("s5", action, "other") for action in actions)) == [(answer, "unknown")]


def test_a_reason_belongs_to_a_dismissal_and_a_voided_review_to_nothing() -> None:
    alert = alert_id(CASE, "s5")
    dismissal = a_review(alert, 1, "dismissed", reason_code="good_sign")
    [one] = reviewed(CASE, [dismissal], match([], []))
    assert (one.answer, one.reason, one.fate) == (Answer.DISMISSED, "good_sign", Fate.UNKNOWN)
    assert reviewed(CASE, [voided(dismissal)], match([], [])) == []


# findings by rule


def counted(old: dict[str, tuple[float, int]], new: dict[str, tuple[float, int]]) -> RuleTally:
    """Return what becomes of one rule's findings: by fact, (day, severity)."""
    tally = RuleTally()
    sides = [
        {("A1", fact): Found(on(day), severity) for fact, (day, severity) in side.items()}
        for side in (old, new)
    ]
    count_findings({"A1": tally}, *sides)
    return tally


def test_a_finding_of_both_is_counted_on_either_side() -> None:
    tally = counted({"s5": (35, 3)}, {"s5": (35, 3)})
    assert (tally.old, tally.new, tally.is_changed) == (1, 1, False)


def test_a_finding_that_becomes_a_note_vanishes_and_back_again() -> None:
    assert counted({"s5": (35, 2)}, {"s5": (35, 1)}) == RuleTally(old=1, vanished=1)
    assert counted({"s5": (35, 1)}, {"s5": (35, 2)}) == RuleTally(new=1, fired=1)
    assert not counted({"s5": (35, 1)}, {}).is_changed


def test_another_severity_is_milder_or_sharper() -> None:
    assert counted({"s5": (35, 3)}, {"s5": (35, 2)}) == RuleTally(old=1, new=1, milder=1)
    assert counted({"s5": (35, 3)}, {"s5": (35, 4)}) == RuleTally(old=1, new=1, sharper=1)


def test_a_rule_that_speaks_of_a_fact_near_by_has_moved() -> None:
    assert counted({"s5": (35, 2)}, {"s6": (42, 2)}) == RuleTally(old=1, new=1, moved=1)
    assert counted({"s5": (35, 2)}, {"s9": (63, 2)}).moved == 1
    assert counted({"s5": (35, 2)}, {"s9": (63.1, 2)}) == RuleTally(1, 1, vanished=1, fired=1)
    assert counted({"s5": (35, 2), "s6": (42, 2)}, {"s4": (28, 2)}) == RuleTally(
        old=2, new=1, moved=1, vanished=1
    )


# verdicts


def test_a_case_is_judged_from_its_final_facts() -> None:
    facts = weeks(36, 36, 36, 36, 36, 26, 36, 36)
    verdict = judge(CASE, [*reversed(facts), *facts], the_rules(), on(60))
    [alarm] = verdict.alarms
    assert alarm.alert_id == alert_id(CASE, "s6/SRS/client")
    assert alarm.time == on(35.04)
    assert verdict.findings["A1", "s6/SRS/client"] == (on(35.04), 3)
    assert (verdict.rated_sessions, verdict.weeks) == (8, 8)


def test_history_that_came_late_on_purpose_is_no_alarm() -> None:
    facts = [
        one._replace(backfill=True, recorded=one.time + 200 * DAY)
        for one in weeks(36, 36, 36, 36, 36, 26)
    ]
    assert judge(CASE, facts, the_rules(), on(300)).alarms == ()


def test_a_fact_on_which_a_rule_fails_is_left_out_as_the_service_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = weeks(36, 36, 36, 36, 36, 26, 36, 36)
    [bad] = [one for one in facts if one.name == "s3/SRS/client"]
    without = judge(CASE, [one for one in facts if one is not bad], the_rules(), on(60))
    as_ever = WholeAlliance.judge

    def fails(rule: WholeAlliance, course: Course) -> Finding | None:
        if course.fact is bad:
            raise ZeroDivisionError
        return as_ever(rule, course)

    monkeypatch.setattr(WholeAlliance, "judge", fails)
    assert judge(CASE, facts, the_rules(), on(60)) == without
    assert len(without.alarms) == 1


def test_a_case_without_sessions_lasts_a_week() -> None:
    assert judge(CASE, [a_closure(3)], the_rules(), on(60)) == ((), {}, 0, 1.0)


# rates


def test_a_rate_is_a_ratio_of_sums() -> None:
    ratio = Ratio()
    for count, size in ((1, 10), (0, 20), (2, 10)):
        ratio.add(count, size)
    rate = ratio.per(100)
    assert rate is not None
    assert rate.value == pytest.approx(7.5)
    assert rate.low < rate.value < rate.high


def test_cases_that_all_agree_leave_no_doubt() -> None:
    ratio = Ratio()
    for _ in range(5):
        ratio.add(1, 10)
    rate = ratio.per(100)
    assert rate is not None
    assert (rate.low, rate.high) == pytest.approx((10, 10))


def test_the_interval_is_that_of_a_binomial_where_cases_are_single_sessions() -> None:
    ratio = Ratio()
    for number in range(1000):
        ratio.add(number % 10 == 0, 1)
    rate = ratio.per(1)
    assert rate is not None
    assert rate.high - rate.value == pytest.approx(1.96 * (0.1 * 0.9 / 1000) ** 0.5)


def test_without_sessions_there_is_no_rate() -> None:
    ratio = Ratio()
    ratio.add(1, 0)
    assert ratio.per(100) is None
