"""A mail server that keeps what it is given: aiosmtpd."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable
    from email.message import EmailMessage

USER, PASSWORD = "clinic", "a-password-that-nobody-logs"


class PostOffice:
    """Keeps mails; ``answer`` is what it says to the next one."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.signed_in: list[str] = []
        self.answer: Callable[[], str] = lambda: "250 OK"
        self.port = 0
        self._news = asyncio.Event()

    async def until(self, count: int, limit: float = 40.0) -> None:
        """Wait until so many mails have come."""
        async with asyncio.timeout(limit):
            while len(self.mails) < count:
                self._news.clear()
                await self._news.wait()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802
        said = self.answer()
        if said.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
            self._news.set()
        return said

    def check(self, server: Any, session: Any, envelope: Any, mechanism: str, auth: Any) -> Any:  # noqa: ARG002
        good = (auth.login, auth.password) == (USER.encode(), PASSWORD.encode())
        if good:
            self.signed_in.append(mechanism)
        return AuthResult(success=good, handled=False)


@asynccontextmanager
async def open_office(
    office: PostOffice, *, port: int = 0, trust: ssl.SSLContext | None = None
) -> AsyncIterator[PostOffice]:
    """Have the post office listen; with ``trust`` it takes mail over STARTTLS and sign-in only."""

    def session() -> SMTP:
        return SMTP(
            office,
            hostname="localhost",
            tls_context=trust,
            require_starttls=trust is not None,
            auth_required=trust is not None,
            authenticator=office.check if trust is not None else None,
        )

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", port)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        await server.wait_closed()
