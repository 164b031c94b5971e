"""Why a cluster does not let us in, which its clients keep to their logs."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from rupture_watch.kafka.connection import connection_arguments

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


class NotAdmitted(Exception):
    """The cluster answers, but not to these settings; a command ends with exit code 78."""


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
        )
    except SIGN_IN_FAILED:
        return NotAdmitted(f"Kafka at {address} refuses the user or password: KAFKA_SASL_*")
    except ssl.SSLCertVerificationError as error:
        what = error.verify_message
        return NotAdmitted(f"Kafka at {address} is not trusted, {what}: KAFKA_SSL_CA_FILE")
    except ssl.SSLError:
        return NotAdmitted(f"Kafka at {address} speaks no TLS there: KAFKA_SECURITY_PROTOCOL")
    except (KafkaError, OSError, TimeoutError):
        return None
    connection.close()
    return None
