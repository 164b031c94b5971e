"""An inbox as its users have it: a process, over a Kafka that others write to."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.inbox.access import accounts, signing_in
from rupture_watch.inbox.storage.database import Database
from rupture_watch.kafka.consumer import EventConsumer
from rupture_watch.kafka.producer import EventProducer, acknowledged
from rupture_watch.operations.broker.node import free_ports
from rupture_watch.operations.topics import create
from rupture_watch.settings import Settings, as_environment
from tests.inbox_records import Tape, record, told
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, BrowserContext, Page

    from rupture_watch.inbox.access.roles import Role
    from rupture_watch.settings import KafkaSettings

LIMIT = 50


@dataclass(slots=True)
class Stage:
    """One inbox: where it is, and what one can do to it from outside."""

    settings: Settings
    address: str
    first_link: str
    database: Database
    process: asyncio.subprocess.Process
    environment: dict[str, str]
    log: Path
    people: dict[str, int] = field(default_factory=dict)

    async def publish(self, tape: Tape) -> None:
        """Write a tape onto the topics, every record acknowledged."""
        async with EventProducer(self.settings.kafka) as producer:
            written = []
            for one in tape.records:
                channel = Channel(one.topic.removeprefix(tape.prefix))
                topic = topic_name(self.settings.topic_prefix, channel)
                written.append(
                    await producer.send(topic, key=one.key, value=one.value, headers=one.headers)
                )
            await acknowledged(written)

    async def reviews(self) -> list[Any]:
        """Return every review on its topic."""
        topic = topic_name(self.settings.topic_prefix, Channel.REVIEWS)
        async with EventConsumer(self.settings.kafka, [topic], from_beginning=True) as consumer:
            return [one async for one in consumer.up_to_now()]

    async def person(self, login: str, role: Role) -> str:
        """Return the value of a session's cookie for somebody, who is made if need be."""
        async with self.database.writing() as connection:
            if login not in self.people:
                name = login.title()
                self.people[login] = await accounts.create(connection, login, name, role.value)
            return await signing_in.open_session(connection, self.people[login])

    async def context(
        self, browser: Browser, login: str, role: Role, **options: Any
    ) -> BrowserContext:
        """Return a window in which somebody is signed in."""
        defaults = {"viewport": {"width": 1280, "height": 860}, "locale": "en-GB"}
        context = await browser.new_context(base_url=self.address, **{**defaults, **options})
        token = await self.person(login, role)
        await context.add_cookies(
            [{"name": "rupture-watch", "value": token, "url": self.address, "httpOnly": True,
              "sameSite": "Lax"}]
        )  # fmt: skip
        return context

    async def caught_up(self, query: str, expected: Any) -> None:
        """Wait until a figure of the database is as expected."""

        async def as_expected() -> bool:
            return bool(await self.figure(query) == expected)

        await until(as_expected, limit=LIMIT)

    async def figure(self, query: str) -> Any:
        """Return one value of the database."""
        async with self.database.reading() as connection:
            return (await connection.exec_driver_sql(query)).scalar()

    async def start(self) -> None:
        """Start the inbox once more, after it was ended."""
        self.process = await _start(self.environment, self.log)
        await _ready(self.address)


@asynccontextmanager
async def staged(kafka: KafkaSettings, folder: Path) -> AsyncIterator[Stage]:
    """Give an inbox with the scripted stories told, for as long as the context lasts."""
    name = f"t{uuid.uuid4().hex[:10]}"
    settings = Settings(kafka=kafka, topic_prefix=f"{name}.", app_id=name, data_dir=folder)
    await create(settings)
    (port,) = free_ports(1)
    environment = {
        **os.environ,
        **as_environment(settings),
        "RUPTURE_WATCH_INBOX_PORT": str(port),
    }
    log = folder / "inbox.log"
    process = await _start(environment, log)
    address = f"http://127.0.0.1:{port}"
    database = Database(f"sqlite+aiosqlite:///{folder / 'inbox.sqlite3'}")
    try:
        await _ready(address)
        link = next(
            line.rpartition(" ")[2]
            for line in (await asyncio.to_thread(log.read_text)).splitlines()
            if line.startswith("set up")
        )
        stage = Stage(settings, address, link, database, process, environment, log)
        tape = stories()
        await stage.publish(tape)
        await stage.caught_up("SELECT count(*) FROM alerts", len(alerts_of(tape)))
        await stage.caught_up("SELECT count(*) FROM cases WHERE dirty OR glance IS NULL", 0)
        yield stage
        process = stage.process
    finally:
        await database.close()
        if process.returncode is None:
            process.terminate()
            code = await asyncio.wait_for(process.wait(), 20)
            assert code == 0, (await asyncio.to_thread(log.read_text))[-2000:]


async def _start(environment: dict[str, str], log: Path) -> asyncio.subprocess.Process:
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "rupture_watch", "inbox",
            env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip


async def _ready(address: str) -> None:
    async with aiohttp.ClientSession() as session:

        async def ready() -> bool:
            try:
                async with session.get(f"{address}/readyz") as answer:
                    return answer.ok
            except aiohttp.ClientError:
                return False

        await until(ready, limit=LIMIT)


def stories() -> Tape:
    """Return the scripted stories, each told to its end, and three that stop while all is open."""
    tape = record(told())
    for number, (name, share) in enumerate(
        (("falling-bond", 0.55), ("frame-violation", 0.6), ("sudden-compliance", 0.95))
    ):
        ref = f"case-open-{number}".encode()
        lines = [line.replace(f"case-{name}".encode(), ref) for line in told(name)]
        record(lines[: int(len(lines) * share)], tape)
    return tape


def alerts_of(tape: Tape) -> dict[str, Any]:
    """Return the last word on every alert of a tape."""
    found: dict[str, Any] = {}
    for one in tape.records:
        if one.topic.endswith(Channel.ALERTS.value):
            data = json.loads(one.value or b"")
            found[data["alert_id"]] = data
    return found


def watched(page: Page) -> list[str]:
    """Return a list that fills with what goes wrong in a page: errors, refused resources."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        lambda message: (
            found.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    return found
