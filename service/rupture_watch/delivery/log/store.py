"""The delivery log as the service uses it: every method is one transaction."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, delete, exists, func, insert, or_, select
from sqlalchemy.exc import SQLAlchemyError

from rupture_watch.delivery.log import noting, turning
from rupture_watch.delivery.log.delivery import Turn
from rupture_watch.delivery.log.opening import unavailable
from rupture_watch.delivery.log.tables import attempt, content, delivery, endpoint, position
from rupture_watch.delivery.results import Result, State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.delivery.alerts import AlertRevision
    from rupture_watch.delivery.endpoints import Endpoint
    from rupture_watch.delivery.log.delivery import Delivery, Report, Wish
    from rupture_watch.kafka.admin import Place


class Standing(NamedTuple):
    """What an endpoint has said of itself."""

    disabled: bool
    paused_until: Microseconds


class Waiting(NamedTuple):
    """How much waits for an endpoint, and since when the oldest has been due."""

    deliveries: int
    oldest: Microseconds | None


class DeliveryLog:
    """What is to be delivered to ``endpoints``, and what became of it.

    Raises (every method):
        LogUnavailable: the database failed; what the transaction was about has not happened.
    """

    def __init__(self, engine: AsyncEngine, endpoints: Sequence[Endpoint]) -> None:
        self._engine = engine
        self._endpoints = endpoints

    async def begin(self, now: Microseconds, *, hold: Collection[str] = ()) -> int:
        """Take over after whoever had the log before; return how many attempts it left open.

        The deliveries of ``hold`` that may have arrived are not repeated: they have failed.
        """
        async with self._transaction() as connection:
            known = set(await connection.scalars(select(endpoint.c.name)))
            new = [
                {"name": one.name, "paused_until": 0}
                for one in self._endpoints
                if one.name not in known
            ]
            if new:
                await connection.execute(insert(endpoint), new)
            return await turning.interrupt(connection, now, hold=hold)

    async def note(
        self,
        revisions: Sequence[AlertRevision],
        positions: Mapping[Place, int],
        now: Microseconds,
    ) -> int:
        """Note what is to be delivered of these revisions, and how far the topic has been read."""
        async with self._transaction() as connection:
            count = await noting.note(connection, self._endpoints, revisions, now)
            await noting.remember_positions(connection, positions)
            return count

    async def positions(self) -> dict[Place, int]:
        """Return the offset to be read next in each place that was read before."""
        async with self._transaction() as connection:
            rows = await connection.execute(
                select(position.c.topic, position.c.partition, position.c.next_offset)
            )
            return {(topic, number): offset for topic, number, offset in rows}

    async def turn(self, name: str, report: Report, wish: Wish, now: Microseconds) -> Turn:
        """Write down what has happened at an endpoint and take what is next for it."""
        async with self._transaction() as connection:
            await turning.record(connection, report.finished)
            await turning.put_back(connection, report.unstarted)
            gone = any(one.outcome.result is Result.GONE for one in report.finished)
            if gone or await turning.is_disabled(connection, name):
                await turning.disable(connection, name, now)
                return Turn([], None)
            if report.paused_until is not None:
                await turning.pause(connection, name, report.paused_until)
            if report.came_back:
                await turning.bring_forward(connection, name, now)
            taken: list[Delivery] = []
            if wish.limit and wish.together:
                taken = await turning.claim_slot(connection, name, now)
            elif wish.limit:
                taken = await turning.claim(connection, name, now, wish)
            following = None
            if len(taken) < wish.limit:
                following = await turning.next_due(connection, name)
            return Turn(taken, following)

    async def standing(self, name: str) -> Standing:
        """Return what is known of an endpoint."""
        async with self._transaction() as connection:
            row = (await connection.execute(select(endpoint).where(endpoint.c.name == name))).one()
            return Standing(row.disabled_at is not None, row.paused_until)

    async def waiting(self) -> dict[str, Waiting]:
        """Return what waits, by endpoint; those are left out for which nothing does."""
        async with self._transaction() as connection:
            rows = await connection.execute(
                select(delivery.c.endpoint, func.count(), func.min(delivery.c.slot))
                .where(delivery.c.state == State.PENDING)
                .group_by(delivery.c.endpoint)
            )
            return {name: Waiting(count, oldest) for name, count, oldest in rows}

    async def tidy(self, *, failed_before: Microseconds, attempts_before: Microseconds) -> None:
        """Forget what nobody needs: content that has been delivered or given up, old attempts."""
        needed = exists().where(
            delivery.c.alert_id == content.c.alert_id,
            delivery.c.revision == content.c.revision,
            or_(
                delivery.c.state == State.PENDING,
                and_(delivery.c.state == State.FAILED, delivery.c.settled_at >= failed_before),
            ),
        )
        async with self._transaction() as connection:
            await connection.execute(delete(content).where(~needed))
            await connection.execute(delete(attempt).where(attempt.c.ended_at < attempts_before))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise unavailable(error) from error
