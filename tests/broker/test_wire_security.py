"""Every way to sign in, on a broker that demands it: SCRAM, bearer tokens, certificates."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from aiohttp import web
from joserfc import jwk, jwt

from rupture_watch.kafka.admin import Admin, TopicPlan
from rupture_watch.kafka.admission import NotAdmitted
from rupture_watch.kafka.consumer import EventConsumer
from rupture_watch.kafka.producer import EventProducer, acknowledged
from rupture_watch.kafka.tokens import NoToken, TokenEndpoint
from rupture_watch.settings import KafkaSettings
from tests.broker.secured import LISTENER, MODULES, Certificates, secured

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rupture_watch.operations.broker import LocalBroker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

AUDIENCE = "kafka"
ISSUER = "https://issuer.example"
SECRET = "of-the-client"  # noqa: S105 - a test's


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wire")


@pytest.fixture(scope="module")
def certificates(folder: Path) -> Certificates:
    return Certificates(folder)


@pytest.fixture(scope="module")
def key() -> jwk.RSAKey:
    """The key with which the authority signs its tokens."""
    return jwk.RSAKey.generate_key(2048, parameters={"kid": "1", "alg": "RS256"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed_in(
    broker: LocalBroker, folder: Path, certificates: Certificates, key: jwk.RSAKey
) -> AsyncIterator[LocalBroker]:
    """A broker that takes SCRAM-SHA-512 and tokens signed with the key, over TLS only."""
    assert broker.bootstrap
    keys = folder / "keys.json"
    keys.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    password = folder / "password"
    password.write_text("right\n")
    properties = {
        f"{LISTENER}.sasl.enabled.mechanisms": "SCRAM-SHA-512,OAUTHBEARER",
        f"{LISTENER}.scram-sha-512.sasl.jaas.config": f"{MODULES}.scram.ScramLoginModule required;",
        f"{LISTENER}.oauthbearer.sasl.jaas.config": (
            f"{MODULES}.oauthbearer.OAuthBearerLoginModule required;"
        ),
        f"{LISTENER}.oauthbearer.sasl.server.callback.handler.class": (
            f"{MODULES}.oauthbearer.OAuthBearerValidatorCallbackHandler"
        ),
        f"{LISTENER}.oauthbearer.sasl.oauthbearer.jwks.endpoint.url": keys.as_uri(),
        f"{LISTENER}.oauthbearer.sasl.oauthbearer.expected.audience": AUDIENCE,
        f"{LISTENER}.oauthbearer.sasl.oauthbearer.expected.issuer": ISSUER,
    }
    clients = KafkaSettings(
        security_protocol="SASL_SSL",
        sasl_username="admin",
        sasl_password_file=password,
        ssl_ca_file=certificates.authority,
    )
    allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={keys.as_uri()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", allowed)
        async with secured(
            folder / "sasl", clients, properties, certificates, passwords={"admin": "right"}
        ) as running:
            yield running


async def _goes_out_and_in(kafka: KafkaSettings, topic: str) -> None:
    async with Admin(kafka) as admin:
        await admin.create([TopicPlan(topic, 1, 1, {})])
    async with EventProducer(kafka) as producer:
        await acknowledged([await producer.send(topic, key=b"k", value=b"v")])
    async with EventConsumer(kafka, [topic], from_beginning=True) as consumer:
        assert [record.value async for record in consumer.up_to_now()] == [b"v"]


def _token(key: jwk.RSAKey, *, subject: str = "admin", life: float = 600.0) -> str:
    now = int(time.time())
    claims = {"sub": subject, "aud": AUDIENCE, "iss": ISSUER, "iat": now, "exp": now + int(life)}
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)


def _bearing(kafka: KafkaSettings, **settings: Any) -> KafkaSettings:
    signed_in = {"sasl_username": None, "sasl_password_file": None}
    return KafkaSettings(
        **{**dict(kafka), **signed_in, "sasl_mechanism": "OAUTHBEARER", **settings}
    )


async def test_events_go_out_and_in_with_scram_sha_512_over_tls(signed_in: LocalBroker) -> None:
    await _goes_out_and_in(signed_in.kafka, "scram")


async def test_a_wrong_scram_password_is_named_by_its_setting(
    signed_in: LocalBroker, folder: Path
) -> None:
    wrong = folder / "wrong"
    wrong.write_text("guessed")
    kafka = signed_in.kafka.model_copy(update={"sasl_password_file": wrong})
    with pytest.raises(NotAdmitted, match=r"refuses the user or password: KAFKA_SASL_\*$"):
        async with Admin(kafka):
            pytest.fail("it must not be let in")


async def test_events_go_out_and_in_with_a_token_from_a_file_that_is_renewed(
    signed_in: LocalBroker, folder: Path, key: jwk.RSAKey
) -> None:
    file = folder / "token"
    file.write_text("not one yet")
    kafka = _bearing(signed_in.kafka, sasl_token_file=file)
    with pytest.raises(NotAdmitted, match=r"KAFKA_SASL_\*$"):
        async with Admin(kafka):
            pytest.fail("it must not be let in")
    file.write_text(f"{_token(key)}\n")
    await _goes_out_and_in(kafka, "bearer")


@pytest.mark.parametrize("wrong", ["another key", "expired", "another audience"])
async def test_a_token_that_the_broker_does_not_accept_is_a_wrong_set_up(
    signed_in: LocalBroker, folder: Path, key: jwk.RSAKey, wrong: str
) -> None:
    signing = jwk.RSAKey.generate_key(2048, parameters={"kid": "1"}) if "key" in wrong else key
    token = _token(signing, life=-60.0 if wrong == "expired" else 600.0)
    if "audience" in wrong:
        claims = {"sub": "admin", "aud": "else", "iss": ISSUER, "exp": int(time.time()) + 600}
        token = jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)
    file = folder / "refused"
    file.write_text(token)
    with pytest.raises(NotAdmitted, match=r"KAFKA_SASL_\*$"):
        async with Admin(_bearing(signed_in.kafka, sasl_token_file=file)):
            pytest.fail("it must not be let in")


class Endpoint:
    """A token endpoint that knows one client, and counts how often it is asked."""

    def __init__(self, key: jwk.RSAKey) -> None:
        self.asked = 0
        self.life = 600.0
        self._key = key

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        expected = base64.b64encode(f"watch:{SECRET}".encode()).decode()
        form = await request.post()
        if request.headers.get("Authorization") != f"Basic {expected}":
            return web.json_response({"error": "invalid_client"}, status=401)
        assert (form["grant_type"], form["scope"]) == ("client_credentials", "kafka")
        token = _token(self._key, life=max(60.0, self.life))
        return web.json_response({"access_token": token, "expires_in": self.life})


@pytest_asyncio.fixture
async def endpoint(key: jwk.RSAKey) -> AsyncIterator[tuple[Endpoint, str]]:
    """A token endpoint and its address."""
    asked = Endpoint(key)
    app = web.Application()
    app.router.add_post("/token", asked.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield asked, f"http://127.0.0.1:{runner.addresses[0][1]}/token"
    await runner.cleanup()


async def test_events_go_out_and_in_with_a_token_for_client_credentials(
    signed_in: LocalBroker, folder: Path, endpoint: tuple[Endpoint, str]
) -> None:
    secret = folder / "secret"
    secret.write_text(SECRET)
    asking = {
        "sasl_token_endpoint": endpoint[1],
        "sasl_client_id": "watch",
        "sasl_client_secret_file": secret,
        "sasl_token_scope": "kafka",
    }
    await _goes_out_and_in(_bearing(signed_in.kafka, **asking), "credentials")
    secret.write_text("of somebody else")
    with pytest.raises(NotAdmitted, match=r"token endpoint answers 401: KAFKA_SASL_\*$"):
        async with Admin(_bearing(signed_in.kafka, **asking)):
            pytest.fail("it must not be let in")


async def test_a_token_is_kept_for_most_of_its_life_and_then_renewed(
    endpoint: tuple[Endpoint, str],
) -> None:
    asked, address = endpoint
    tokens = TokenEndpoint(
        address, client_id="watch", secret=SECRET, scope="kafka", authorities=None
    )
    assert await tokens.token() == await tokens.token()
    assert asked.asked == 1
    asked.life = 0.0
    brief = TokenEndpoint(
        address, client_id="watch", secret=SECRET, scope="kafka", authorities=None
    )
    await brief.token()
    await brief.token()
    assert asked.asked == 3


async def test_without_a_token_endpoint_the_line_says_so_and_nothing_of_the_secret() -> None:
    nowhere = "http://127.0.0.1:1/token"
    tokens = TokenEndpoint(nowhere, client_id="c", secret=SECRET, scope=None, authorities=None)
    with pytest.raises(NoToken, match="the token endpoint: ClientConnector") as caught:
        await tokens.token()
    assert SECRET not in str(caught.value)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mutual(
    broker: LocalBroker, folder: Path, certificates: Certificates
) -> AsyncIterator[LocalBroker]:
    """A broker that knows its clients by their certificates."""
    assert broker.bootstrap
    certificate, private = certificates.client("admin")
    clients = KafkaSettings(
        security_protocol="SSL",
        ssl_ca_file=certificates.authority,
        ssl_cert_file=certificate,
        ssl_key_file=private,
    )
    properties = {
        f"{LISTENER}.ssl.client.auth": "required",
        f"{LISTENER}.ssl.principal.mapping.rules": r"RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
    }
    async with secured(folder / "mutual", clients, properties, certificates) as running:
        yield running


async def test_events_go_out_and_in_with_certificates_on_both_sides(mutual: LocalBroker) -> None:
    await _goes_out_and_in(mutual.kafka, "mutual")


async def test_a_client_without_a_certificate_is_told_which_settings_to_give(
    mutual: LocalBroker,
) -> None:
    nobody = mutual.kafka.model_copy(update={"ssl_cert_file": None, "ssl_key_file": None})
    with pytest.raises(NotAdmitted, match=r"KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE$"):
        async with Admin(nobody):
            pytest.fail("it must not be let in")


async def test_a_certificate_of_another_authority_is_refused(
    mutual: LocalBroker, tmp_path: Path
) -> None:
    certificate, private = Certificates(tmp_path).client("admin")
    stranger = mutual.kafka.model_copy(
        update={"ssl_cert_file": certificate, "ssl_key_file": private}
    )
    with pytest.raises(NotAdmitted, match="KAFKA_SSL_CERT_FILE"):
        async with Admin(stranger):
            pytest.fail("it must not be let in")


async def test_a_known_client_without_rights_is_told_so(
    mutual: LocalBroker, certificates: Certificates
) -> None:
    certificate, private = certificates.client("guest")
    guest = mutual.kafka.model_copy(update={"ssl_cert_file": certificate, "ssl_key_file": private})
    async with Admin(guest) as admin:
        with pytest.raises(NotAdmitted, match=r"does not allow this user .*`rupture-watch rights`"):
            await admin.create([TopicPlan("forbidden", 1, 1, {})])
