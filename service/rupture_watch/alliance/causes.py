"""From a fact to the cause of a finding, and from a judged rating to its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.alliance.facts import Appointment, Closure, Form, FrameFact, Note, Review
from rupture_watch.alliance.findings import Evidence, Trigger

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.alliance.series import Point

KIND = {
    Form: "form",
    Appointment: "appointment",
    FrameFact: "frame",
    Note: "note",
    Closure: "closure",
    Review: "review",
}


def trigger_of(fact: Fact, at: Microseconds) -> Trigger:
    """Return ``fact`` as the cause of a finding judged ``at`` its place.

    A form is told at its own time: it may be filled after its session's start.
    """
    time = max(at, fact.time) if isinstance(fact, Form) else at
    return Trigger(
        KIND[type(fact)],
        fact.name,
        getattr(fact, "session_id", None),
        time,
        at,
        fact.event_id,
        fact.recorded,
        fact.backfill,
    )


def evidence_of(point: Point, measure: str) -> Evidence:
    """Return one judged rating as evidence; ``z`` is positive where it is better."""
    deviation = point.deviation
    if not deviation.prior_ratings:
        return Evidence(point.fact, point.time, measure, round(point.value, 2))
    return Evidence(
        point.fact,
        point.time,
        measure,
        round(point.value, 2),
        round(deviation.mean, 2),
        round(deviation.spread, 2),
        round(deviation.z, 2),
    )
