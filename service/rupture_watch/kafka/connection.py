"""From the settings to what every aiokafka client takes to connect."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from aiokafka.helpers import create_ssl_context

from rupture_watch.kafka.tokens import TokenEndpoint, TokenFile, Unreadable, read_secret

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from aiokafka.abc import AbstractTokenProvider

    from rupture_watch.settings import KafkaSettings

__all__ = ["ConnectionArguments", "Unreadable", "connection_arguments"]


class ConnectionArguments(TypedDict):
    """Keyword arguments shared by aiokafka's producer, consumer and admin client."""

    bootstrap_servers: str
    client_id: str
    security_protocol: str
    ssl_context: ssl.SSLContext | None
    sasl_mechanism: str
    sasl_plain_username: str | None
    sasl_plain_password: str | None
    sasl_oauth_token_provider: AbstractTokenProvider | None


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
        sasl_plain_password=_password(kafka),
        sasl_oauth_token_provider=_tokens(kafka),
    )


def _tokens(kafka: KafkaSettings) -> AbstractTokenProvider | None:
    """Return where tokens come from; each client has its own, for it may run in its own thread."""
    if kafka.sasl_token_file is not None:
        return TokenFile(kafka.sasl_token_file)
    if kafka.sasl_token_endpoint is None or kafka.sasl_client_secret_file is None:
        return None
    secret = read_secret(kafka.sasl_client_secret_file, "KAFKA_SASL_CLIENT_SECRET_FILE")
    return TokenEndpoint(
        kafka.sasl_token_endpoint,
        client_id=kafka.sasl_client_id or "",
        secret=secret,
        scope=kafka.sasl_token_scope,
        authorities=_name(kafka.sasl_token_ca_file),
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


def _password(kafka: KafkaSettings) -> str | None:
    file = kafka.sasl_password_file
    return None if file is None else read_secret(file, "KAFKA_SASL_PASSWORD_FILE")


def _name(file: Path | None) -> str | None:
    return None if file is None else str(file)
