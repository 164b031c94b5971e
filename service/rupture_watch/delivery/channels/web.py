"""An HTTP client that connects to allowed addresses only, and follows nothing."""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import aiohttp

from rupture_watch.alliance.facts import SECOND
from rupture_watch.delivery.addresses import is_allowed
from rupture_watch.delivery.results import Outcome, Result
from rupture_watch.delivery.schedule import retry_after
from rupture_watch.failures import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aiohttp.client_reqrep import ClientResponse

    from rupture_watch.delivery.addresses import Network

USER_AGENT: Final = "rupture-watch"
LARGEST_ANSWER: Final = 64 * 1024
"""Bytes of an answer that are read; what is longer is cut off with its connection."""
NOT_NOW: Final = frozenset({408, 425, 429})
SUCCESS: Final = range(200, 300)
REDIRECTION: Final = range(300, 400)
FAILURE: Final = range(400, 500)
GONE: Final = 410


class Forbidden(OSError):
    """A connection was about to be made to an address that is not allowed."""


class Answer(NamedTuple):
    """What came back: the outcome, and where there was an answer its parts."""

    outcome: Outcome
    headers: Mapping[str, str] = {}
    body: bytes = b""


class GuardedClient:
    """Sends requests for one endpoint.

    Args:
        timeout: seconds for a request as a whole.
        connections: how many at a time.
        networks: addresses that are allowed although they are not public.
        ca_file: authorities to trust instead of the system's.
    """

    def __init__(
        self,
        *,
        timeout: float,
        connections: int,
        networks: tuple[Network, ...],
        ca_file: Path | None,
    ) -> None:
        self._networks = networks
        self._limits = aiohttp.ClientTimeout(total=timeout)
        self._connections = connections
        self._trust = _trust(ca_file)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self, method: str, url: str, *, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Send one request; whatever happens is an answer."""
        if self._session is None:
            self._session = self._make_session()
        try:
            async with self._session.request(
                method, url, data=body, headers=dict(headers), allow_redirects=False
            ) as response:
                return await _answer(response)
        except TimeoutError:
            return _failed(Result.TIMED_OUT)
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError):
            return _failed(Result.UNTRUSTED)
        except aiohttp.ClientConnectorError as error:
            forbidden = isinstance(error.os_error, Forbidden)
            return _failed(Result.FORBIDDEN if forbidden else Result.UNREACHABLE)
        except (aiohttp.ClientError, OSError, ValueError):
            return _failed(Result.UNREACHABLE)

    def _make_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._connections,
            ssl=self._trust,
            socket_factory=self._socket,
            use_dns_cache=False,
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._limits,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    def _socket(self, address: Any) -> socket.socket:
        """Make the socket of a connection, if its address is allowed: the last moment to look."""
        family, kind, protocol, _, place = address
        if not is_allowed(str(place[0]), self._networks):
            raise Forbidden("address not allowed")
        return socket.socket(family=family, type=kind, proto=protocol)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"ca_file: {type(error).__name__}") from None


async def _answer(response: ClientResponse) -> Answer:
    retry = retry_after(response.headers.get("Retry-After"), int(time.time() * SECOND))
    outcome = outcome_of(response.status, retry)
    try:
        body = await _start_of(response)
    except (aiohttp.ClientError, TimeoutError):
        body = b""  # the status has been read, and it is what counts
    return Answer(outcome, response.headers, body)


async def _start_of(response: ClientResponse) -> bytes:
    """Read an answer, at most :data:`LARGEST_ANSWER` bytes; what is longer is cut off."""
    parts: list[bytes] = []
    left = LARGEST_ANSWER
    while left > 0 and (part := await response.content.read(left)):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        response.close()
    return b"".join(parts)


def outcome_of(status: int, wish: float | None) -> Outcome:
    """Return what an HTTP status means for a delivery."""
    if status in SUCCESS:
        return Outcome(Result.DELIVERED, status)
    if status in REDIRECTION:
        return Outcome(Result.REDIRECTED, status)
    if status == GONE:
        return Outcome(Result.GONE, status)
    if status in FAILURE and status not in NOT_NOW:
        return Outcome(Result.REJECTED, status)
    return Outcome(Result.UNAVAILABLE, status, wish)


def _failed(result: Result) -> Answer:
    return Answer(Outcome(result))
