"""Batches of records into the read model: idempotent, with the positions in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, tuple_

from rupture_watch.contracts.reading import Reader
from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.contracts.wire import microseconds
from rupture_watch.inbox.projection.alert_rows import AlertRows
from rupture_watch.inbox.projection.erasing import Erasing
from rupture_watch.inbox.projection.incoming import LATE, Batch, IncomingFact, fact_row, read_batch
from rupture_watch.inbox.storage.database import CHUNK, upsert
from rupture_watch.inbox.storage.schema import (
    canaries,
    cases,
    dead_letters,
    facts,
    positions,
    sources,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from rupture_watch.alliance.instruments import Registry
    from rupture_watch.inbox.storage.database import Database
    from rupture_watch.kafka.admin import Place
    from rupture_watch.kafka.consumer import Seen

CHANNELS = (
    Channel.ALERTS, Channel.CASES, Channel.REVIEWS, Channel.RATINGS, Channel.ATTENDANCE,
    Channel.FRAME, Channel.DEAD_LETTERS,
)  # fmt: skip


@dataclass(slots=True)
class Changes:
    """What a batch changed: alerts by id with their case, and cases with new facts."""

    alerts: dict[str, str] = field(default_factory=dict)
    cases: set[str] = field(default_factory=set)
    records: int = 0


class Projector:
    """Writes what records say into the tables of the read model.

    Args:
        database: where the tables are.
        registry: the instruments by which forms are read.
        prefix: that of the topics.
        canary_prefix: beginning of the references of synthetic cases.
    """

    def __init__(
        self, database: Database, registry: Registry, *, prefix: str, canary_prefix: str
    ) -> None:
        self._database = database
        self._reader = Reader(registry)
        self._canary_prefix = canary_prefix
        self.channels = {topic_name(prefix, channel): channel for channel in CHANNELS}

    async def offsets(self) -> dict[Place, int]:
        """Return what to read next of every partition."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                select(positions.c.topic, positions.c.partition, positions.c.offset)
            )
            return {(topic, partition): offset for topic, partition, offset in rows}

    async def take(self, records: Sequence[Seen]) -> Changes:
        """Take in records, all or none; records that were taken before change nothing."""
        if not records:
            return Changes()
        batch = read_batch(records, self.channels, self._reader)
        async with self._database.writing() as connection:
            known = await _positions(connection)
            if any(record.offset < known.get((record.topic, record.partition), 0)
                   for record in records):  # fmt: skip
                batch = read_batch(
                    [r for r in records if r.offset >= known.get((r.topic, r.partition), 0)],
                    self.channels,
                    self._reader,
                )
            changes = await self._write(connection, batch)
            await _store_positions(connection, records, known)
        changes.records = len(records)
        return changes

    async def _write(self, connection: AsyncConnection, batch: Batch) -> Changes:
        erasing = await Erasing.begin(connection, batch)
        await self._note_canaries(connection, batch)
        batch = erasing.left(batch, self._canary_prefix)
        changed = {found.ref for found in batch.facts}
        await _write_facts(connection, batch.facts)
        await _count_sources(connection, batch.facts)
        await upsert(connection, dead_letters, batch.dead)
        rows = AlertRows(connection)
        touched = await rows.take(batch.alerts, batch.reviews)
        await _write_standings(connection, batch)
        changed |= set(touched.values())
        await _mark_dirty(connection, changed)
        return Changes(touched, changed)

    async def _note_canaries(self, connection: AsyncConnection, batch: Batch) -> None:
        seen: dict[str, int] = {}
        came = [
            *((one.ref, one.received) for one in batch.alerts),
            *((one.ref, one.received) for one in batch.standings),
        ]
        for ref, received in came:
            if ref.startswith(self._canary_prefix):
                seen[ref] = max(seen.get(ref, 0), received)
        await upsert(
            connection, canaries, [{"ref": ref, "received": at} for ref, at in seen.items()]
        )


async def _positions(connection: AsyncConnection) -> dict[Place, int]:
    rows = await connection.execute(
        select(positions.c.topic, positions.c.partition, positions.c.offset)
    )
    return {(topic, partition): offset for topic, partition, offset in rows}


async def _store_positions(
    connection: AsyncConnection, records: Iterable[Seen], known: dict[Place, int]
) -> None:
    rows: dict[Place, dict[str, Any]] = {}
    for record in records:
        place = record.topic, record.partition
        if record.offset + 1 > known.get(place, 0):
            rows[place] = {
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset + 1,
                "received": record.timestamp,
            }
    await upsert(connection, positions, rows.values())


async def _write_facts(connection: AsyncConnection, found: Sequence[IncomingFact]) -> None:
    """Store each fact unless a version that wins is there already."""
    newest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in found:
        row = fact_row(one)
        key = row["ref"], row["kind"], row["name"]
        known = newest.get(key)
        if known is None or _wins(row, known):
            newest[key] = row
    keys = list(newest)
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        rows = await connection.execute(
            select(facts.c.ref, facts.c.kind, facts.c.name, facts.c.recorded, facts.c.event_id)
            .where(tuple_(facts.c.ref, facts.c.kind, facts.c.name).in_(part))
        )  # fmt: skip
        for ref, kind, name, recorded, event_id in rows:
            if not _wins(newest[ref, kind, name], {"recorded": recorded, "event_id": event_id}):
                del newest[ref, kind, name]
    await upsert(connection, facts, newest.values())


def _wins(new: dict[str, Any], old: dict[str, Any]) -> bool:
    return bool((new["recorded"], new["event_id"]) > (old["recorded"], old["event_id"]))


async def _count_sources(connection: AsyncConnection, found: Iterable[IncomingFact]) -> None:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for one in found:
        fact = one.fact
        row = rows.setdefault(
            (fact.source, one.type),
            {"source": fact.source, "type": one.type, "events": 0, "time": 0, "received": 0,
             "late": 0},
        )  # fmt: skip
        row["events"] += 1
        row["time"] = max(row["time"], fact.time)
        row["received"] = max(row["received"], one.received)
        row["late"] += fact.recorded - fact.time > LATE
    await upsert(connection, sources, rows.values(), add=("events", "late"))


async def _write_standings(connection: AsyncConnection, batch: Batch) -> None:
    rows: dict[str, dict[str, Any]] = {}
    gone: list[str] = []
    for one in batch.standings:
        if one.standing is None:
            rows.pop(one.ref, None)
            gone.append(one.ref)
            continue
        counts, seen = one.standing["counts"], one.standing["last_seen"]
        rows[one.ref] = {
            "ref": one.ref,
            "sessions": counts["sessions"],
            "rated_sessions": counts["rated_sessions"],
            "last_seen": None if seen is None else microseconds(seen),
        }
    if gone:
        await connection.execute(delete(cases).where(cases.c.ref.in_(gone)))
    await upsert(connection, cases, rows.values())


async def _mark_dirty(connection: AsyncConnection, refs: Iterable[str]) -> None:
    await upsert(connection, cases, [{"ref": ref, "dirty": True} for ref in sorted(refs)])
