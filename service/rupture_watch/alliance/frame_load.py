"""How much the frame has been strained lately: a decaying sum of breaks the clinic caused.

Load at a time = sum of weight * 2 ** -(age / half-life), ages in whole hours. Weights are
defaults of the rule set (no published scale exists).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.facts import HOUR, Appointment, FrameFact, Microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PRACTICAL_REASONS = frozenset({"illness", "holiday", "clinic_closure", "transport"})
HALVED_REASONS = frozenset({"illness", "holiday", "clinic_closure"})
NEGLIGIBLE = 0.005


class Break(NamedTuple):
    """One break of the frame; ``full`` is its weight before halving."""

    fact: str
    time: Microseconds
    label: str
    weight: float
    full: float


class FrameLoad:
    """The breaks of one case and their decayed sum."""

    __slots__ = ("_half_life_days", "_half_life_hours", "breaks")

    def __init__(self, half_life_days: float) -> None:
        self._half_life_days = half_life_days
        self._half_life_hours = half_life_days * 24.0
        self.breaks: list[Break] = []

    def fork(self) -> FrameLoad:
        """Return an equal load that goes on by itself."""
        other = FrameLoad(self._half_life_days)
        other.breaks = self.breaks[:]
        return other

    def add(self, one: Break) -> None:
        """Count one more break."""
        self.breaks.append(one)

    def at(self, time: Microseconds) -> float:
        """Return the load at ``time``; what has decayed to nothing is dropped."""
        load = 0.0
        stale = False
        for one in self.breaks:
            share = self.share(one, time)
            load += share
            stale = stale or share < NEGLIGIBLE
        if stale:
            self.breaks = [one for one in self.breaks if self.share(one, time) >= NEGLIGIBLE]
        return load

    def highest(self, since: Microseconds, until: Microseconds) -> float:
        """Return the highest load within a span of time; it only ever rises at a break."""
        times = [since, *(one.time for one in self.breaks if since < one.time <= until)]
        return max(
            sum(self.share(one, time) for one in self.breaks if one.time <= time) for time in times
        )

    def share(self, one: Break, time: Microseconds) -> float:
        """Return what is left of one break at ``time``."""
        age_hours = max(0, (time - one.time) // HOUR)
        decay: float = 2.0 ** (-age_hours / self._half_life_hours)
        return one.weight * decay


def breaks_of_appointment(
    fact: Appointment, weights: Mapping[str, float], notice_hours: float
) -> Iterator[tuple[str, float]]:
    """Yield (label, weight) of what the provider or the clinic did to this appointment."""
    provider = fact.initiator == "provider"
    if fact.status == "no_show" and provider:
        yield "provider_no_show", weights["provider_no_show"]
    elif fact.status == "cancelled" and provider:
        late = notice_hours < weights["late_cancel_hours"]
        label = "provider_late_cancel" if late else "provider_cancel"
        yield label, weights[label]
    elif fact.status == "rescheduled" and provider:
        yield "provider_reschedule", weights["provider_reschedule"]
    elif fact.status == "attended":
        late_minutes = fact.provider_late_minutes or 0
        if late_minutes >= weights["late_start_minutes_long"]:
            yield "late_start_long", weights["late_start_long"]
        elif late_minutes >= weights["late_start_minutes"]:
            yield "late_start", weights["late_start"]
        overrun = fact.overrun_minutes or 0
        if overrun <= -weights["cut_short_minutes"] and fact.ended_by == "provider":
            yield "cut_short", weights["cut_short"]
        elif overrun >= weights["overrun_minutes"]:
            yield "overrun", weights["overrun"]
        if fact.mode and fact.agreed_mode and fact.mode != fact.agreed_mode:
            yield "format_change", weights["format_change"]


def breaks_of_frame_fact(
    fact: FrameFact, weights: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """Yield (label, weight) of a frame event that the provider or the clinic caused."""
    kind = fact.kind
    if fact.by == "client":
        return
    if kind in ("privacy_incident", "billing_error"):
        yield kind, weights[kind]
    elif kind == "fee_changed":
        short = fact.notice_days is not None and fact.notice_days < weights["fee_notice_days"]
        yield kind, weights["fee_changed_short" if short else "fee_changed"]
    elif kind == "room_changed" and fact.agreed is False:
        yield kind, weights["format_change"]
    elif kind == "therapist_changed":
        yield kind, weights["therapist_changed_handover" if fact.handover else "therapist_changed"]
    elif kind == "leave_announced":
        short = fact.notice_days is not None and fact.notice_days < weights["leave_notice_days"]
        yield kind, weights["leave_short" if short else "leave"]
    elif kind == "unscheduled_contact" and fact.by == "provider":
        yield kind, weights["unscheduled_contact"]
    elif kind == "boundary_crossing" and fact.boundary in ("dual_role", "gift"):
        yield kind, weights["dual_role_or_gift"]


def is_halved(fact: Appointment | FrameFact) -> bool:
    """Tell whether a break counts half: nobody chose it."""
    reason = fact.reason_code if isinstance(fact, Appointment) else None
    return fact.shared_cause or reason in HALVED_REASONS


def notice_hours(fact: Appointment) -> float:
    """Return how long before the start it was said, in hours, 0 or more."""
    if fact.notice_hours is not None:
        return max(0.0, fact.notice_hours)
    return max(0.0, (fact.scheduled_start - fact.recorded) / HOUR)
