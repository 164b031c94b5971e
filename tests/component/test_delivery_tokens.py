"""SMART backend services: a token for a signed assertion, renewed when it ends or is refused."""

from __future__ import annotations

import base64
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from rupture_watch.delivery.endpoints import FhirEndpoint
from tests.receivers.alerts import revision
from tests.receivers.office import LOOPBACK, QUICK, at_work, in_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Authority:
    """An authorisation server and the FHIR server that trusts it."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self.seen: set[str] = set()
        self.forms: list[dict[str, str]] = []
        self.valid = ""
        self.lifetime: object = 300
        self.writes: list[str] = []
        self.url = ""

    async def token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        claims = _verified(form["client_assertion"], self._key)
        good = (
            claims is not None
            and form["grant_type"] == "client_credentials"
            and claims["iss"] == claims["sub"] == "rupture-watch"
            and claims["aud"] == f"{self.url}/token"
            and 0 < claims["exp"] - time.time() <= 300
            and claims["jti"] not in self.seen
        )
        if not good or claims is None:
            return web.json_response({"error": "invalid_client"}, status=401)
        self.seen.add(claims["jti"])
        self.valid = f"token-{len(self.seen)}"
        return web.json_response(
            {"access_token": self.valid, "token_type": "bearer", "expires_in": self.lifetime}
        )

    async def write(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.valid}":
            return web.Response(status=401)
        self.writes.append(f"{request.method} {request.path}")
        kind = request.path.rpartition("/")[2]
        return web.Response(status=201, headers={"Location": f"{self.url}/r4/{kind}/1/_history/1"})


def _verified(token: str, key: PrivateKey) -> dict[str, Any] | None:
    """Return the claims of a signed token; None where its signature is not of this key."""
    signed, _, signature = token.rpartition(".")
    raw, header = _decoded(signature), json.loads(_decoded(signed.split(".")[0]))
    try:
        if isinstance(key, rsa.RSAPrivateKey):
            assert header == {"alg": "RS384", "kid": "1", "typ": "JWT"}
            key.public_key().verify(raw, signed.encode(), padding.PKCS1v15(), SHA384())
        else:
            assert header == {"alg": "ES384", "kid": "1", "typ": "JWT"}
            halves = (int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big"))
            encoded = encode_dss_signature(*halves)
            key.public_key().verify(encoded, signed.encode(), ec.ECDSA(SHA384()))
    except InvalidSignature:
        return None
    claims: dict[str, Any] = json.loads(_decoded(signed.split(".")[1]))
    return claims


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@asynccontextmanager
async def _open(authority: Authority) -> AsyncIterator[Authority]:
    app = web.Application()
    app.router.add_post("/token", authority.token)
    app.router.add_route("*", "/r4/{kind}", authority.write)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        authority.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield authority
    finally:
        await runner.cleanup()


def _endpoint(folder: Path, authority: Authority, **other: Any) -> FhirEndpoint:
    smart = {
        "token_url": f"{authority.url}/token",
        "client_id": "rupture-watch",
        "key_file": folder / "key.pem",
        "key_id": "1",
    }
    return FhirEndpoint.model_validate(
        {
            "name": "ehr",
            "kind": "fhir",
            "url": f"{authority.url}/r4",
            "case_system": "https://clinic.example/case",
            "plain_http": True,
            "allow_networks": LOOPBACK,
            "retries": QUICK,
            "smart": smart | other,
        }
    )


def _made(algorithm: str) -> PrivateKey:
    if algorithm == "RS384":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP384R1())


def _key(folder: Path, algorithm: str = "RS384") -> PrivateKey:
    key = _made(algorithm)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    return key


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
async def test_a_token_is_got_by_a_signed_assertion_and_used_until_it_ends(
    tmp_path: Path, algorithm: str
) -> None:
    async with _open(Authority(_key(tmp_path, algorithm))) as authority:
        endpoint = _endpoint(tmp_path, authority, algorithm=algorithm)
        async with at_work(in_folder(tmp_path), endpoint) as office:
            await office.note(revision("case-1"))
            await office.settled()
            await office.note(revision("case-1", 2, "amended"))
            rows = await office.settled()
    assert {row.state for row in rows} == {"delivered"}
    assert len(authority.forms) == 1
    assert authority.forms[0]["scope"].startswith("system/DetectedIssue")
    assert authority.writes == 2 * ["PUT /r4/DetectedIssue", "POST /r4/Task", "POST /r4/Provenance"]


async def test_a_token_that_is_refused_is_renewed_at_once(tmp_path: Path) -> None:
    async with (
        _open(Authority(_key(tmp_path))) as authority,
        at_work(in_folder(tmp_path), _endpoint(tmp_path, authority)) as office,
    ):
        await office.note(revision("case-1"))
        await office.settled()
        authority.valid = "revoked"
        await office.note(revision("case-2"))
        rows = await office.settled()
    assert [row.attempts for row in rows] == [1, 1]
    assert len(authority.forms) == 2


async def test_a_token_about_to_end_is_renewed_before(tmp_path: Path) -> None:
    async with _open(Authority(_key(tmp_path))) as authority:
        authority.lifetime = 10
        async with at_work(in_folder(tmp_path), _endpoint(tmp_path, authority)) as office:
            await office.note(revision("case-1"))
            await office.settled()
    assert len(authority.forms) == 3  # one for each request: each has less than 30 s left


@pytest.mark.parametrize("lifetime", ["soon", None, []])
async def test_an_answer_that_makes_no_sense_is_no_token(tmp_path: Path, lifetime: object) -> None:
    async with _open(Authority(_key(tmp_path))) as authority:
        authority.lifetime = lifetime
        async with at_work(in_folder(tmp_path), _endpoint(tmp_path, authority)) as office:
            await office.note(revision("case-1"))
            [row] = await office.settled()
    assert (row.state, row.last_result) == ("failed", "unauthorised")


async def test_a_key_that_the_server_does_not_know_is_not_authorised(tmp_path: Path) -> None:
    async with _open(Authority(_made("RS384"))) as authority:
        _key(tmp_path)
        async with at_work(in_folder(tmp_path), _endpoint(tmp_path, authority)) as office:
            await office.note(revision("case-1"))
            [row] = await office.settled()
    assert row.state == "failed"
    assert authority.writes == []
