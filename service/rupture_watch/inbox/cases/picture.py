"""The chart of one case as plain values: series with their bands, attendance, frame load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rupture_watch.alliance.facts import DAY, SECOND, Appointment, FrameFact
from rupture_watch.alliance.frame_load import notice_hours
from rupture_watch.inbox.cases.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.alliance.series import SeriesKey
    from rupture_watch.inbox.cases.folding import Fold, Rating, Stored

Plain = dict[str, Any]

ORDER: Final = ("total", "bond", "task", "goal", "engagement", "genuineness", "realism")
LATE_HOURS: Final = 24
LATE_MINUTES: Final = 10
"""A start that late is shown as late (as the rules of boundaries have it)."""
STEP: Final = 2 * DAY


def picture(stored: Stored, catalogue: Catalogue) -> Plain:
    """Return everything that the chart of a case shows, in seconds since the epoch."""
    folded = fold(stored, catalogue)
    return {
        "series": series(folded, catalogue),
        "attendance": attendance(stored.facts),
        "load": _load(folded, stored.clock),
        "breaks": [
            {"time": one.time // SECOND, "label": one.label, "weight": one.weight}
            for one in sorted(folded.breaks, key=lambda one: one.time)
        ],
        "frame": _frame(stored.facts),
    }


def series(folded: Fold, catalogue: Catalogue) -> list[Plain]:
    """Return one entry per series: values, own level and spread before each, ceiling, range."""
    by_key: dict[SeriesKey, list[Rating]] = {}
    for rating in folded.ratings:
        by_key.setdefault(rating.key, []).append(rating)
    found = [_one(key, ratings, catalogue) for key, ratings in by_key.items()]
    return sorted(found, key=_rank)


def _one(key: SeriesKey, ratings: list[Rating], catalogue: Catalogue) -> Plain:
    instrument, respondent, code = key
    registry = catalogue.ruleset.registry
    scale = registry.scale(instrument, code)
    judged_from = catalogue.engine["judged_from"]
    points = []
    for one in sorted(ratings, key=lambda rating: rating.point.time):
        deviation = one.point.deviation
        known = deviation.prior_ratings >= judged_from
        points.append(
            {
                "time": one.point.time // SECOND,
                "session": one.session,
                "value": round(one.point.value, 2),
                "mean": round(deviation.mean, 2) if known else None,
                "spread": round(deviation.spread, 2) if known else None,
                "z": round(deviation.z, 2) if known else None,
            }
        )
    return {
        "instrument": instrument,
        "respondent": respondent,
        "code": code,
        "measures": registry.get(instrument).measures,
        "low": scale.low if scale else 0,
        "high": scale.high if scale else 0,
        "ceiling": scale.ceiling if scale else None,
        "high_is_good": scale is None or scale.sign > 0,
        "points": points,
    }


def _rank(one: Plain) -> tuple[int, str, int, str]:
    alliance = one["measures"] in ("alliance", "real_relationship")
    place = ORDER.index(one["code"]) if one["code"] in ORDER else len(ORDER)
    return (0 if alliance else 1, one["instrument"], place, one["respondent"])


def attendance(facts: Iterable[Fact]) -> list[Plain]:
    """Return what became of each appointment that was to be, by its start."""
    found = [
        {
            "time": one.scheduled_start // SECOND,
            "session": one.session_id,
            "what": outcome(one),
            "by": one.initiator if one.status in ("cancelled", "no_show", "rescheduled") else None,
            "late": one.client_late_minutes or 0,
            "provider_late": one.provider_late_minutes or 0,
            "short_notice": one.status == "cancelled" and notice_hours(one) < LATE_HOURS,
            "reason": one.reason_code,
        }
        for one in facts
        if isinstance(one, Appointment) and not one.void and one.status != "booked"
    ]
    return sorted(found, key=lambda one: (one["time"], one["what"]))


def outcome(fact: Appointment) -> str:
    """Return one word for what became of an appointment."""
    if fact.status == "attended":
        late = max(fact.client_late_minutes or 0, fact.provider_late_minutes or 0)
        return "late" if late >= LATE_MINUTES else "attended"
    return fact.status


def next_start(facts: Iterable[Fact], clock: Microseconds) -> Microseconds | None:
    """Return when the next booked appointment begins, None where none is known."""
    starts = [
        one.scheduled_start
        for one in facts
        if isinstance(one, Appointment)
        and not one.void
        and one.status == "booked"
        and one.scheduled_start > clock
    ]
    return min(starts, default=None)


def _load(folded: Fold, clock: Microseconds) -> list[list[float]]:
    """Return the frame load over time: just before and at every break, and every two days."""
    if not folded.breaks:
        return []
    breaks = sorted(folded.breaks, key=lambda one: one.time)
    first = breaks[0].time
    times = {*range(first, max(clock, breaks[-1].time), STEP)}
    for one in breaks:
        times |= {one.time - 1, one.time}
    return [
        [
            time / SECOND,
            round(sum(folded.load.share(b, time) for b in breaks if b.time <= time), 2),
        ]
        for time in sorted(times)
    ]


def _frame(facts: Iterable[Fact]) -> list[Plain]:
    found = [
        {"time": one.time // SECOND, "kind": one.kind, "by": one.by}
        for one in facts
        if isinstance(one, FrameFact) and not one.void
    ]
    return sorted(found, key=lambda one: (one["time"], one["kind"]))
