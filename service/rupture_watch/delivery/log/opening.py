"""Opening the delivery log: its database brought up to date, and one process at a time in it."""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from rupture_watch.delivery.failures import LogUnavailable
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sqlalchemy import URL, Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from rupture_watch.delivery.configuration import Log

MIGRATIONS: Final = Path(__file__).with_name("migrations")
BUSY_LIMIT: Final = 15_000
"""Milliseconds for which SQLite waits for another process that writes."""
CLAIM: Final = 0x52_57_44_4C
"""Key of PostgreSQL's advisory lock: who holds it delivers."""
PAUSE: Final = 0.25


def location(log: Log, data_dir: Path) -> URL:
    """Return the database's URL; SQLite in the data folder unless the configuration says else."""
    if log.url is None:
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidSettings(f"RUPTURE_WATCH_DATA_DIR: {error.strerror}") from None
        return make_url(f"sqlite+aiosqlite:///{data_dir / 'deliveries.db'}")
    url = make_url(log.url)
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    if url.password is not None:
        raise InvalidSettings("log.url: no password in it, name a password_file")
    if log.password_file is not None:
        url = url.set(password=_secret(log.password_file))
    return url.set(drivername="postgresql+asyncpg")


def _secret(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"log.password_file: {type(error).__name__}") from None


@asynccontextmanager
async def open_log(url: URL) -> AsyncIterator[AsyncEngine]:
    """Yield an engine on the log with its tables as this version needs them.

    Raises:
        LogUnavailable: the database does not answer, or is of a later version.
    """
    if url.get_backend_name() == "sqlite":
        _look_at(url)
    engine = create_async_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    if url.get_backend_name() == "sqlite":
        _prepare_sqlite(engine)
    try:
        try:
            async with engine.connect() as connection:
                if url.get_backend_name() != "sqlite":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:key + 1)"), _KEY)
                await connection.run_sync(_migrate)
                await connection.commit()
        except (SQLAlchemyError, CommandError, OSError) as error:
            raise unavailable(error) from error
        yield engine
    finally:
        await engine.dispose()


def unavailable(error: Exception) -> LogUnavailable:
    """Return the failure in one line; the driver's words stay out, for they quote rows."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return LogUnavailable(f"the delivery log: {type(cause or error).__name__}")


@asynccontextmanager
async def sole_possession(
    engine: AsyncEngine, stop: asyncio.Event
) -> AsyncIterator[Callable[[], Awaitable[None]] | None]:
    """Wait until no other process delivers from this log, then keep others waiting.

    Yield what watches over it, to be run meanwhile: it ends only by raising LogUnavailable, when
    the log is lost to us. None: ``stop`` came first. A killed process lets go at once.
    """
    if engine.url.get_backend_name() == "sqlite":
        async with _file_lock(Path(f"{engine.url.database}.lock"), stop) as mine:
            yield _for_ever if mine else None
        return
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            while not (mine := await _try_lock(connection)) and not await _told(stop):
                pass
            yield partial(_keep, connection) if mine else None
    except (SQLAlchemyError, OSError) as error:
        raise unavailable(error) from error


_KEY: Final = {"key": CLAIM}


async def _try_lock(connection: AsyncConnection) -> bool:
    found = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), _KEY)
    return bool(found)


async def _keep(connection: AsyncConnection) -> None:
    """Use the lock's connection now and then; it fails when the lock is lost."""
    while True:
        await asyncio.sleep(1.0)
        try:
            await connection.scalar(text("SELECT 1"))
        except (SQLAlchemyError, OSError) as error:
            raise unavailable(error) from error


async def _for_ever() -> None:
    await asyncio.Event().wait()


@asynccontextmanager
async def _file_lock(path: Path, stop: asyncio.Event) -> AsyncIterator[bool]:
    try:
        file = path.open("w")
    except OSError as error:
        raise LogUnavailable(f"the delivery log: {error.strerror}") from error
    with file:
        while not (mine := _try_flock(file)) and not await _told(stop):
            pass
        yield mine


def _try_flock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _told(stop: asyncio.Event) -> bool:
    """Wait a moment; tell whether the stop has come."""
    try:
        async with asyncio.timeout(PAUSE):
            return await stop.wait()
    except TimeoutError:
        return False


def _look_at(url: URL) -> None:
    """See that the file can be opened; the driver's thread would complain past our one line."""
    try:
        with closing(sqlite3.connect(str(url.database))) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise unavailable(error) from error


def _prepare_sqlite(engine: AsyncEngine) -> None:
    """Write-ahead log, every commit on the disk; a transaction begins as a writer's."""

    @event.listens_for(engine.sync_engine, "connect")
    def _(connection: Any, _: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_LIMIT}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
