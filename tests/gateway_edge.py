"""A gateway without a broker: its events are kept, and Kafka can be sent away."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import uvicorn

from rupture_watch.gateway.app import build
from rupture_watch.gateway.clients import new_key, stanza
from rupture_watch.gateway.keyfile import stanza as key_stanza
from rupture_watch.gateway.serving import assembled
from rupture_watch.gateway.settings import GatewaySettings
from rupture_watch.gateway.writer import Unavailable
from rupture_watch.kafka.consumer import Seen
from rupture_watch.settings import Settings
from tests.waiting import until

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from rupture_watch.gateway.edge import Edge
    from rupture_watch.kafka.binary_mode import BinaryEvent

URL = "http://gateway.example"
SCOPES = ("events", "fhir", "hl7v2", "cds")


class KeptEvents:
    """Keeps what is written, in place of Kafka; while ``away`` nothing is."""

    def __init__(self) -> None:
        self.records: list[tuple[str, BinaryEvent]] = []
        self.away = False

    @property
    def ready(self) -> bool:
        return not self.away

    async def write(self, events: Sequence[tuple[str, BinaryEvent]]) -> None:
        if self.away:
            raise Unavailable
        self.records += events

    @property
    def ids(self) -> list[str]:
        return [dict(record.headers)["ce_id"].decode() for _, record in self.records]

    @property
    def data(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(record.value) for _, record in self.records]


class Gateway:
    """The application with its kept events, and a client of its own."""

    def __init__(self, edge: Edge, kept: KeptEvents, key: str, client: httpx.AsyncClient) -> None:
        self.edge = edge
        self.kept = kept
        self.key = key
        self.client = client

    async def post(
        self, path: str, content: Any, media: str = "", **headers: str
    ) -> httpx.Response:
        told = {"x-api-key": self.key, **{k.replace("_", "-"): v for k, v in headers.items()}}
        if media:
            told["content-type"] = media
        return await self.client.post(path, content=content, headers=told)

    def told(self, topic: str, case: str, value: bytes | None) -> None:
        """Let the gateway see a record of the service."""
        standings = self.edge.standings
        assert standings is not None
        standings.take(Seen(f"alliance.{topic}", 0, 0, 0, case.encode(), value, ()))


def key_file(folder: Path, since: dt.datetime) -> Path:
    """Write a key file of one key."""
    file = folder / "keys.toml"
    file.write_text(key_stanza("k", b"k" * 32, since))
    return file


def put_together(
    folder: Path, since: dt.datetime, *, clients: str | None = None, **settings: Any
) -> tuple[Edge, KeptEvents, str]:
    """Return a gateway's parts and the key of the client that may do everything."""
    key = new_key()
    file = folder / "clients.toml"
    file.write_text(
        stanza("tests", key, SCOPES) + "rate = 100000\nburst = 100000\n" + (clients or "")
    )
    kept = KeptEvents()
    edge = assembled(
        GatewaySettings(**{"keys_file": key_file(folder, since), "clients_file": file, **settings}),
        Settings(),
        kept,
        URL,
    )
    if edge.standings is not None:
        edge.standings.complete = True
    return edge, kept, key


@asynccontextmanager
async def gateway(
    folder: Path,
    since: dt.datetime,
    *,
    clients: str | None = None,
    **settings: Any,
) -> AsyncIterator[Gateway]:
    """Build a gateway; ``clients`` adds to its file of clients."""
    edge, kept, key = put_together(folder, since, clients=clients, **settings)
    transport = httpx.ASGITransport(build(edge, URL), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield Gateway(edge, kept, key, client)


@asynccontextmanager
async def listening(edge: Edge) -> AsyncIterator[int]:
    """Serve a gateway on a port of its own; yield the port."""
    config = uvicorn.Config(
        build(edge), host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running
