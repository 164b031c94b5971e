"""The migrations make the very tables that the code asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from rupture_watch.inbox.storage import local_schema
from rupture_watch.inbox.storage.database import Database
from rupture_watch.inbox.storage.schema import READ_MODEL, metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_migrated_tables_are_the_declared_ones(database_url: str) -> None:
    database = Database(database_url)
    await database.migrate()
    await database.migrate()
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


def test_what_a_rebuild_empties_holds_nothing_that_only_people_know() -> None:
    local = {
        table.name for table in metadata.tables.values() if table not in READ_MODEL
    }  # fmt: skip
    assert local_schema.audit.name in local
    assert {"users", "sessions", "links", "owners", "reads", "notes", "outgoing"} <= local
