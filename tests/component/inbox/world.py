"""A whole inbox in this process: real database, real pages; only Kafka is a list."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import text

from rupture_watch.inbox.access import accounts, signing_in
from rupture_watch.inbox.cases.glancing import Glancing
from rupture_watch.inbox.cases.judges import Judges
from rupture_watch.inbox.deciding import Decisions
from rupture_watch.inbox.hub import Hub
from rupture_watch.inbox.projection.projecting import Projector
from rupture_watch.inbox.rules.backtesting import Backtests
from rupture_watch.inbox.settings import InboxSettings
from rupture_watch.inbox.storage.database import Database
from rupture_watch.inbox.web.app import create_app
from rupture_watch.inbox.web.site import Site
from rupture_watch.kafka.producer import Unwritten
from rupture_watch.rulesets import load_ruleset
from rupture_watch.settings import KafkaSettings
from tests.inbox_records import PREFIX, Tape, record, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rupture_watch.inbox.access.roles import Role

ADDRESS = "http://inbox.test"
PASSWORD = "a long enough password"  # noqa: S105 - of a test account
Form = dict[str, str]


class Written(list[tuple[str, bytes, bytes, list[tuple[str, bytes]]]]):
    """A producer that keeps what it is given, and can refuse it."""

    refuses = False

    async def send(
        self,
        topic: str,
        *,
        key: bytes,
        value: bytes,
        headers: list[tuple[str, bytes]],
    ) -> asyncio.Future[object]:
        """Take one record."""
        if self.refuses:
            raise Unwritten(f"{topic}: KafkaTimeoutError")
        self.append((topic, key, value, headers))
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    async def __aexit__(self, *_: object) -> None:
        """Have nothing to let go."""


class ListedDecisions(Decisions):
    """Decisions that go to a list."""

    def __init__(self, database: Database, written: Written) -> None:
        super().__init__(database, KafkaSettings(), PREFIX)
        self.written = written

    async def _connected(self) -> Any:
        return self.written


@dataclass(slots=True)
class World:
    """A running inbox and what it is made of."""

    site: Site
    projector: Projector
    glancing: Glancing
    written: Written
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def database(self) -> Database:
        """Return the database."""
        return self.site.database

    async def take(self, tape: Tape) -> None:
        """Project a tape, and look at every case that it touched."""
        for start in range(0, len(tape.records), 500):
            await self.projector.take(tape.records[start : start + 500])
        while await self.glancing.turn():
            pass
        self.site.hub.freshness.answered = 4e9
        self.site.hub.freshness.lag = 0

    def browser(self) -> httpx.AsyncClient:
        """Return a browser that nobody has signed in with."""
        transport = httpx.ASGITransport(create_app(self.site), raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=ADDRESS, timeout=30)
        self.clients.append(client)
        return client

    async def person(self, login: str, role: Role, password: str | None = PASSWORD) -> int:
        """Make an account."""
        async with self.database.writing() as connection:
            return await accounts.create(connection, login, login.title(), role.value, password)

    async def signed_in(
        self, login: str, role: Role, password: str | None = None
    ) -> httpx.AsyncClient:
        """Return a browser in which a new person is signed in; hashing a password takes time."""
        user_id = await self.person(login, role, password)
        client = self.browser()
        async with self.database.writing() as connection:
            token = await signing_in.open_session(connection, user_id)
        client.cookies.set(self.site.cookie, token, domain="inbox.test")
        return client

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Return rows of a query."""
        async with self.database.reading() as connection:
            found = await connection.execute(text(query), values)
            return [dict(row) for row in found.mappings()]


@lru_cache(maxsize=1)
def judges() -> Judges:
    """Return the process that judges for all tests; starting one costs more than most of them."""
    return Judges()


@asynccontextmanager
async def world(folder: Path, database_url: str | None = None) -> AsyncIterator[World]:
    """Give an inbox for as long as the context lasts."""
    settings = InboxSettings(url=ADDRESS)
    database = Database(database_url or settings.database_url(folder))
    await database.migrate()
    pages = background = judges()
    written = Written()
    backtests = Backtests(database, background, None, folder)
    site = Site(
        settings=settings,
        database=database,
        hub=Hub(),
        decisions=ListedDecisions(database, written),
        ruleset=None,
        data_dir=folder,
        pages=pages,
        background=background,
        backtests=backtests,
        address=ADDRESS,
        version="test",
    )
    projector = Projector(database, load_ruleset().registry, prefix=PREFIX, canary_prefix="canary-")
    found = World(site, projector, Glancing(database, background, None), written)
    try:
        yield found
    finally:
        for client in found.clients:
            await client.aclose()
        await backtests.close()
        await database.close()


def stories(*names: str) -> Tape:
    """Return the tape of scripted stories."""
    return record(told(*names))


def token(page: httpx.Response) -> str:
    """Return the token of a page's forms."""
    return page.text.split('name="csrf" value="')[1].split('"')[0]


def field_of(page: httpx.Response, name: str) -> str:
    """Return the value of the first hidden field of this name."""
    return page.text.split(f'name="{name}" value="')[1].split('"')[0]


def body_of(written: Written) -> list[dict[str, Any]]:
    """Return the data of what was published."""
    return [json.loads(value) for _, _, value, _ in written]
