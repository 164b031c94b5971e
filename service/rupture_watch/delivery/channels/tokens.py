"""How requests to a FHIR server are signed in: not at all, by a fixed token, or by SMART."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from rupture_watch.delivery.results import Outcome, Result
from rupture_watch.failures import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from joserfc.jwk import Key

    from rupture_watch.delivery.channels.web import GuardedClient
    from rupture_watch.delivery.endpoints import FhirEndpoint, Smart

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS: Final = 240
"""Validity of an assertion; at most five minutes by SMART App Launch 2, backend services."""
EARLY: Final = 30.0
"""Seconds before its end at which a token is renewed."""
KEY_TYPES: Final = {"RS384": "RSA", "ES384": "EC"}

Authorization: TypeAlias = "Mapping[str, str] | Outcome"


class NoTokens:
    """The server asks for none."""

    renews = False

    async def authorization(self) -> Authorization:
        """Return no header."""
        return {}

    def forget(self) -> None:
        """Nothing to forget."""


class FixedToken:
    """A bearer token from a file, read for every request so that it can be replaced."""

    renews = False

    def __init__(self, file: Path, endpoint: str) -> None:
        self._file = file
        self._endpoint = endpoint
        self._read()

    async def authorization(self) -> Authorization:
        """Return the header."""
        try:
            return {"Authorization": f"Bearer {self._read()}"}
        except Misconfigured:
            return Outcome(Result.UNAUTHORISED)

    def forget(self) -> None:
        """Nothing to forget: the file is read each time."""

    def _read(self) -> str:
        try:
            token = self._file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(
                f"endpoint {self._endpoint}: token_file: {type(error).__name__}"
            ) from None
        if not token or not token.isprintable() or " " in token:
            raise Misconfigured(f"endpoint {self._endpoint}: token_file: no token in it")
        return token


class SmartTokens:
    """Tokens by client credentials with a signed assertion, kept until shortly before their end."""

    renews = True

    def __init__(self, smart: Smart, endpoint: str, client: GuardedClient) -> None:
        self._smart = smart
        self._client = client
        self._key = _key(smart, endpoint)
        self._token = ""
        self._until = 0.0

    async def authorization(self) -> Authorization:
        """Return the header, with a new token where the last one is about to end."""
        if not self._token or time.monotonic() >= self._until:
            failed = await self._renew()
            if failed is not None:
                return failed
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Drop a token that the server no longer accepts."""
        self._token = ""

    async def _renew(self) -> Outcome | None:
        form = {
            "grant_type": "client_credentials",
            "scope": self._smart.scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(),
        }
        answer = await self._client.request(
            "POST",
            str(self._smart.token_url),
            body=urlencode(form).encode(),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
        )
        if answer.outcome.result in {Result.REJECTED, Result.GONE, Result.REDIRECTED}:
            return Outcome(Result.UNAUTHORISED, answer.outcome.code)
        if answer.outcome.result is not Result.DELIVERED:
            return answer.outcome
        try:
            found = json.loads(answer.body)
            self._token = str(found["access_token"])
            seconds = float(found.get("expires_in", 300))
        except (ValueError, KeyError, TypeError):
            return Outcome(Result.UNAUTHORISED, answer.outcome.code)
        self._until = time.monotonic() + max(0.0, seconds - EARLY)
        return None

    def _assertion(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self._smart.client_id,
            "sub": self._smart.client_id,
            "aud": str(self._smart.token_url),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": uuid.uuid4().hex,
        }
        header = {"alg": self._smart.algorithm, "kid": self._smart.key_id, "typ": "JWT"}
        return jwt.encode(header, claims, self._key, algorithms=[self._smart.algorithm])


Tokens: TypeAlias = NoTokens | FixedToken | SmartTokens


def tokens_of(endpoint: FhirEndpoint, client: GuardedClient) -> Tokens:
    """Return how this endpoint's requests are signed in.

    Raises:
        Misconfigured: a token or key file cannot be used.
    """
    if endpoint.smart is not None:
        return SmartTokens(endpoint.smart, endpoint.name, client)
    if endpoint.token_file is not None:
        return FixedToken(endpoint.token_file, endpoint.name)
    return NoTokens()


def _key(smart: Smart, endpoint: str) -> Key:
    try:
        text = smart.key_file.read_text("ascii")
        if text.lstrip().startswith("{"):
            return import_key(json.loads(text))
        return import_key(text, KEY_TYPES[smart.algorithm])  # type: ignore[call-overload,no-any-return]
    except (OSError, ValueError, JoseError) as error:
        raise Misconfigured(
            f"endpoint {endpoint}: smart.key_file: {type(error).__name__}"
        ) from None
