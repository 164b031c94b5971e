"""Tokens of SMART backend services and CDS Hooks: signed by the client, checked by its public keys.

Two ways in, both with RS384 or ES384 and the client's key set, from a file or an address: the
client's assertion is exchanged at ``/token`` for one of ours (SMART App Launch 2.2, backend
services), or itself is the bearer token (as CDS Hooks clients do). An assertion is good once, for
five minutes at most, and for this gateway only. Ours are signed with a secret that all gateways of
an installation derive from their newest pseudonymisation key.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from rupture_watch.gateway.clients import InvalidClients

if TYPE_CHECKING:
    from collections.abc import Callable

    from rupture_watch.gateway.clients import Client, Clients

ALGORITHMS: Final = ["RS384", "ES384"]
LIFE: Final = 300
"""Seconds that an assertion, or a token of ours, may be good for."""
SKEW: Final = 30
LONGEST: Final = 8_192
OUR_ISSUER: Final = "urn:rupture-watch:gateway"
KEPT: Final = 600.0
"""Seconds for which a fetched key set is kept, unless a key is not in it."""
AGAIN: Final = 30.0
LARGEST: Final = 256 * 1024
_BROKEN: Final = (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Tokens:
    """Checks tokens and issues our own.

    Args:
        clients: who may sign; None: nobody.
        secret: signs our own.
        audiences: what an assertion may be meant for.
    """

    def __init__(
        self,
        clients: Clients | None,
        secret: bytes,
        audiences: frozenset[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clients = clients
        self._secret = OctKey.import_key(secret)
        self._audiences = audiences
        self._clock = clock
        self._seen: dict[tuple[str, str], float] = {}
        self._sets: dict[str, tuple[KeySet, float]] = {}
        self._fetching = {client.name: asyncio.Lock() for client in clients or ()}
        for client in clients or ():
            if client.jwks_file is not None:
                self._sets[client.name] = _read(client.jwks_file), float("inf")

    async def client_of(self, token: str) -> Client | None:
        """Return the client of a bearer token, ours or self-signed; None if it is not valid."""
        if self._clients is None or len(token) > LONGEST:
            return None
        if _unverified(token).get("iss") == OUR_ISSUER:
            return self._of_ours(token, self._clients)
        return await self.client_of_assertion(token)

    async def client_of_assertion(self, assertion: str) -> Client | None:
        """Return the client that signed an assertion; None if it is not valid, or not for once."""
        if self._clients is None or len(assertion) > LONGEST:
            return None
        client = self._clients.by_issuer(_unverified(assertion).get("iss"))
        if client is None:
            return None
        claims = await self._verified(client, assertion)
        if claims is None or not self._is_good(client, claims):
            return None
        return client

    def issue(self, client: Client) -> str:
        """Return a token of our own, good for five minutes."""
        moment = int(self._clock())
        claims = {"iss": OUR_ISSUER, "sub": client.name, "iat": moment, "exp": moment + LIFE}
        return jwt.encode({"alg": "HS256"}, claims, self._secret)

    def _of_ours(self, token: str, clients: Clients) -> Client | None:
        try:
            claims = jwt.decode(token, self._secret, algorithms=["HS256"]).claims
        except _BROKEN:
            return None
        expires = claims.get("exp")
        if not isinstance(expires, int) or expires <= self._clock():
            return None
        return clients.by_name(claims.get("sub"))

    async def _verified(self, client: Client, assertion: str) -> dict[str, Any] | None:
        for fresh in (False, True):
            keys = await self._keys(client, fresh=fresh)
            if keys is None:
                return None
            try:
                return jwt.decode(assertion, keys, algorithms=ALGORITHMS).claims
            except _BROKEN:
                continue
        return None

    def _is_good(self, client: Client, claims: dict[str, Any]) -> bool:
        moment = self._clock()
        expires, identity, audience = claims.get("exp"), claims.get("jti"), claims.get("aud")
        if isinstance(expires, bool) or not isinstance(expires, int | float):
            return False
        if not moment - SKEW < expires <= moment + LIFE + SKEW:
            return False
        listed = audience if isinstance(audience, list) else [audience]
        meant_for = {one for one in listed if isinstance(one, str)}
        if not meant_for & self._audiences:
            return False
        if not isinstance(identity, str) or not identity:
            return False
        for seen in [one for one, until in self._seen.items() if until < moment]:
            del self._seen[seen]
        if (client.name, identity) in self._seen:
            return False
        self._seen[client.name, identity] = expires + SKEW
        return True

    async def _keys(self, client: Client, *, fresh: bool) -> KeySet | None:
        known = self._sets.get(client.name)
        if client.jwks_url is None:
            return None if known is None or fresh else known[0]
        async with self._fetching[client.name]:
            known = self._sets.get(client.name)
            moment = time.monotonic()
            if known is not None and moment - known[1] < (AGAIN if fresh else KEPT):
                return None if fresh else known[0]
            try:
                found = await _fetch(client.jwks_url)
            except (aiohttp.ClientError, TimeoutError, *_BROKEN):
                return None if known is None else known[0]
            self._sets[client.name] = found, moment
            return found


def _unverified(token: str) -> dict[str, Any]:
    """Return a token's claims before anything is known of it: only to find whose keys to ask."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _read(file: str) -> KeySet:
    try:
        return KeySet.import_key_set(json.loads(Path(file).read_text("utf-8")))
    except (OSError, *_BROKEN) as error:
        raise InvalidClients(f"clients: jwks_file: {type(error).__name__}") from None


async def _fetch(url: str) -> KeySet:
    timeout = aiohttp.ClientTimeout(total=5)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(url, allow_redirects=False, raise_for_status=True) as answer,
    ):
        body = await answer.content.read(LARGEST)
    return KeySet.import_key_set(json.loads(body))
