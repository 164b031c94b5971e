"""The read model, made anew from the topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, true

from rupture_watch.inbox.projection.following import catch_up
from rupture_watch.inbox.serving import open_database, projector
from rupture_watch.inbox.storage import schema

if TYPE_CHECKING:
    from rupture_watch.inbox.settings import InboxSettings
    from rupture_watch.settings import Settings


async def rebuild(settings: Settings, inbox: InboxSettings, *, everything: bool) -> int:
    """Read all topics from their beginning; return how many records there were.

    Facts and answers stay unless ``everything`` is to go: their topics forget sooner than this
    database. What is erased stays erased in either case.

    Raises:
        Unreachable: Kafka does not answer; the tables are then as far as it came.
        MissingTopic: a topic does not exist.
    """
    database = open_database(settings, inbox)
    try:
        await database.migrate()
        kept = {schema.erasures} | (set() if everything else {schema.facts, schema.reviews})
        async with database.writing() as connection:
            for table in schema.READ_MODEL:
                if table not in kept:
                    await connection.execute(delete(table))
            await connection.execute(
                insert(schema.cases).from_select(
                    ["ref", "dirty"], select(schema.facts.c.ref, true()).distinct()
                )
            )
        return await catch_up(settings.kafka, projector(settings, inbox, database))
    finally:
        await database.close()
