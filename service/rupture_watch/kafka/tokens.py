"""Bearer tokens for OAUTHBEARER, out of a file that somebody renews or from a token endpoint."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

import aiohttp
from aiokafka import conn
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import AuthenticationFailedError
from aiokafka.helpers import create_ssl_context

from rupture_watch.failures import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path

LIMIT: Final = 10.0
"""Seconds for one answer of a token endpoint."""
SPARE: Final = 0.2
"""Part of a token's life that is left when it is renewed."""
LIFE: Final = 60.0
"""Seconds for which a token is used whose endpoint does not say how long it lives."""


class Unreadable(Misconfigured):
    """A certificate, key, password or token file cannot be used; exit code 78."""


class NoToken(AuthenticationFailedError):  # type: ignore[misc] # untyped in its library
    """There is no token to sign in with; the line says why, never what was sent."""


class _Bearer(conn.OAuthAuthenticator):  # type: ignore[misc] # untyped in its library
    """Hears the broker's refusal, which aiokafka 0.14 takes for success.

    A broker refuses a token with a challenge; only after the client's dummy answer to it comes the
    error (RFC 7628, section 3.2.3). Without it each request fails as if the network did.
    """

    async def step(self, payload: bytes) -> tuple[bytes, bool] | None:
        if self._token_sent and payload:
            return b"\x01", True
        answer: tuple[bytes, bool] | None = await super().step(payload)
        return answer


conn.OAuthAuthenticator = _Bearer


class TokenFile(AbstractTokenProvider):  # type: ignore[misc] # untyped in its library
    """Reads the file for every connection: the token in it may have been renewed."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def token(self) -> str:
        """Return the file's content.

        Raises:
            NoToken: the file is gone or empty.
        """
        try:
            token = read_secret(self._file, "KAFKA_SASL_TOKEN_FILE").strip()
        except Unreadable as error:
            raise NoToken(str(error)) from error
        if not token:
            raise NoToken("KAFKA_SASL_TOKEN_FILE is empty")
        return token


class TokenEndpoint(AbstractTokenProvider):  # type: ignore[misc] # untyped in its library
    """Asks for a token with the client's own credentials and keeps it for most of its life.

    Args:
        address: of the token endpoint.
        client_id: who asks.
        secret: that client's.
        scope: what for, if the endpoint wants to know.
        authorities: PEM file of those to trust; None means the system's.
    """

    def __init__(
        self,
        address: str,
        *,
        client_id: str,
        secret: str,
        scope: str | None,
        authorities: str | None,
    ) -> None:
        self._address = address
        identity = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
        self._headers = {"Authorization": f"Basic {base64.b64encode(identity).decode()}"}
        self._form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        self._trust = create_ssl_context(cafile=authorities)
        self._asking = asyncio.Lock()
        self._token = ""
        self._until = 0.0

    async def token(self) -> str:
        """Return a token that is valid for some time yet.

        Raises:
            NoToken: the endpoint does not answer, or not with one.
        """
        async with self._asking:
            if time.monotonic() >= self._until:
                asked = time.monotonic()
                self._token, life = await self._ask()
                self._until = asked + life * (1 - SPARE)
            return self._token

    async def _ask(self) -> tuple[str, float]:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LIMIT)) as session,
                session.post(
                    self._address,
                    data=self._form,
                    headers=self._headers,
                    ssl=self._trust,
                    allow_redirects=False,
                ) as answer,
            ):
                if answer.status != 200:  # noqa: PLR2004 - HTTP's word for done
                    raise NoToken(f"the token endpoint answers {answer.status}")
                return _read(await answer.json(content_type=None))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NoToken(f"the token endpoint: {type(error).__name__}") from error


def read_secret(file: Path, setting: str) -> str:
    """Return what a file holds, without the final line break.

    Raises:
        Unreadable: it cannot be read; names the setting.
    """
    try:
        return file.read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{setting}: {type(error).__name__}") from error


def _read(answer: object) -> tuple[str, float]:
    """Read RFC 6749, section 5.1."""
    if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
        raise NoToken("the token endpoint gives none")
    life = answer.get("expires_in")
    return answer["access_token"], float(life) if isinstance(life, int | float) else LIFE
