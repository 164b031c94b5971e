"""The delivery log for people: what stands how, and trying again what has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, exists, select, true, update

from rupture_watch.delivery.log.tables import attempt, content, delivery, endpoint
from rupture_watch.delivery.results import Result, State

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncEngine

    from rupture_watch.alliance.facts import Microseconds

SLICE = 500
"""Deliveries per statement."""


class Row(NamedTuple):
    """One delivery, without what it is about: ``reference`` is its name at the receiver."""

    id: int
    endpoint: str
    reference: str
    state: str
    attempts: int
    last_result: str | None
    noted_at: Microseconds
    due_at: Microseconds
    settled_at: Microseconds | None


class Attempt(NamedTuple):
    """One attempt of a delivery."""

    number: int
    started_at: Microseconds
    ended_at: Microseconds
    result: str
    code: int | None


class Retried(NamedTuple):
    """What became of a wish to try again.

    ``overtaken``: a later revision has been delivered, the earlier one would undo it.
    ``forgotten``: what it said is no longer kept.
    """

    again: int
    overtaken: int
    forgotten: int


async def listed(
    engine: AsyncEngine,
    *,
    states: Collection[State] = (),
    endpoints: Collection[str] = (),
    limit: int,
) -> list[Row]:
    """Return the newest deliveries, oldest first."""
    query = select(*(delivery.c[name] for name in Row._fields))
    if states:
        query = query.where(delivery.c.state.in_(sorted(states)))
    if endpoints:
        query = query.where(delivery.c.endpoint.in_(sorted(endpoints)))
    async with engine.connect() as connection:
        rows = await connection.execute(query.order_by(delivery.c.id.desc()).limit(limit))
        return [Row(*row) for row in reversed(rows.all())]


async def attempts(engine: AsyncEngine, delivery_id: int) -> list[Attempt]:
    """Return all attempts of one delivery that are still kept."""
    query = select(*(attempt.c[name] for name in Attempt._fields))
    async with engine.connect() as connection:
        rows = await connection.execute(
            query.where(attempt.c.delivery_id == delivery_id).order_by(attempt.c.number)
        )
        return [Attempt(*row) for row in rows]


async def disabled(engine: AsyncEngine) -> list[str]:
    """Return the endpoints that have said that they are gone."""
    async with engine.connect() as connection:
        found = await connection.scalars(
            select(endpoint.c.name).where(endpoint.c.disabled_at.is_not(None))
        )
        return sorted(found)


async def retry(
    engine: AsyncEngine,
    now: Microseconds,
    *,
    ids: Collection[int] = (),
    endpoints: Collection[str] = (),
) -> Retried:
    """Try failed deliveries again, from the beginning of their schedule.

    Args:
        engine: of the log.
        now: the present moment.
        ids: these deliveries; none: all.
        endpoints: only of these; an endpoint that was disabled is enabled.
    """
    later = delivery.alias("later")
    is_overtaken = exists().where(
        later.c.endpoint == delivery.c.endpoint,
        later.c.alert_id == delivery.c.alert_id,
        later.c.revision > delivery.c.revision,
        later.c.state == State.DELIVERED,
    )
    is_kept = exists().where(
        content.c.alert_id == delivery.c.alert_id, content.c.revision == delivery.c.revision
    )
    async with engine.begin() as connection:
        names = endpoint.c.name.in_(sorted(endpoints)) if endpoints else true()
        await connection.execute(update(endpoint).where(names).values(disabled_at=None))
        rows = (
            await connection.execute(
                select(delivery.c.id, is_overtaken.label("overtaken"), is_kept.label("kept")).where(
                    _failed(ids, endpoints)
                )
            )
        ).all()
        again = [row.id for row in rows if row.kept and not row.overtaken]
        overtaken = [row.id for row in rows if row.overtaken]
        for some in _slices(again):
            await connection.execute(
                update(delivery)
                .where(delivery.c.id.in_(some))
                .values(state=State.PENDING, step=0, due_at=now, settled_at=None)
            )
        for some in _slices(overtaken):
            await connection.execute(
                update(delivery).where(delivery.c.id.in_(some)).values(last_result=Result.OVERTAKEN)
            )
    forgotten = len(rows) - len(again) - len(overtaken)
    return Retried(len(again), len(overtaken), forgotten)


def _failed(ids: Collection[int], endpoints: Collection[str]) -> ColumnElement[bool]:
    conditions = [delivery.c.state == State.FAILED]
    if ids:
        conditions.append(delivery.c.id.in_(sorted(ids)))
    if endpoints:
        conditions.append(delivery.c.endpoint.in_(sorted(endpoints)))
    return and_(*conditions)


def _slices(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + SLICE] for start in range(0, len(ids), SLICE)]
