"""A running inbox: the page, the read model that follows Kafka, and the answers on their way."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn

from rupture_watch.inbox.access import accounts, audit, signing_in
from rupture_watch.inbox.access.roles import Role
from rupture_watch.inbox.cases.glancing import Glancing
from rupture_watch.inbox.cases.judges import Judges
from rupture_watch.inbox.cases.judging import warm
from rupture_watch.inbox.deciding import Decisions
from rupture_watch.inbox.hub import Hub
from rupture_watch.inbox.projection.following import Follower
from rupture_watch.inbox.projection.projecting import Projector
from rupture_watch.inbox.rules.backtesting import Backtests
from rupture_watch.inbox.storage.database import Database
from rupture_watch.inbox.web.app import create_app
from rupture_watch.inbox.web.site import Site, fingerprint
from rupture_watch.logs import configure
from rupture_watch.rulesets import load_ruleset
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.ext.asyncio import AsyncConnection

    from rupture_watch.inbox.settings import InboxSettings
    from rupture_watch.settings import Settings

GRACE: Final = 3
"""Seconds that open requests have when the page stops."""
GUEST: Final = "guest"


class PageServer(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(
    settings: Settings,
    inbox: InboxSettings,
    *,
    guest: bool,
    say: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM; ``say`` is told the address, and a link where one is due.

    Without an account yet the link makes the first one; with ``guest`` it signs in once, as a
    guest who leads, for a demonstration.

    Raises:
        MissingTopic, NotAdmitted, Unreadable, InvalidSettings: it cannot work as it is set up.
    """
    configure(settings.log_level)
    async with AsyncExitStack() as stack:
        database = open_database(settings, inbox)
        stack.push_async_callback(database.close)
        await database.migrate()
        listening = _listen(inbox)
        stack.callback(listening.close)
        site = _site(settings, inbox, database, inbox.address(listening.getsockname()[1]), stack)
        await site.backtests.give_up_on_old()
        server = PageServer(
            uvicorn.Config(
                create_app(site),
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE,
                lifespan="off",
            )
        )
        say(f"ready {site.address}")
        if (link := await _first_link(site, guest=guest)) is not None:
            say(link)
        await _run(server, listening, site, settings)


def open_database(settings: Settings, inbox: InboxSettings) -> Database:
    """Return the database that the settings name."""
    return Database(inbox.database_url(settings.data_dir), inbox.database_password())


def projector(settings: Settings, inbox: InboxSettings, database: Database) -> Projector:
    """Return what writes the topics into the database."""
    return Projector(
        database,
        load_ruleset(settings.ruleset).registry,
        prefix=settings.topic_prefix,
        canary_prefix=inbox.canary_prefix,
    )


def _site(
    settings: Settings,
    inbox: InboxSettings,
    database: Database,
    address: str,
    stack: AsyncExitStack,
) -> Site:
    pages, background = Judges(), Judges()
    for judges in (pages, background):
        stack.callback(judges.close)
    hub = Hub()
    decisions = Decisions(database, settings.kafka, settings.topic_prefix)
    stack.push_async_callback(decisions.close)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    backtests = Backtests(database, background, settings.ruleset, settings.data_dir)
    stack.push_async_callback(backtests.close)
    return Site(
        settings=inbox,
        database=database,
        hub=hub,
        decisions=decisions,
        ruleset=settings.ruleset,
        data_dir=settings.data_dir,
        pages=pages,
        background=background,
        backtests=backtests,
        address=address,
        version=fingerprint(),
    )


async def _run(
    server: PageServer, listening: socket.socket, site: Site, settings: Settings
) -> None:
    """Run all parts until a signal comes, or one of them cannot go on: then raise that."""
    glancing = Glancing(site.database, site.background, settings.ruleset)
    follower = Follower(
        settings.kafka, projector(settings, site.settings, site.database), site.hub, glancing.wake
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    parts = [
        serving,
        asyncio.create_task(follower.run()),
        asyncio.create_task(glancing.run()),
        asyncio.create_task(site.decisions.run()),
        asyncio.create_task(_warm(site)),
    ]
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait((*parts, stopping), return_when=asyncio.FIRST_COMPLETED)
        failed = next((part for part in parts if part.done() and part.exception()), None)
    finally:
        site.hub.close()
        server.should_exit = True
        await asyncio.wait((serving,), timeout=GRACE + 2)
        for part in (*parts, stopping):
            part.cancel()
        await asyncio.gather(*parts, stopping, return_exceptions=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    if failed is not None and (error := failed.exception()) is not None:
        raise error


async def _warm(site: Site) -> None:
    """Load the rules before the first reader waits for them; then do nothing, without end."""
    await site.pages.run(warm, site.ruleset)
    await asyncio.Event().wait()


async def _first_link(site: Site, *, guest: bool) -> str | None:
    async with site.database.writing() as connection:
        if guest:
            user_id = await _guest(connection)
            token = await signing_in.make_link(connection, "sign-in", user_id)
            return f"sign in once: {site.address}/once/{token}"
        if await accounts.count(connection) == 0:
            token = await signing_in.make_link(connection, "setup")
            return f"set up the first account: {site.address}/once/{token}"
    return None


async def _guest(connection: AsyncConnection) -> int:
    for one in await accounts.everybody(connection):
        if one.login == GUEST:
            return one.id
    user_id = await accounts.create(connection, GUEST, "Guest", Role.LEAD)
    await audit.append(connection, GUEST, "added_user", role=Role.LEAD.value)
    return user_id


def _listen(inbox: InboxSettings) -> socket.socket:
    """Take the port before anything is said; refuse one that is taken in one line."""
    family = socket.AF_INET6 if ":" in inbox.host else socket.AF_INET
    try:
        return socket.create_server((inbox.host, inbox.port), family=family)
    except OSError as error:
        raise InvalidSettings(
            f"RUPTURE_WATCH_INBOX_HOST, _PORT: {inbox.host}:{inbox.port}: {error.strerror}"
        ) from error
