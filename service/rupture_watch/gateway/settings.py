"""Every setting of the gateway, read from the environment once at start."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import Field, FilePath, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rupture_watch.settings import InvalidSettings

PREFIX = "RUPTURE_WATCH_GATEWAY_"
Seconds = Annotated[float, Field(gt=0, le=600)]


class GatewaySettings(BaseSettings):
    """What the gateway needs to know besides the settings of the service."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    keys_file: FilePath = Field(
        description="TOML file of the pseudonymisation keys (`rupture-watch keys pseudonym`)."
    )
    mapping_file: FilePath | None = Field(
        default=None, description="TOML file laid over the shipped mapping; absent: that alone."
    )
    clients_file: FilePath | None = Field(
        default=None,
        description="TOML file of who may send (`rupture-watch keys client`); may be absent only "
        "where the gateway listens on loopback, and then everybody on this machine may.",
    )
    host: str = Field(default="127.0.0.1", description="Address that HTTP is served on.")
    port: int = Field(default=8480, ge=0, le=65535, description="Port of HTTP; 0: any free one.")
    url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+[^/\s?#]$",
        description="Address by which clients reach the gateway: the audience of their tokens. "
        "Absent: `http://HOST:PORT`.",
    )
    tls_cert_file: FilePath | None = Field(
        default=None, description="PEM file of the certificate, for HTTP and MLLP; absent: no TLS."
    )
    tls_key_file: FilePath | None = Field(
        default=None, description="PEM file of that certificate's key."
    )
    tls_client_ca_file: FilePath | None = Field(
        default=None,
        description="PEM file of the authorities whose client certificates MLLP asks for.",
    )
    mllp_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port of MLLP, on the same address; absent: off. Without client certificates "
        "whoever can reach it may send.",
    )
    mllp_idle: Seconds = Field(
        default=300.0, description="Seconds after which a silent MLLP connection is closed."
    )
    largest_body: int = Field(
        default=4 * 1024 * 1024,
        ge=1024,
        le=256 * 1024 * 1024,
        description="Bytes of a request body, or of an MLLP message, that are taken at most.",
    )
    body_timeout: Seconds = Field(
        default=20.0, description="Seconds within which a request body must have come in."
    )
    ack_timeout: Seconds = Field(
        default=10.0,
        description="Seconds that Kafka's acknowledgement is awaited before the answer is 503.",
    )
    connections: int = Field(
        default=512, ge=1, le=100_000, description="Requests served at a time; more are put off."
    )
    cards: bool = Field(
        default=True, description="Whether CDS Hooks cards are answered, from the present standing."
    )
    fhir_server: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+[^/\s?#]$",
        description="FHIR server that gaps in notifications are filled from; absent: only counted.",
    )
    fhir_token_file: FilePath | None = Field(
        default=None, description="File of the bearer token for that server."
    )
    subscriptions_file: Path | None = Field(
        default=None,
        description="File that keeps the last event number of each subscription over restarts; "
        "absent: in memory.",
    )

    @model_validator(mode="after")
    def _complete(self) -> GatewaySettings:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError(f"{PREFIX}TLS_CERT_FILE and {PREFIX}TLS_KEY_FILE belong together")
        if self.tls_client_ca_file is not None and self.tls_cert_file is None:
            raise ValueError(f"{PREFIX}TLS_CLIENT_CA_FILE needs {PREFIX}TLS_CERT_FILE")
        if self.clients_file is None and not _is_loopback(self.host):
            raise ValueError(f"{PREFIX}CLIENTS_FILE: needed where others can reach {PREFIX}HOST")
        return self


def load() -> GatewaySettings:
    """Read the environment; raise :class:`InvalidSettings` with one line naming all faults."""
    try:
        return GatewaySettings()
    except ValidationError as error:
        faults = (
            f"{PREFIX}{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            if fault["loc"]
            else fault["msg"].removeprefix("Value error, ")
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise InvalidSettings("; ".join(faults)) from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
