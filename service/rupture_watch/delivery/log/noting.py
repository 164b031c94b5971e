"""Revisions into the log, with how far the topic has been read, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from rupture_watch.delivery import selection
from rupture_watch.delivery.alerts import lane, reference
from rupture_watch.delivery.log.tables import content, delivery, endpoint, position
from rupture_watch.delivery.results import Result, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.delivery.alerts import AlertRevision
    from rupture_watch.delivery.endpoints import Endpoint
    from rupture_watch.kafka.admin import Place


async def note(
    connection: AsyncConnection,
    endpoints: Sequence[Endpoint],
    revisions: Sequence[AlertRevision],
    now: Microseconds,
) -> int:
    """Note one delivery per revision and endpoint that wants it; return how many are new.

    What is noted already stays as it is, so that reading a record again changes nothing.
    """
    if not revisions:
        return 0
    seen = await _seen(connection, {one.data["alert_id"] for one in revisions})
    known = {(name, alert_id) for name, alert_id, _ in seen}
    disabled = await _disabled(connection)
    bodies: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for revision in revisions:
        alert_id, number = revision.data["alert_id"], revision.data["revision"]
        before = len(rows)
        for one in endpoints:
            if (one.name, alert_id, number) in seen:
                continue
            if selection.is_wanted(one, revision, known=(one.name, alert_id) in known):
                rows.append(_row(one, revision, now, disabled=one.name in disabled))
                known.add((one.name, alert_id))
                seen.add((one.name, alert_id, number))
        if len(rows) > before:
            bodies.append(_body(revision))
    if rows:
        await connection.execute(_insert_new(connection, content), bodies)
        await connection.execute(_insert_new(connection, delivery), rows)
    await _call_off(connection, endpoints, revisions, now)
    return len(rows)


async def remember_positions(connection: AsyncConnection, positions: Mapping[Place, int]) -> None:
    """Note the offset that is to be read next in each place."""
    if not positions:
        return
    kind = _dialect(connection)
    statement = kind.insert(position)
    statement = statement.on_conflict_do_update(
        index_elements=[position.c.topic, position.c.partition],
        set_={"next_offset": statement.excluded.next_offset},
    )
    await connection.execute(
        statement,
        [
            {"topic": topic, "partition": number, "next_offset": offset}
            for (topic, number), offset in positions.items()
        ],
    )


async def _seen(connection: AsyncConnection, alert_ids: set[str]) -> set[tuple[str, str, int]]:
    found = await connection.execute(
        select(delivery.c.endpoint, delivery.c.alert_id, delivery.c.revision).where(
            delivery.c.alert_id.in_(alert_ids)
        )
    )
    return {(name, alert_id, revision) for name, alert_id, revision in found}


async def _disabled(connection: AsyncConnection) -> set[str]:
    found = await connection.scalars(
        select(endpoint.c.name).where(endpoint.c.disabled_at.is_not(None))
    )
    return set(found)


def _body(revision: AlertRevision) -> dict[str, Any]:
    return {
        "alert_id": revision.data["alert_id"],
        "revision": revision.data["revision"],
        "case_name": revision.case,
        "type": revision.type,
        "time": revision.time,
        "body": revision.body,
    }


def _row(
    one: Endpoint, revision: AlertRevision, now: Microseconds, *, disabled: bool
) -> dict[str, Any]:
    alert_id, number = revision.data["alert_id"], revision.data["revision"]
    due_at = selection.due(one, now)
    return {
        "endpoint": one.name,
        "alert_id": alert_id,
        "revision": number,
        "reference": reference(one.name, alert_id, number),
        "lane": lane(revision.case),
        "state": State.FAILED if disabled else State.PENDING,
        "step": 0,
        "attempts": 0,
        "last_result": Result.DISABLED if disabled else None,
        "slot": due_at,
        "due_at": due_at,
        "noted_at": now,
        "settled_at": now if disabled else None,
    }


async def _call_off(
    connection: AsyncConnection,
    endpoints: Sequence[Endpoint],
    revisions: Sequence[AlertRevision],
    now: Microseconds,
) -> None:
    """Drop notifications that nobody has seen yet of alerts that are over."""
    names = [one.name for one in endpoints if selection.is_notification(one)]
    last = {one.data["alert_id"]: one.data["state"] for one in revisions}
    over = [alert_id for alert_id, state in last.items() if state != "open"]
    if names and over:
        await connection.execute(
            update(delivery)
            .where(
                and_(
                    delivery.c.endpoint.in_(names),
                    delivery.c.alert_id.in_(over),
                    delivery.c.state == State.PENDING,
                    delivery.c.attempts == 0,
                    delivery.c.started_at.is_(None),
                )
            )
            .values(state=State.UNNEEDED, settled_at=now)
        )


def _insert_new(connection: AsyncConnection, table: Table) -> Any:
    return _dialect(connection).insert(table).on_conflict_do_nothing()


def _dialect(connection: AsyncConnection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql
