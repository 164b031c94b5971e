"""Plain words for findings and alerts: facts, dates, the client's own measure; never a verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rupture_watch.alliance.facts import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.facts import Microseconds

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

SCALE_WORDS = {
    "total": "Alliance rating",
    "bond": "Bond rating",
    "goal": "Rating of shared goals",
    "task": "Rating of the way of working",
    "engagement": "Rating of the session as a whole",
    "genuineness": "Genuineness rating",
    "realism": "Realism rating",
    "clarity": "Clarity",
    "hope": "Hope",
}

SINGLE_WORDS = {"safety": "feeling safe", "judged": "feeling judged"}

DOMAIN_WORDS = {
    "self_care": "care for oneself",
    "relationships": "relationships",
    "money": "money",
    "work_life": "balance of work and life",
    "parenting": "parenting",
    "career": "career",
}

FRAME_WORDS = {
    "consent_missing": "consent not on record",
    "privacy_incident": "a privacy incident",
    "provider_no_show": "an appointment at which the clinic was absent",
    "provider_late_cancel": "an appointment cancelled by the clinic at short notice",
    "provider_cancel": "an appointment cancelled by the clinic",
    "provider_reschedule": "an appointment moved by the clinic",
    "late_start": "a late start",
    "late_start_long": "a start 10 or more minutes late",
    "cut_short": "a session cut short",
    "overrun": "a session that ran over",
    "format_change": "a change of format or room that was not agreed",
    "room_changed": "a change of room that was not agreed",
    "fee_changed": "a change of fee",
    "billing_error": "a billing error",
    "therapist_changed": "a change of therapist",
    "leave_announced": "announced leave",
    "unscheduled_contact": "an unscheduled contact by the clinic",
    "boundary_crossing": "a boundary that was crossed",
}


def day(time: Microseconds) -> str:
    """Return a date as one says it: ``3 Nov``."""
    moment = datetime.fromtimestamp(time // SECOND, UTC)
    return f"{moment.day} {MONTHS[moment.month - 1]}"


def days_listed(times: Sequence[Microseconds]) -> str:
    """Return dates as a list: ``3 Nov, 10 Nov and 17 Nov``."""
    return listed([day(time) for time in times])


def listed(parts: Sequence[str]) -> str:
    """Join parts as one says them."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def number(value: float) -> str:
    """Return a value with at most one decimal."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def times_said(count: int) -> str:
    """Return how often, in words for small counts."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def percent(share: float) -> str:
    """Return a share as whole percent: ``30 %``."""
    return f"{round(100 * share)} %"
