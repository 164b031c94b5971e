"""A comparison of two rule sets, for machines and for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rupture_watch.alliance.standing import instant
from rupture_watch.operations.backtest.comparison import CASELOAD
from rupture_watch.operations.backtest.reviews import Answer, Fate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.operations.backtest.comparison import Comparison, Side
    from rupture_watch.operations.backtest.rates import Rate
    from rupture_watch.operations.backtest.reviews import Reviewed
    from rupture_watch.operations.backtest.verdict import Alarm

Plain = dict[str, Any]

DIGITS = 3


def as_json(found: Comparison) -> Plain:
    """Return the whole comparison as plain values, every changed alarm included."""
    return {
        "log": {
            "events": found.events,
            "refused": found.refused,
            "cases": found.cases,
            "erased": found.erased,
            "rated_sessions": found.rated_sessions,
            "case_weeks": round(found.weeks, 1),
            "until": instant(found.until),
        },
        "old": _side(found.old),
        "new": _side(found.new),
        "difference_per_100_rated_sessions": _rate(found.difference.per(100)),
        "alarms": moves(found),
        "rules": {rule: _tally(found, rule) for rule in found.rules},
        "reviewed": reviews(found.reviewed),
        "changes": _changes(found),
    }


def moves(found: Comparison) -> dict[str, int]:
    """Return how many of the old alarms vanish, live on or change, and how many are new."""
    pairs = found.pairs
    return {
        "vanished": len(found.vanished),
        "fired": len(found.fired),
        "live_on": len(pairs),
        "earlier": sum(pair.moved < 0 for pair in pairs),
        "later": sum(pair.moved > 0 for pair in pairs),
        "more_severe": sum(pair.severity_change > 0 for pair in pairs),
        "milder": sum(pair.severity_change < 0 for pair in pairs),
    }


def reviews(found: Iterable[Reviewed]) -> dict[str, Plain]:
    """Return by answer what becomes of the reviewed alerts; dismissals by reason too."""
    by_answer: dict[str, Plain] = {}
    for answer in Answer:
        mine = [one for one in found if one.answer is answer]
        by_answer[answer.value] = _fates(mine)
        if answer is Answer.DISMISSED:
            reasons = sorted({one.reason or "other" for one in mine})
            by_answer[answer.value]["reasons"] = {
                reason: _fates([one for one in mine if (one.reason or "other") == reason])
                for reason in reasons
            }
    return by_answer


def _fates(found: Iterable[Reviewed]) -> Plain:
    counts = Counter(one.fate for one in found)
    return {fate.value: counts[fate] for fate in Fate}


def _side(side: Side) -> Plain:
    return {
        "name": side.name,
        "version": side.version,
        "ruleset": side.ruleset,
        "alarms": side.alarms,
        "cases_with_alarms": side.cases,
        "by_severity": {str(severity): side.by_severity[severity] for severity in (2, 3, 4)},
        "per_100_rated_sessions": _rate(side.per_session.per(100)),
        f"per_week_for_a_caseload_of_{CASELOAD}": _rate(side.per_week.per(CASELOAD)),
    }


def _rate(rate: Rate | None) -> dict[str, float] | None:
    if rate is None:
        return None
    return {name: round(value, DIGITS) for name, value in rate._asdict().items()}


def _tally(found: Comparison, rule: str) -> Plain:
    tally = found.rules[rule]
    led = [one for one in found.reviewed if one.alarm is not None and one.alarm.lead == rule]
    plain: Plain = {name: getattr(tally, name) for name in tally.__slots__}
    for answer in (Answer.DISMISSED, Answer.REPAIRED):
        mine = [one for one in led if one.answer is answer and one.fate is not Fate.COMES]
        plain[answer.value] = len(mine)
        plain[f"{answer.value}_vanishing"] = sum(one.fate is Fate.VANISHES for one in mine)
    return plain


def _changes(found: Comparison) -> list[Plain]:
    answers = {
        (one.alarm.case, one.alarm.alert_id): one.answer.value
        for one in found.reviewed
        if one.alarm is not None
    }
    changes = [
        *((alarm, "vanished", alarm, None) for alarm in found.vanished),
        *((alarm, "fired", None, alarm) for alarm in found.fired),
        *(
            (pair.old, "moved", pair.old, pair.new)
            for pair in found.pairs
            if pair.moved or pair.severity_change
        ),
    ]
    changes.sort(key=lambda one: (one[0].case, one[0].time, one[1]))
    return [
        {
            "case": alarm.case,
            "change": change,
            "old": _alarm(old),
            "new": _alarm(new),
            "answer": answers.get((alarm.case, alarm.alert_id)),
        }
        for alarm, change, old, new in changes
    ]


def _alarm(alarm: Alarm | None) -> Plain | None:
    if alarm is None:
        return None
    return {
        "alert_id": alarm.alert_id,
        "time": instant(alarm.time),
        "severity": alarm.severity,
        "state": alarm.state,
        "lead": alarm.lead,
        "headline": alarm.headline,
    }
