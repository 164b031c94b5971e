"""Why a cluster does not let us in, which its clients keep to their logs."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedSaslMechanismError,
)

from rupture_watch.failures import Misconfigured
from rupture_watch.kafka.connection import connection_arguments
from rupture_watch.kafka.tokens import NoToken

if TYPE_CHECKING:
    from rupture_watch.settings import KafkaSettings

SIGN_IN_FAILED: Final = (
    AuthenticationFailedError,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
LIMIT: Final = 5_000
"""Milliseconds for a second look at a cluster that has just refused us."""


NOT_ALLOWED: Final = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
"""How a broker says that the user lacks a right."""


class NotAdmitted(Misconfigured):
    """The cluster answers, but not to these settings; a command ends with exit code 78."""


def not_allowed(kafka: KafkaSettings, what: str) -> NotAdmitted:
    """Return what to say where the user is let in, but lacks a right."""
    return NotAdmitted(
        f"Kafka at {kafka.bootstrap} does not allow this user {what}: grant what "
        "`rupture-watch rights` lists"
    )


async def refusal(kafka: KafkaSettings) -> NotAdmitted | None:
    """Connect once more and return why we are refused; None if that is not what is wrong."""
    address = kafka.bootstrap.split(",")[0]
    host, _, port = address.rpartition(":")
    arguments = connection_arguments(kafka)
    try:
        connection = await create_conn(
            host.strip("[]"),
            int(port),
            request_timeout_ms=LIMIT,
            ssl_context=arguments["ssl_context"],
            security_protocol=arguments["security_protocol"],
            sasl_mechanism=arguments["sasl_mechanism"],
            sasl_plain_username=arguments["sasl_plain_username"],
            sasl_plain_password=arguments["sasl_plain_password"],
            sasl_oauth_token_provider=arguments["sasl_oauth_token_provider"],
        )
    except NoToken as error:
        return NotAdmitted(f"no token to sign in with, {error}: KAFKA_SASL_*")
    except SIGN_IN_FAILED:
        what = "token" if kafka.sasl_mechanism == "OAUTHBEARER" else "user or password"
        return NotAdmitted(f"Kafka at {address} refuses the {what}: KAFKA_SASL_*")
    except ssl.SSLCertVerificationError as error:
        what = error.verify_message
        return NotAdmitted(f"Kafka at {address} is not trusted, {what}: KAFKA_SSL_CA_FILE")
    except ssl.SSLError:
        return NotAdmitted(f"Kafka at {address} speaks no TLS there: KAFKA_SECURITY_PROTOCOL")
    except (KafkaError, OSError, TimeoutError):
        context = arguments["ssl_context"]
        if context is not None and await _turned_away(host.strip("[]"), int(port), context):
            return NotAdmitted(
                f"Kafka at {address} does not accept this client's certificate, or wants one: "
                "KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE"
            )
        return None
    connection.close()
    return None


async def _turned_away(host: str, port: int, context: ssl.SSLContext) -> bool:
    """Tell whether the broker ends the connection with an alert, as it does over certificates.

    In TLS 1.3 it looks at the client's only when the client takes itself for connected, so the
    alert comes with the first answer.
    """
    try:
        async with asyncio.timeout(LIMIT / 1_000):
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
            try:
                await reader.read(1)
            finally:
                writer.close()
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except (OSError, TimeoutError):
        return False
    return False
