"""The database of the inbox: SQLite in WAL mode, or PostgreSQL by its URL."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from rupture_watch.inbox.storage import local_schema  # noqa: F401 - declares its tables
from rupture_watch.kafka.session import Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from sqlalchemy import Connection, Table

MIGRATIONS: Final = Path(__file__).with_name("migrations")
BUSY: Final = 15_000
"""Milliseconds for which a writer of SQLite waits for another."""
CHUNK: Final = 200
"""Rows of one statement: SQLite takes a limited number of values."""


class Database:
    """One engine; ``reading`` and ``writing`` give a connection for as long as the context lasts.

    Args:
        url: SQLAlchemy URL of aiosqlite or asyncpg.
        password: kept out of the URL, so that it can come from a file.
    """

    def __init__(self, url: str, password: str | None = None) -> None:
        parsed = make_url(url)
        if password is not None:
            parsed = parsed.set(password=password)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine: AsyncEngine = create_async_engine(
            parsed, pool_pre_ping=not self.is_sqlite, hide_parameters=True
        )
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _tune)
            event.listen(self.engine.sync_engine, "begin", _begin)

    async def migrate(self) -> None:
        """Bring the tables up to this release.

        Raises:
            Unreachable: the database does not answer, or not to us.
        """
        try:
            async with self.engine.begin() as connection:
                await connection.run_sync(_upgrade)
        except (OSError, OperationalError, InterfaceError) as error:
            raise Unreachable(
                "no answer from the database: RUPTURE_WATCH_INBOX_DATABASE"
            ) from error

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection whose statements see one state of the database."""
        async with self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection whose changes take effect together, or not at all."""
        async with self.engine.connect() as connection:
            if self.is_sqlite:
                # Take the write lock at once: a reader that turns writer could not wait for it.
                await connection.execution_options(rupture_watch_writes=True)
            async with connection.begin():
                yield connection

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


async def upsert(
    connection: AsyncConnection,
    table: Table,
    rows: Iterable[Mapping[str, Any]],
    *,
    add: Iterable[str] = (),
) -> None:
    """Insert rows, or replace those with the same primary key; columns in ``add`` are summed.

    All rows have the same columns.
    """
    found = list(rows)
    if not found:
        return
    added = set(add)
    build: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = build.insert(table)
    keys = [column.name for column in table.primary_key]
    updated = {
        name: table.c[name] + statement.excluded[name]
        if name in added
        else statement.excluded[name]
        for name in found[0]
        if name not in keys
    }
    if updated:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=updated)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    await connection.execute(statement, found)


def alembic_config(connection: Connection | None = None) -> Config:
    """Return how Alembic finds the migrations, and the connection to run them on."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")


def _tune(connection: Any, _record: object) -> None:
    """Set up one connection of SQLite: readers never wait for the writer, nor it for them."""
    connection.isolation_level = None  # the driver must not open transactions by itself
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "cache_size = -32000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("rupture_watch_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
