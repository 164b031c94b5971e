"""Every setting of the service, read from the environment once at start.

Two groups: ``KAFKA_*`` says how to reach the broker, ``RUPTURE_WATCH_*`` everything else. The
descriptions below are the documentation: the table in the README is made from :func:`table`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, FilePath, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from rupture_watch.failures import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator

Seconds = Annotated[float, Field(gt=0)]
TOPIC_CHARACTERS = r"[A-Za-z0-9._-]"
RULESETS = ("default", "strict", "lenient", "plain")


def _is_there(ruleset: str) -> str:
    if ruleset not in RULESETS and not Path(ruleset).is_file():
        raise PydanticCustomError("ruleset", f"neither a file nor one of {', '.join(RULESETS)}")
    return ruleset


RuleSetSource = Annotated[str, AfterValidator(_is_there)]
"""The name of a rule set that ships with the service, or a file."""


class InvalidSettings(Misconfigured):
    """A setting is wrong; the command line prints its one line and exits with 78."""


class KafkaSettings(BaseSettings):
    """How to reach Kafka. Secrets come from files, never from the environment itself."""

    model_config = SettingsConfigDict(
        env_prefix="KAFKA_", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    bootstrap: str = Field(
        default="127.0.0.1:9092",
        pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$",
        description="Brokers to start from, `host:port`, separated by commas.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How the connection is protected."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = Field(
        default="SCRAM-SHA-512", description="How the service signs in, with a `SASL_*` protocol."
    )
    sasl_username: str | None = Field(default=None, description="User to sign in as.")
    sasl_password_file: FilePath | None = Field(
        default=None, description="File that holds the password; a final line break is dropped."
    )
    sasl_token_file: FilePath | None = Field(
        default=None,
        description="With `OAUTHBEARER`: file that holds a bearer token, read anew for every "
        "connection, so that whoever renews it need not restart anything.",
    )
    sasl_token_endpoint: str | None = Field(
        default=None,
        pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])\S+$",
        description="With `OAUTHBEARER` and no token file: address that gives tokens for client "
        "credentials (OAuth 2.0, RFC 6749, section 4.4).",
    )
    sasl_client_id: str | None = Field(
        default=None, description="Client that the token endpoint knows."
    )
    sasl_client_secret_file: FilePath | None = Field(
        default=None, description="File that holds that client's secret."
    )
    sasl_token_scope: str | None = Field(
        default=None, description="Scope to ask the token endpoint for, if it wants one."
    )
    sasl_token_ca_file: FilePath | None = Field(
        default=None,
        description="PEM file of the authorities to trust at the token endpoint; absent: the "
        "system's.",
    )
    ssl_ca_file: FilePath | None = Field(
        default=None, description="PEM file of the authorities to trust; absent: the system's."
    )
    ssl_cert_file: FilePath | None = Field(
        default=None, description="PEM file of the service's own certificate (mutual TLS)."
    )
    ssl_key_file: FilePath | None = Field(
        default=None, description="PEM file of that certificate's key."
    )

    @model_validator(mode="after")
    def _complete(self) -> KafkaSettings:
        """Refuse a half-given identity here, where the remedy can be named."""
        if self.security_protocol.startswith("SASL"):
            self._identified()
        if (self.ssl_cert_file is None) != (self.ssl_key_file is None):
            message = "KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE belong together"
            raise ValueError(message)
        return self

    def _identified(self) -> None:
        if self.sasl_mechanism != "OAUTHBEARER":
            if not (self.sasl_username and self.sasl_password_file):
                message = "SASL needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD_FILE"
                raise ValueError(message)
            return
        asked = (self.sasl_token_endpoint, self.sasl_client_id, self.sasl_client_secret_file)
        if (self.sasl_token_file is not None) == all(asked):
            message = (
                "OAUTHBEARER needs KAFKA_SASL_TOKEN_FILE, or else KAFKA_SASL_TOKEN_ENDPOINT with "
                "KAFKA_SASL_CLIENT_ID and KAFKA_SASL_CLIENT_SECRET_FILE"
            )
            raise ValueError(message)


class Settings(BaseSettings):
    """What one process of the service needs to know, besides how to reach Kafka."""

    model_config = SettingsConfigDict(
        env_prefix="RUPTURE_WATCH_",
        frozen=True,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    topic_prefix: str = Field(
        default="alliance.",
        pattern=rf"^{TOPIC_CHARACTERS}{{0,100}}$",
        description="Put before the name of every topic.",
    )
    app_id: str = Field(
        default="rupture-watch",
        pattern=rf"^{TOPIC_CHARACTERS}{{1,100}}$",
        description="Consumer group, and first part of the state changelog's name. "
        "A new name starts with an empty memory.",
    )
    instance_id: str | None = Field(
        default=None,
        pattern=rf"^{TOPIC_CHARACTERS}{{1,100}}$",
        description="Static group membership, such as the pod's name; absent: dynamic.",
    )
    partitions: int = Field(
        default=4,
        ge=1,
        le=4096,
        description="Partitions of the input topics, ticks and state changelog. Fixed for life.",
    )
    replication: int | None = Field(
        default=None,
        ge=1,
        le=16,
        description="Copies of every topic; absent: 3, or the number of brokers where fewer.",
    )
    commit_interval: Seconds = Field(
        default=1.0, description="Seconds between two commits of state and offsets."
    )
    session_timeout: float = Field(
        default=10.0,
        ge=1.0,
        description="Seconds without a heartbeat after which a worker counts as dead.",
    )
    retry_limit: Seconds = Field(
        default=30.0,
        description="Seconds for which a broker failure is retried before the process ends (70).",
    )
    tick_interval: float = Field(
        default=60.0,
        ge=0.0,
        description="Seconds between two ticks of the clock that drives the silence rules; "
        "0: the workers emit none, because a simulated clock does.",
    )
    ruleset: RuleSetSource | None = Field(
        default=None,
        description="Rule set: a file, or one that ships with the service "
        "(`default`, `strict`, `lenient`, `plain`); absent: `default`.",
    )
    data_dir: Path = Field(
        default_factory=lambda: _data_home() / "rupture-watch",
        description="Folder of the local broker's data; absent: `rupture-watch` in "
        "`XDG_DATA_HOME` or `~/.local/share`.",
    )
    http_host: str = Field(
        default="127.0.0.1",
        description="Address on which metrics and health are served; in a container `0.0.0.0`.",
    )
    http_port: int = Field(
        default=9464, ge=0, le=65535, description="Port of metrics and health; 0: any free one."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level that is logged."
    )


class Row(NamedTuple):
    """One documented setting: its variable, its default as written there, and its meaning."""

    variable: str
    default: str
    description: str


def load() -> Settings:
    """Read the environment; raise :class:`InvalidSettings` with one line naming all faults."""
    try:
        return Settings()
    except ValidationError as error:
        prefix = _prefix(Settings if error.title == Settings.__name__ else KafkaSettings)
        faults = (
            f"{prefix}{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            if fault["loc"]
            else fault["msg"].removeprefix("Value error, ")
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise InvalidSettings("; ".join(faults)) from None
    except SettingsError as error:
        raise InvalidSettings(str(error).splitlines()[0]) from None


def as_environment(settings: Settings) -> dict[str, str]:
    """Return the variables from which :func:`load` makes these settings, for a child process."""
    return {
        f"{_prefix(model)}{name.upper()}": str(value)
        for model in (settings, settings.kafka)
        for name, value in model
        if value is not None and name != "kafka"
    }


def table(*more: type[BaseSettings]) -> Iterator[Row]:
    """Yield every setting in the order of the models, ``more`` after our own; for people."""
    models: tuple[type[BaseSettings], ...] = (KafkaSettings, Settings, *more)
    for model in models:
        prefix = _prefix(model)
        for name, field in model.model_fields.items():
            if field.description is not None:
                default = "" if field.default_factory else _written(field.default)
                if field.is_required():
                    default = "(required)"
                yield Row(f"{prefix}{name.upper()}", default, field.description)


def _prefix(model: BaseSettings | type[BaseSettings]) -> str:
    return str(model.model_config.get("env_prefix"))


def _written(default: object) -> str:
    return "" if default is None else str(default)


def _data_home() -> Path:
    """Return the user's data folder by the XDG base directory specification."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
