"""Who may send, and how much: keys, tokens, scopes, rates."""

from __future__ import annotations

import datetime as dt
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from rupture_watch.gateway.admission import Bucket
from rupture_watch.gateway.clients import InvalidClients, load, new_key, stanza
from tests.ehr_bodies import body, event
from tests.gateway_edge import URL, gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.gateway_edge import Gateway

SINCE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
STRUCTURED = "application/cloudevents+json"
ISSUER = "https://backend.example"
SLOW = new_key()
NARROW = new_key()


@pytest.fixture(scope="module")
def rsa() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "r1"})


@pytest.fixture(scope="module")
def curve() -> ECKey:
    return ECKey.generate_key("P-384", {"kid": "e1"})


@pytest.fixture
async def edge(tmp_path: Path, rsa: RSAKey, curve: ECKey) -> AsyncIterator[Gateway]:
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(KeySet([rsa, curve]).as_dict(private=False)))
    clients = (
        f'[[client]]\nname = "backend"\nscopes = ["events"]\nissuer = "{ISSUER}"\n'
        f'jwks_file = "{keys}"\n'
        + stanza("slow", SLOW, ["events"])
        + "rate = 0.5\nburst = 2\n"
        + stanza("narrow", NARROW, ["fhir"])
    )
    async with gateway(tmp_path, SINCE, clients=clients) as running:
        yield running


def _claims(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": ISSUER,
        "sub": ISSUER,
        "aud": f"{URL}/token",
        "exp": int(time.time()) + 200,
        "jti": uuid.uuid4().hex,
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def _signed(algorithm: str, claims: dict[str, Any], key: RSAKey | ECKey) -> str:
    return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, algorithms=[algorithm])


async def _send(edge: Gateway, **headers: str) -> int:
    told = {"content-type": STRUCTURED, **{k.replace("_", "-"): v for k, v in headers.items()}}
    answer = await edge.client.post("/events", content=body(event()), headers=told)
    return answer.status_code


async def test_only_a_known_key_gets_in(edge: Gateway) -> None:
    assert await _send(edge, x_api_key=edge.key) == 200
    for wrong in ("", "rw_wrong", edge.key + "x", edge.key[:-1], "x" * 5_000):
        assert await _send(edge, x_api_key=wrong) == 401
    assert await _send(edge) == 401
    assert await _send(edge, authorization=f"Basic {edge.key}") == 401
    assert len(edge.kept.records) == 1


async def test_a_client_keeps_to_its_scopes(edge: Gateway) -> None:
    assert await _send(edge, x_api_key=NARROW) == 403


async def test_a_client_over_its_rate_is_told_when_to_come_again(edge: Gateway) -> None:
    assert [await _send(edge, x_api_key=SLOW) for _ in range(3)] == [200, 200, 429]
    answer = await edge.client.post(
        "/events", content=b"{}", headers={"x-api-key": SLOW, "content-type": STRUCTURED}
    )
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    assert await _send(edge, x_api_key=edge.key) == 200


def test_a_bucket_fills_up_again_to_its_brim() -> None:
    moment = [0.0]
    bucket = Bucket(2.0, 3, lambda: moment[0])
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]
    moment[0] = 0.5
    assert bucket.take() == 0
    moment[0] = 60
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
async def test_a_client_may_sign_its_own_token_once(
    algorithm: str, edge: Gateway, rsa: RSAKey, curve: ECKey
) -> None:
    key = rsa if algorithm == "RS384" else curve
    token = _signed(algorithm, _claims(), key)
    assert await _send(edge, authorization=f"Bearer {token}") == 200
    assert await _send(edge, authorization=f"Bearer {token}") == 401


async def test_an_assertion_is_exchanged_for_a_token_that_can_be_used_again(
    edge: Gateway, curve: ECKey
) -> None:
    where = (await edge.client.get("/.well-known/smart-configuration")).json()["token_endpoint"]
    assertion = _signed("ES384", _claims(), curve)
    form = {
        "grant_type": "client_credentials",
        "scope": "system/*.cu",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    answer = await edge.client.post(where, data=form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()["access_token"]
    assert [await _send(edge, authorization=f"Bearer {token}") for _ in range(2)] == [200, 200]
    again = await edge.client.post(where, data=form)
    assert (again.status_code, again.json()) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "invalid_request"),
    ],
)
async def test_other_grants_are_refused(form: dict[str, str], error: str, edge: Gateway) -> None:
    answer = await edge.client.post("/token", data=form)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"aud": "https://other.example/token"},
        {"aud": [{"a": 1}]},
        {"exp": 1_000_000_000},
        {"exp": 32_000_000_000},
        {"exp": "soon"},
        {"exp": None},
        {"jti": None},
        {"jti": 7},
    ],
    ids=str,
)
async def test_an_assertion_must_be_good_in_every_claim(
    changes: dict[str, Any], edge: Gateway, curve: ECKey
) -> None:
    token = _signed("ES384", _claims(**changes), curve)
    assert await _send(edge, authorization=f"Bearer {token}") == 401


async def test_a_token_signed_by_others_or_by_nobody_is_worth_nothing(edge: Gateway) -> None:
    stranger = ECKey.generate_key("P-384", {"kid": "e1"})
    signed = _signed("ES384", _claims(), stranger)
    head, payload, signature = signed.split(".")
    ours = _claims(iss="urn:rupture-watch:gateway", sub="backend")
    forged = _signed("ES384", ours, stranger)
    for token in (signed, f"{head}.{payload}.", f"{payload}", "a.b.c", "....", forged, "x" * 9_000):
        assert await _send(edge, authorization=f"Bearer {token}") == 401, signature


@pytest.mark.parametrize(
    "text",
    [
        "",
        "client = 7",
        '[[client]]\nname = "a"\nscopes = ["events"]',
        '[[client]]\nname = "a"\nscopes = ["all"]\nkey_sha256 = ["' + "0" * 64 + '"]',
        '[[client]]\nname = "a"\nscopes = ["events"]\nissuer = "i"',
        '[[client]]\nname = "a"\nscopes = ["events"]\nissuer = "i"\njwks_url = "http://x/jwks"',
        stanza("a", "k", ["events"]) * 2,
    ],
)
def test_a_client_file_that_will_not_do_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "clients.toml"
    file.write_text(text)
    with pytest.raises(InvalidClients):
        load(file)
