"""What was attempted goes into the log, what is to be attempted next comes out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, exists, func, insert, or_, select, update

from rupture_watch.delivery.log.delivery import Delivery
from rupture_watch.delivery.log.tables import attempt, content, delivery, endpoint
from rupture_watch.delivery.results import ABOUT_THE_RECEIVER, Result, State

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.delivery.log.delivery import Finished, Wish

_earlier = delivery.alias("earlier")
_COLUMNS: Final = (
    delivery.c.id,
    delivery.c.endpoint,
    delivery.c.reference,
    delivery.c.step,
    delivery.c.attempts,
    delivery.c.slot,
    delivery.c.due_at,
    delivery.c.noted_at,
    content.c.case_name,
    content.c.type,
    content.c.time,
    content.c.body,
)
_OF_DELIVERY: Final = 8
"""The first columns are the delivery's own, the others those of its content."""
_WITH_CONTENT: Final = delivery.join(
    content,
    and_(content.c.alert_id == delivery.c.alert_id, content.c.revision == delivery.c.revision),
)


async def record(connection: AsyncConnection, finished: Sequence[Finished]) -> None:
    """Write down attempts that have ended, each with what becomes of its delivery."""
    if not finished:
        return
    await connection.execute(
        insert(attempt),
        [
            {
                "delivery_id": one.delivery.id,
                "number": one.delivery.attempts + 1,
                "started_at": one.delivery.started_at,
                "ended_at": one.ended_at,
                "result": one.outcome.result,
                "code": one.outcome.code,
            }
            for one in finished
        ],
    )
    await connection.execute(
        update(delivery)
        .where(delivery.c.id == bindparam("of"))
        .values(
            state=bindparam("becomes"),
            step=bindparam("at_step"),
            due_at=bindparam("then"),
            attempts=delivery.c.attempts + 1,
            last_result=bindparam("came_to"),
            started_at=None,
            settled_at=bindparam("ended"),
        ),
        [
            {
                "of": one.delivery.id,
                "becomes": one.state,
                "at_step": one.step,
                "then": one.due_at,
                "came_to": one.outcome.result,
                "ended": None if one.state is State.PENDING else one.ended_at,
            }
            for one in finished
        ],
    )


async def put_back(connection: AsyncConnection, deliveries: Sequence[Delivery]) -> None:
    """Leave for later what was taken and not attempted."""
    if deliveries:
        await connection.execute(
            update(delivery)
            .where(delivery.c.id.in_([one.id for one in deliveries]))
            .values(started_at=None)
        )


async def is_disabled(connection: AsyncConnection, name: str) -> bool:
    """Tell whether an endpoint has said that it is gone."""
    query = select(endpoint.c.disabled_at).where(endpoint.c.name == name)
    return await connection.scalar(query) is not None


async def disable(connection: AsyncConnection, name: str, now: Microseconds) -> None:
    """Note that an endpoint is gone; what waits for it has failed, and can be replayed."""
    await connection.execute(
        update(endpoint)
        .where(endpoint.c.name == name, endpoint.c.disabled_at.is_(None))
        .values(disabled_at=now, paused_until=0)
    )
    await connection.execute(
        update(delivery)
        .where(
            delivery.c.endpoint == name,
            delivery.c.state == State.PENDING,
            delivery.c.started_at.is_(None),
        )
        .values(state=State.FAILED, last_result=Result.DISABLED, settled_at=now)
    )


async def pause(connection: AsyncConnection, name: str, until: Microseconds) -> None:
    """Note until when an endpoint is to be left alone; 0: no longer."""
    await connection.execute(
        update(endpoint).where(endpoint.c.name == name).values(paused_until=until)
    )


async def bring_forward(connection: AsyncConnection, name: str, now: Microseconds) -> None:
    """Make due at once what waits only because its receiver was away."""
    await connection.execute(
        update(delivery)
        .where(
            delivery.c.endpoint == name,
            delivery.c.state == State.PENDING,
            delivery.c.due_at > now,
            _failed_by_its_receiver(),
        )
        .values(due_at=now)
    )


