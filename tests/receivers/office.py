"""The delivering part of the service in this process: a log, and a courier per endpoint."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from rupture_watch.delivery.channels.opening import channel_of
from rupture_watch.delivery.courier import Courier, now
from rupture_watch.delivery.endpoints import (
    DigestEndpoint,
    Endpoint,
    FhirEndpoint,
    MailEndpoint,
    WebhookEndpoint,
)
from rupture_watch.delivery.log import DeliveryLog, open_log
from rupture_watch.delivery.log.listing import listed
from rupture_watch.delivery.measures import CATALOGUE
from rupture_watch.delivery.results import State
from rupture_watch.metrics import Metrics
from tests.receivers.sink import SECRET
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

    from rupture_watch.delivery.alerts import AlertRevision
    from rupture_watch.delivery.log.listing import Row

LOOPBACK = ["127.0.0.0/8"]
QUICK = [0.02] * 5
LIMIT = 40.0
KINDS: dict[str, type[Endpoint]] = {
    "webhook": WebhookEndpoint,
    "fhir": FhirEndpoint,
    "mail": MailEndpoint,
    "digest": DigestEndpoint,
}


def hook(folder: Path, url: str, *, name: str = "hook", **other: Any) -> WebhookEndpoint:
    """Return a web hook on the loopback, with a quick schedule unless told otherwise."""
    secrets = folder / f"{name}.secret"
    if not secrets.exists():
        secrets.write_text(SECRET + "\n", "ascii")
    settings = {
        "name": name,
        "kind": "webhook",
        "url": url,
        "secrets_file": secrets,
        "plain_http": True,
        "allow_networks": LOOPBACK,
        "retries": QUICK,
        "pause": 0.05,
        "longest_pause": 0.2,
        "timeout": 5.0,
    }
    return WebhookEndpoint.model_validate(settings | other)


def mailbox(port: int, *, kind: str = "mail", **other: Any) -> MailEndpoint | DigestEndpoint:
    """Return a mailbox behind the mail server on this port."""
    settings = {
        "name": kind,
        "kind": kind,
        "host": "localhost",
        "port": port,
        "tls": "none",
        "sender": "alliance@clinic.example",
        "recipient": "lead@clinic.example",
        "link": "https://inbox.example/",
        "retries": QUICK,
        "timeout": 5.0,
    }
    model = MailEndpoint if kind == "mail" else DigestEndpoint
    return model.model_validate(settings | other)


class Office:
    """A delivery log with its couriers at work."""

    def __init__(self, engine: AsyncEngine, endpoints: Sequence[Endpoint]) -> None:
        self.engine = engine
        self.log = DeliveryLog(engine, endpoints)
        self.metrics = Metrics(CATALOGUE)
        self.tasks: list[asyncio.Task[None]] = []
        self.couriers = [Courier(one, channel_of(one), self.log, self.metrics) for one in endpoints]

    async def note(self, *revisions: AlertRevision) -> int:
        """Note revisions as the intake does, and tell the couriers."""
        count = await self.log.note(revisions, {}, now())
        for courier in self.couriers:
            courier.wake()
        return count

    async def crash(self) -> None:
        """End the couriers where they are: nothing more is written down."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def rows(self) -> list[Row]:
        return await listed(self.engine, limit=100_000)

    async def settled(self, limit: float = LIMIT) -> list[Row]:
        """Wait until nothing waits any more; return all deliveries."""

        async def nothing_waits() -> bool:
            return all(row.state != State.PENDING for row in await self.rows())

        await until(nothing_waits, limit=limit)
        return await self.rows()


@asynccontextmanager
async def at_work(url: str, *endpoints: Endpoint) -> AsyncIterator[Office]:
    """Open the log at ``url`` and have a courier per endpoint work until the context ends."""
    async with open_log(make_url(url)) as engine:
        office = Office(engine, endpoints)
        await office.log.begin(now())
        office.tasks = [asyncio.create_task(courier.run()) for courier in office.couriers]
        try:
            yield office
            for courier in office.couriers:
                courier.stop()
            running = [task for task in office.tasks if not task.cancelled()]
            await asyncio.wait_for(asyncio.gather(*running), LIMIT)
        finally:
            await office.crash()


def in_folder(folder: Path) -> str:
    """Return the URL of a log in SQLite."""
    return f"sqlite+aiosqlite:///{folder / 'deliveries.db'}"
