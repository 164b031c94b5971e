"""Figures of the service as a whole, and only those: never of a person, never of few.

A figure is shown from five cases and three therapists on (``enough``). All figures are of whole
weeks that have ended, over one fixed window, without filters: nobody can subtract one of them from
another that differs by a case of today.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from rupture_watch.inbox.storage.local_schema import owners
from rupture_watch.inbox.storage.schema import alerts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

LEAST_CASES: Final = 5
LEAST_THERAPISTS: Final = 3
WEEKS: Final = 13
DAY: Final = 24 * 3600 * 1_000_000
SHARE_STEP: Final = 5
"""Shares are told in steps of so many percent."""


@dataclass(slots=True)
class Group:
    """Cases that a figure would be of, and their therapists."""

    cases: set[str] = field(default_factory=set)
    therapists: set[int] = field(default_factory=set)
    count: int = 0

    def add(self, ref: str, therapist: int | None) -> None:
        """Count one more alert."""
        self.count += 1
        self.cases.add(ref)
        if therapist is not None:
            self.therapists.add(therapist)

    @property
    def enough(self) -> bool:
        """Tell whether a figure of these may be shown."""
        return len(self.cases) >= LEAST_CASES and len(self.therapists) >= LEAST_THERAPISTS


@dataclass(frozen=True, slots=True)
class RepairFigures:
    """How repairs went; None where there are too few to say."""

    since: int
    until: int
    repaired_percent: int | None
    median_days: int | None


def window(now: int) -> tuple[int, int]:
    """Return the last thirteen whole weeks, Monday to Monday, in microseconds."""
    today = datetime.fromtimestamp(now / 1_000_000, UTC).date()
    monday = today - timedelta(days=today.weekday())
    until = int(datetime(monday.year, monday.month, monday.day, tzinfo=UTC).timestamp()) * 1_000_000
    return until - WEEKS * 7 * DAY, until


async def repair_figures(connection: AsyncConnection, now: int) -> RepairFigures:
    """Return the share of ended alerts that ended repaired, and how long that took.

    Only alerts that were to be repaired count: one that was dismissed, or whose data were taken
    back, was none.
    """
    since, until = window(now)
    query = (
        select(
            alerts.c.ref, alerts.c.state, alerts.c.reason, alerts.c.since, alerts.c.changed,
            owners.c.user_id,
        )
        .outerjoin(owners, owners.c.ref == alerts.c.ref)
        .where(alerts.c.state.in_(("repaired", "closed")), alerts.c.changed >= since,
               alerts.c.changed < until)
    )  # fmt: skip
    ended, repaired, unrepaired = Group(), Group(), Group()
    days: list[float] = []
    for row in await connection.execute(query):
        if row.state == "closed" and row.reason != "unrepaired":
            continue
        ended.add(row.ref, row.user_id)
        if row.state == "repaired":
            repaired.add(row.ref, row.user_id)
            days.append((row.changed - row.since) / DAY)
        else:
            unrepaired.add(row.ref, row.user_id)
    # The rest of a share is a figure too: both parts must be of many.
    told = ended.enough and repaired.enough and unrepaired.enough
    percent = _rounded(100 * repaired.count / ended.count) if told else None
    middle = round(median(days)) if repaired.enough else None
    return RepairFigures(since, until, percent, middle)


@dataclass(slots=True)
class RuleFigures:
    """How often a rule spoke first, and why its alerts were dismissed; None: too few to say."""

    fired: int | None = None
    reasons: dict[str, int] = field(default_factory=dict)


async def rule_figures(connection: AsyncConnection, now: int) -> dict[str, RuleFigures]:
    """Return per catalogue id what became of the alerts that a rule leads."""
    since, until = window(now)
    query = (
        select(alerts.c.ref, alerts.c.lead, alerts.c.answered, alerts.c.reason_code,
               owners.c.user_id)
        .outerjoin(owners, owners.c.ref == alerts.c.ref)
        .where(alerts.c.since >= since, alerts.c.since < until, alerts.c.lead.is_not(None))
    )  # fmt: skip
    fired: dict[str, Group] = {}
    dismissed: dict[tuple[str, str], Group] = {}
    for row in await connection.execute(query):
        fired.setdefault(row.lead, Group()).add(row.ref, row.user_id)
        if row.answered == "dismissed":
            key = row.lead, row.reason_code or "other"
            dismissed.setdefault(key, Group()).add(row.ref, row.user_id)
    found: dict[str, RuleFigures] = {}
    for rule, group in fired.items():
        figures = found[rule] = RuleFigures(group.count if group.enough else None)
        for (lead, reason), part in dismissed.items():
            if lead == rule and part.enough:
                figures.reasons[reason] = part.count
    return found


def _rounded(percent: float) -> int:
    return round(percent / SHARE_STEP) * SHARE_STEP