async def claim(
    connection: AsyncConnection, name: str, now: Microseconds, wish: Wish
) -> list[Delivery]:
    """Take the oldest deliveries that are due, at most one of each lane; they count as started."""
    is_due = delivery.c.due_at <= now
    if wish.look:
        is_due = or_(is_due, _failed_by_its_receiver())
    query = (
        select(*_COLUMNS)
        .select_from(_WITH_CONTENT)
        .where(_is_head(name), is_due)
        .order_by(delivery.c.id)
        .limit(wish.limit)
    )
    return await _start(connection, query, now)


async def claim_slot(connection: AsyncConnection, name: str, now: Microseconds) -> list[Delivery]:
    """Take everything of the earliest slot that is due; it is delivered as one."""
    waiting = and_(
        delivery.c.endpoint == name,
        delivery.c.state == State.PENDING,
        delivery.c.started_at.is_(None),
        delivery.c.due_at <= now,
    )
    slot = await connection.scalar(select(func.min(delivery.c.slot)).where(waiting))
    if slot is None:
        return []
    query = (
        select(*_COLUMNS)
        .select_from(_WITH_CONTENT)
        .where(waiting, delivery.c.slot == slot)
        .order_by(delivery.c.id)
    )
    return await _start(connection, query, now)


async def next_due(connection: AsyncConnection, name: str) -> Microseconds | None:
    """Return when the next delivery that nothing else holds up is due."""
    found: Microseconds | None = await connection.scalar(
        select(func.min(delivery.c.due_at)).where(_is_head(name))
    )
    return found


async def interrupt(
    connection: AsyncConnection, now: Microseconds, *, hold: Collection[str]
) -> int:
    """Write down attempts that no process will end; return how many.

    Their deliveries are attempted again at once, except those of the endpoints in ``hold``.
    """
    found = await connection.execute(
        select(
            delivery.c.id, delivery.c.attempts, delivery.c.started_at, delivery.c.endpoint
        ).where(delivery.c.started_at.is_not(None))
    )
    rows = found.all()
    if not rows:
        return 0
    await connection.execute(
        insert(attempt),
        [
            {
                "delivery_id": row.id,
                "number": row.attempts + 1,
                "started_at": row.started_at,
                "ended_at": now,
                "result": Result.INTERRUPTED,
                "code": None,
            }
            for row in rows
        ],
    )
    of_these = delivery.c.started_at.is_not(None)
    await connection.execute(
        update(delivery)
        .where(of_these, delivery.c.endpoint.in_(list(hold)))
        .values(
            state=State.FAILED,
            settled_at=now,
            attempts=delivery.c.attempts + 1,
            last_result=Result.INTERRUPTED,
            started_at=None,
        )
    )
    await connection.execute(
        update(delivery)
        .where(of_these)
        .values(attempts=delivery.c.attempts + 1, last_result=Result.INTERRUPTED, started_at=None)
    )
    return len(rows)


def _is_head(name: str) -> ColumnElement[bool]:
    """Tell of a pending delivery whether it is the oldest of its lane, and not under way."""
    held_up = exists().where(
        _earlier.c.endpoint == name,
        _earlier.c.lane == delivery.c.lane,
        _earlier.c.state == State.PENDING,
        _earlier.c.id < delivery.c.id,
    )
    return and_(
        delivery.c.endpoint == name,
        delivery.c.state == State.PENDING,
        delivery.c.started_at.is_(None),
        ~held_up,
    )


def _failed_by_its_receiver() -> ColumnElement[bool]:
    return delivery.c.last_result.in_(sorted(ABOUT_THE_RECEIVER))


async def _start(connection: AsyncConnection, query: object, now: Microseconds) -> list[Delivery]:
    found = await connection.execute(query)  # type: ignore[call-overload] # a select
    rows = found.all()
    if rows:
        await connection.execute(
            update(delivery)
            .where(delivery.c.id.in_([row.id for row in rows]))
            .values(started_at=now)
        )
    return [Delivery._make((*row[:_OF_DELIVERY], now, *row[_OF_DELIVERY:])) for row in rows]
