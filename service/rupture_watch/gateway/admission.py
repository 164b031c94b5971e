"""Who is asking, whether they may, and how often: API keys, tokens, rates."""

from __future__ import annotations

import math
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from rupture_watch.gateway.clients import Client
from rupture_watch.gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from rupture_watch.gateway.clients import Clients, Scope
    from rupture_watch.gateway.tokens import Tokens
    from rupture_watch.metrics import Metrics

KEY_HEADER: Final = "x-api-key"
LOCAL: Final = Client(
    name="local",
    scopes=frozenset({"events", "fhir", "hl7v2", "cds"}),
    key_sha256=["0" * 64],
    rate=100_000,
    burst=100_000,
)
"""Whoever is on this machine, where the gateway listens on loopback and knows no clients."""


class Bucket:
    """A bucket that fills by ``rate`` a second up to ``burst``; a request takes one out."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._level, self._seen = float(burst), clock()

    def take(self) -> float:
        """Take one out and return 0, or return the seconds until there is one."""
        moment = self._clock()
        self._level = min(self._burst, self._level + (moment - self._seen) * self._rate)
        self._seen = moment
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self._rate


class Admission:
    """Lets in known clients within their scopes and rates."""

    def __init__(
        self,
        clients: Clients | None,
        tokens: Tokens,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        self._tokens = tokens
        self._metrics = metrics
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    async def admit(self, request: Request, scope: Scope) -> Client:
        """Return the client of a request.

        Raises:
            Problem: 401, 403 or 429.
        """
        client = await self._client(request)
        if client is None:
            self._metrics.count("gateway_denied_total")
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "unauthorized",
                "a valid X-Api-Key, or a bearer token",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if scope not in client.scopes:
            self._metrics.count("gateway_denied_total")
            raise Problem(HTTPStatus.FORBIDDEN, "forbidden", f"not of the client's scopes: {scope}")
        self.limit(client)
        return client

    def limit(self, client: Client) -> None:
        """Count one request of a client.

        Raises:
            Problem: 429, with the seconds to wait.
        """
        bucket = self._buckets.get(client.name)
        if bucket is None:
            bucket = self._buckets[client.name] = Bucket(client.rate, client.burst, self._clock)
        if wait := bucket.take():
            self._metrics.count("gateway_limited_total")
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-requests",
                headers={"Retry-After": str(math.ceil(wait))},
            )

    async def _client(self, request: Request) -> Client | None:
        if self._clients is None:
            return LOCAL
        key = request.headers.get(KEY_HEADER)
        if key is not None:
            return self._clients.by_key(key)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return await self._tokens.client_of(token.strip())
        return None
