"""How well data arrive: per sender, what is missing, what came late, what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from rupture_watch.inbox.storage.schema import canaries, dead_letters, facts, positions, sources

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Plain = dict[str, Any]

WEEK_MS: Final = 7 * 24 * 3600 * 1_000
DAY: Final = 24 * 3600 * 1_000_000
MISSING_AFTER: Final = 3 * DAY
"""A form is missing after this long (as the rules have it)."""
LETTERS: Final = 20
SAMPLE: Final = 5_000


async def last_event(connection: AsyncConnection) -> int | None:
    """Return when the broker took in the last event that was read (milliseconds)."""
    newest: int | None = await connection.scalar(select(func.max(positions.c.received)))
    return newest


async def last_canary(connection: AsyncConnection) -> int | None:
    """Return when something last came out of the service for a synthetic case (milliseconds)."""
    newest: int | None = await connection.scalar(select(func.max(canaries.c.received)))
    return newest


async def senders(connection: AsyncConnection) -> list[Plain]:
    """Return what each sender has sent."""
    rows = await connection.execute(select(sources).order_by(sources.c.source, sources.c.type))
    return [
        {**row, "kind": row["type"].removeprefix("org.rupturewatch.").removesuffix(".v1"),
         "late_percent": round(100 * row["late"] / row["events"]) if row["events"] else 0}
        for row in rows.mappings()
    ]  # fmt: skip


async def refused(connection: AsyncConnection) -> tuple[list[Plain], list[Plain]]:
    """Return refused events of the last week by reason, and the newest: paths and kinds only."""
    newest = await connection.scalar(select(func.max(dead_letters.c.received)))
    since = (newest or 0) - WEEK_MS
    rows = await connection.execute(
        select(dead_letters.c.reason, func.count().label("count"))
        .where(dead_letters.c.received >= since)
        .group_by(dead_letters.c.reason)
        .order_by(func.count().desc())
    )
    counts = [dict(row) for row in rows.mappings()]
    letters = await connection.execute(
        select(dead_letters).order_by(dead_letters.c.received.desc()).limit(LETTERS)
    )
    return counts, [dict(row) for row in letters.mappings()]


async def completeness(connection: AsyncConnection, stream_time: int) -> Plain:
    """Return shares over the newest appointments: without an initiator, without a form."""
    recent = (
        select(facts.c.ref, facts.c.name, facts.c.flag, facts.c.time, facts.c.session)
        .where(facts.c.kind == "Appointment", facts.c.flag.is_not(None))
        .order_by(facts.c.received.desc())
        .limit(SAMPLE)
        .subquery()
    )
    ended = await connection.scalar(
        select(func.count()).where(recent.c.flag.in_(("cancelled", "no_show", "unmatched")))
    )
    unmatched = await connection.scalar(select(func.count()).where(recent.c.flag == "unmatched"))
    form = aliased(facts)
    has_form = (
        select(form.c.ref)
        .where(
            and_(
                form.c.ref == recent.c.ref,
                form.c.kind == "Form",
                form.c.session == recent.c.session,
                form.c.flag == "client",
            )
        )
        .exists()
    )
    due = and_(recent.c.flag == "attended", recent.c.time < stream_time - MISSING_AFTER)
    held = await connection.scalar(select(func.count()).where(due))
    missing = await connection.scalar(select(func.count()).where(due, ~has_form))
    return {
        "ended": ended or 0,
        "unmatched": unmatched or 0,
        "unmatched_percent": round(100 * unmatched / ended) if ended and unmatched else 0,
        "held": held or 0,
        "missing": missing or 0,
        "missing_percent": round(100 * missing / held) if held and missing else 0,
    }
