"""A real broker that trusts nobody: TLS, sign-in, rights; and who may do what on it."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import trustme
from confluent_kafka.admin import (  # type: ignore[attr-defined] # they are its public names
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from rupture_watch.kafka.admin import Admin
from rupture_watch.kafka.admission import NotAdmitted
from rupture_watch.kafka.session import Unreachable
from rupture_watch.operations.broker import LocalBroker
from rupture_watch.settings import KafkaSettings
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from pathlib import Path

    from rupture_watch.kafka.acls import Right

MODULES: Final = "org.apache.kafka.common.security"
LISTENER: Final = "listener.name.client"
OPERATIONS: Final = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Create": AclOperation.CREATE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}
RESOURCES: Final = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
LIMIT: Final = 20.0


class Certificates:
    """An authority with the broker's certificate, and those of clients."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.authority = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.authority))
        certificate, key = self.client("broker", address="127.0.0.1")
        self.broker = folder / "broker.pem"
        self.broker.write_bytes(_pkcs8(key.read_bytes()) + certificate.read_bytes())

    def client(self, name: str, *, address: str = "nobody.example") -> tuple[Path, Path]:
        """Return certificate and key of somebody whom the authority knows by this name."""
        issued = self._authority.issue_cert(address, common_name=name)
        certificate, key = self._folder / f"{name}.cert.pem", self._folder / f"{name}.key.pem"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return certificate, key


class Rights:
    """Credentials and rights of users, changed over the broker's own unguarded listener."""

    def __init__(self, broker: LocalBroker) -> None:
        node = broker.nodes[1]
        self._admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{node.internal}"})

    async def password(self, user: str, password: str) -> None:
        """Let a user sign in by SCRAM-SHA-512."""
        credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        upsertion = UserScramCredentialUpsertion(user, credential, password.encode())
        await _done(self._admin.alter_user_scram_credentials([upsertion]))

    async def grant(self, user: str, rights: Iterable[Right]) -> None:
        """Allow exactly these, literally, in addition to what is allowed."""
        await _done(self._admin.create_acls([_binding(user, right) for right in rights]))

    async def revoke(self, user: str, right: Right | None = None) -> None:
        """Take one right away again, or all."""
        if right is None:
            every = AclBindingFilter(
                ResourceType.ANY,
                None,  # type: ignore[arg-type] # any name
                ResourcePatternType.ANY,
                f"User:{user}",
                None,  # type: ignore[arg-type] # from anywhere
                AclOperation.ANY,
                AclPermissionType.ANY,
            )
            await _done(self._admin.delete_acls([every]))
        else:
            kind, name, operation = RESOURCES[right.kind], right.name, OPERATIONS[right.operation]
            one = AclBindingFilter(
                kind,
                name,
                ResourcePatternType.LITERAL,
                f"User:{user}",
                "*",
                operation,
                AclPermissionType.ALLOW,
            )
            await _done(self._admin.delete_acls([one]))


class SecuredBroker(LocalBroker):
    """Is asked on the brokers' own listener until it is up: nobody can sign in before that."""

    is_up = False

    @property
    def kafka(self) -> KafkaSettings:
        if self.is_up:
            return super().kafka
        return KafkaSettings(bootstrap=f"127.0.0.1:{self.nodes[1].internal}")


@asynccontextmanager
async def secured(
    folder: Path,
    clients: KafkaSettings,
    properties: Mapping[str, str],
    certificates: Certificates,
    *,
    passwords: Mapping[str, str] | None = None,
) -> AsyncIterator[LocalBroker]:
    """Run a broker whose clients' listener has TLS and these properties, and that checks rights.

    Only the user ``admin`` and the brokers themselves may do everything.
    """
    guarded = {
        "listener.security.protocol.map": (
            f"CLIENT:{clients.security_protocol},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:admin",
        f"{LISTENER}.ssl.keystore.type": "PEM",
        f"{LISTENER}.ssl.keystore.location": str(certificates.broker),
        f"{LISTENER}.ssl.truststore.type": "PEM",
        f"{LISTENER}.ssl.truststore.location": str(certificates.authority),
        **properties,
    }
    broker = SecuredBroker(folder, properties=guarded, clients=clients)
    try:
        async with broker:
            rights = Rights(broker)
            for user, password in (passwords or {}).items():
                await rights.password(user, password)
            broker.is_up = True
            await _until_admitted(broker.kafka)
            yield broker
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _until_admitted(kafka: KafkaSettings) -> None:
    """Wait until the broker has learnt what its controller was told."""

    async def admitted() -> bool:
        try:
            async with Admin(kafka):
                return True
        except (NotAdmitted, Unreachable):
            return False

    await until(admitted, limit=LIMIT)


def _binding(user: str, right: Right) -> AclBinding:
    return AclBinding(
        RESOURCES[right.kind],
        right.name,
        ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        OPERATIONS[right.operation],
        AclPermissionType.ALLOW,
    )


async def _done(futures: Mapping[Any, Any]) -> None:
    await asyncio.gather(*(asyncio.to_thread(one.result, LIMIT) for one in futures.values()))


def _pkcs8(key: bytes) -> bytes:
    """Return a private key in the one form that Kafka reads."""
    return load_pem_private_key(key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
