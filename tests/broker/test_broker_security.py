"""TLS and sign-in, with a real listener that demands both."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from rupture_watch.kafka.admin import Admin, TopicPlan
from rupture_watch.kafka.admission import NotAdmitted
from rupture_watch.kafka.consumer import EventConsumer
from rupture_watch.kafka.producer import EventProducer, acknowledged
from rupture_watch.kafka.session import Unreachable
from rupture_watch.operations.broker import LocalBroker
from rupture_watch.settings import KafkaSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

ON_LOOPBACK = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]


@pytest.fixture(scope="module")
def secrets(
    tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]
) -> dict[str, Path]:
    """A certificate for the loopback address with its key, and two passwords, one of them wrong."""
    folder = tmp_path_factory.mktemp("secrets")
    key, certificate, both = (folder / name for name in ("key.pem", "cert.pem", "both.pem"))
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *ON_LOOPBACK]
    subprocess.run(
        [program("openssl"), *new, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    (folder / "right").write_text("a secret\n")
    (folder / "wrong").write_text("a guess\n")
    names = {"certificate": certificate, "both": both}
    return {**names, "right": folder / "right", "wrong": folder / "wrong"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(
    broker: LocalBroker, secrets: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LocalBroker]:
    """A broker that demands a password over TLS; ``broker`` makes sure that Kafka is there."""
    assert broker.bootstrap
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    listener = "listener.name.client"
    properties = {
        "listener.security.protocol.map": "CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
        f"{listener}.ssl.keystore.type": "PEM",
        f"{listener}.ssl.keystore.location": str(secrets["both"]),
        f"{listener}.sasl.enabled.mechanisms": "PLAIN",
        f"{listener}.plain.sasl.jaas.config": f'{module} required user_service="a secret";',
    }
    clients = KafkaSettings(
        security_protocol="SASL_SSL",
        sasl_mechanism="PLAIN",
        sasl_username="service",
        sasl_password_file=secrets["right"],
        ssl_ca_file=secrets["certificate"],
    )
    folder = tmp_path_factory.mktemp("guarded")
    async with LocalBroker(folder, properties=properties, clients=clients) as running:
        yield running


async def test_events_go_out_and_in_over_tls_with_a_password(guarded: LocalBroker) -> None:
    async with Admin(guarded.kafka) as admin:
        await admin.create([TopicPlan("guarded", 1, 1, {})])
    async with EventProducer(guarded.kafka) as producer:
        await acknowledged([await producer.send("guarded", key=b"k", value=b"v")])
    async with EventConsumer(guarded.kafka, ["guarded"], from_beginning=True) as consumer:
        assert [record.value async for record in consumer.up_to_now()] == [b"v"]


@pytest.mark.parametrize("client", [Admin, EventProducer])
async def test_a_wrong_password_is_named_by_its_setting(
    guarded: LocalBroker, secrets: dict[str, Path], client: Any
) -> None:
    wrong = guarded.kafka.model_copy(update={"sasl_password_file": secrets["wrong"]})
    with pytest.raises(NotAdmitted, match=r"refuses the user or password: KAFKA_SASL_\*$"):
        async with client(wrong):
            pytest.fail("it must not be let in")


async def test_an_authority_that_is_not_trusted_is_named_by_its_setting(
    guarded: LocalBroker,
) -> None:
    stranger = guarded.kafka.model_copy(update={"ssl_ca_file": None})
    with pytest.raises(NotAdmitted, match=r"is not trusted, .*: KAFKA_SSL_CA_FILE$"):
        async with Admin(stranger):
            pytest.fail("it must not be let in")


async def test_a_client_without_tls_gets_no_answer(guarded: LocalBroker) -> None:
    plain = guarded.kafka.model_copy(update={"security_protocol": "PLAINTEXT"})
    with pytest.raises(Unreachable, match="no answer from Kafka"):
        async with Admin(plain):
            pytest.fail("it must not be let in")
