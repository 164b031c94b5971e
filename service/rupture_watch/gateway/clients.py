"""Who may send: clients with hashed API keys, or with keys of their own (SMART backend services).

The file is TOML, one ``[[client]]`` each. An API key is 256 random bits, so that its plain SHA-256
is enough: there is nothing to guess. ``rupture-watch keys client NAME`` makes both.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from rupture_watch.gateway.tables import read_table
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Scope: TypeAlias = Literal["events", "fhir", "hl7v2", "cds"]
PREFIX: Final = "rw_"
_SECRET_BYTES: Final = 32
_WIDEST: Final = 200


class InvalidClients(InvalidSettings):
    """The client file cannot be used; the line names the field. Exit code 78."""


class Client(BaseModel):
    """One sender. ``rate`` is how many requests a second it may make on average."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    key_sha256: Annotated[
        list[Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]], Field(max_length=4)
    ] = []
    issuer: str | None = None
    jwks_file: str | None = None
    jwks_url: str | None = None
    rate: Annotated[float, Field(gt=0, le=100_000)] = 100.0
    burst: Annotated[int, Field(ge=1, le=100_000)] = 200

    @model_validator(mode="after")
    def _known_by_something(self) -> Client:
        if not self.key_sha256 and self.issuer is None:
            raise ValueError("needs key_sha256, or issuer with jwks_file or jwks_url")
        if self.issuer is not None and (self.jwks_file is None) == (self.jwks_url is None):
            raise ValueError("issuer needs either jwks_file or jwks_url")
        if self.jwks_url is not None and not self.jwks_url.startswith("https://"):
            raise ValueError("jwks_url must begin with https://")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    client: Annotated[list[Client], Field(min_length=1)]


class Clients:
    """All senders, found by their API key or their issuer."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = list(clients)
        self._hashes = [(digest, one) for one in clients for digest in one.key_sha256]
        self._issuers = {one.issuer: one for one in clients if one.issuer is not None}

    def by_key(self, key: str) -> Client | None:
        """Return the client of an API key; takes as long whichever it is, and if it is none."""
        if len(key) > _WIDEST:
            return None
        digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        found = None
        for known, client in self._hashes:
            if compare_digest(known, digest):
                found = client
        return found

    def by_issuer(self, issuer: object) -> Client | None:
        """Return the client that signs its own tokens under this name."""
        return self._issuers.get(issuer) if isinstance(issuer, str) else None

    def by_name(self, name: object) -> Client | None:
        """Return the client of a name, as our own tokens carry it."""
        return next((one for one in self._clients if one.name == name), None)

    def __iter__(self) -> Iterator[Client]:
        return iter(self._clients)


def load(file: Path) -> Clients:
    """Return the clients of a file.

    Raises:
        InvalidClients: unreadable, or not a list of clients.

    """
    content = read_table(file, _File, "clients", InvalidClients)
    names = [one.name for one in content.client]
    if len(set(names)) != len(names):
        raise InvalidClients("clients: two clients of one name")
    return Clients(content.client)


def new_key() -> str:
    """Return a new API key."""
    return PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def stanza(name: str, key: str, scopes: Sequence[str]) -> str:
    """Return one client as it stands in a file."""
    listed = ", ".join(f'"{scope.strip()}"' for scope in scopes)
    digest = sha256(key.encode()).hexdigest()
    return f'[[client]]\nname = "{name}"\nscopes = [{listed}]\nkey_sha256 = ["{digest}"]\n'
