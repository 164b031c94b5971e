"""From the settings to what every aiokafka client takes to connect."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from aiokafka.helpers import create_ssl_context

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from rupture_watch.settings import KafkaSettings


class ConnectionArguments(TypedDict):
    """Keyword arguments shared by aiokafka's producer, consumer and admin client."""

    bootstrap_servers: str
    client_id: str
    security_protocol: str
    ssl_context: ssl.SSLContext | None
    sasl_mechanism: str
    sasl_plain_username: str | None
    sasl_plain_password: str | None


class Unreadable(Exception):
    """A certificate, key or password file cannot be used; ends a command with exit code 78."""


def connection_arguments(
    kafka: KafkaSettings, *, client_id: str = "rupture-watch"
) -> ConnectionArguments:
    """Return the arguments of any aiokafka client; secrets are read from their files here.

    Raises:
        Unreadable: a named file cannot be read or holds no usable certificate.
    """
    return ConnectionArguments(
        bootstrap_servers=kafka.bootstrap,
        client_id=client_id,
        security_protocol=kafka.security_protocol,
        ssl_context=_trust(kafka) if "SSL" in kafka.security_protocol.split("_") else None,
        sasl_mechanism=kafka.sasl_mechanism,
        sasl_plain_username=kafka.sasl_username,
        sasl_plain_password=_secret(kafka.sasl_password_file),
    )


def _trust(kafka: KafkaSettings) -> ssl.SSLContext:
    try:
        context: ssl.SSLContext = create_ssl_context(
            cafile=_name(kafka.ssl_ca_file),
            certfile=_name(kafka.ssl_cert_file),
            keyfile=_name(kafka.ssl_key_file),
        )
    except OSError as error:  # ssl.SSLError is one
        raise Unreadable(f"KAFKA_SSL_*: {error.strerror or error}") from error
    return context


def _secret(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"KAFKA_SASL_PASSWORD_FILE: {type(error).__name__}") from error


def _name(file: Path | None) -> str | None:
    return None if file is None else str(file)
