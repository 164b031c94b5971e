"""A receiver of web hooks that checks every signature with the library of the standard."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the tests
LIMIT = 40.0


class Answer(NamedTuple):
    """What the receiver says to one request."""

    status: int = 204
    headers: Mapping[str, str] = {}
    after: float = 0.0
    """Seconds."""


class Message(NamedTuple):
    """One request that was answered with success."""

    id: str
    body: dict[str, Any]

    @property
    def alert(self) -> tuple[str, int]:
        return self.body["data"]["alert_id"], self.body["data"]["revision"]


class Sink:
    """Keeps what came; ``answer`` decides what is said to a request, by its body."""

    def __init__(self, secret: str = SECRET) -> None:
        self.webhook = Webhook(secret)
        self.requests: list[dict[str, str]] = []
        self.forged = 0
        self.taken: list[Message] = []
        self.answer: Callable[[dict[str, Any]], Answer] = lambda _: Answer()
        self.url = ""
        self._news = asyncio.Event()

    @property
    def effects(self) -> list[Message]:
        """What a receiver does that keeps the ids it has seen, as the standard tells it to."""
        return list({message.id: message for message in reversed(self.taken)}.values())[::-1]

    async def until(self, holds: Callable[[], bool], limit: float = LIMIT) -> None:
        """Wait until something holds of this sink."""
        async with asyncio.timeout(limit):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def handle(self, request: web.Request) -> web.Response:
        text = await request.text()
        headers = dict(request.headers)
        self.requests.append(headers)
        self._news.set()
        try:
            body = self.webhook.verify(text, headers)
        except WebhookVerificationError:
            self.forged += 1
            self._news.set()
            return web.Response(status=401)
        answer = self.answer(body)
        if answer.after:
            await asyncio.sleep(answer.after)
        if answer.status in range(200, 300):
            name = next(v for k, v in headers.items() if k.lower() == "webhook-id")
            self.taken.append(Message(name, json.loads(text)))
        self._news.set()
        return web.Response(status=answer.status, headers=answer.headers)


@asynccontextmanager
async def listening(
    sink: Sink, *, port: int = 0, host: str = "127.0.0.1", trust: ssl.SSLContext | None = None
) -> AsyncIterator[Sink]:
    """Have the sink listen; leaving makes it go away, its connections cut."""
    app = web.Application()
    app.router.add_post("/hook", sink.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=trust, reuse_address=True)
        await site.start()
        bound = runner.addresses[0][1]
        scheme = "http" if trust is None else "https"
        sink.url = f"{scheme}://{host}:{bound}/hook"
        yield sink
    finally:
        await runner.cleanup()
