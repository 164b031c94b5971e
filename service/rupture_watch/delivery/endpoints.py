"""Where alerts go: the kinds of endpoints, as the configuration file describes them."""

from __future__ import annotations

import datetime as dt
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    model_validator,
)

from rupture_watch.delivery.addresses import Network, is_allowed
from rupture_watch.delivery.breaker import Pauses
from rupture_watch.delivery.hours import DailyTime, QuietHours
from rupture_watch.delivery.schedule import STANDARD, Schedule

UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Change: TypeAlias = Literal["raised", "amended", "retracted", "repaired", "closed"]
Level: TypeAlias = Annotated[int, Field(ge=1, le=4)]
Extra: TypeAlias = Literal["case", "severity", "link"]


def _seconds(value: object) -> object:
    """Read ``5s``, ``30m``, ``2h``; a bare number is one of seconds."""
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", value)):
        return float(found[1]) * UNITS[found[2]]
    return value


def _network(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("an address or a network such as 10.2.0.0/16")  # noqa: TRY004 - pydantic's
    return ip_network(value)


def _zone(value: object) -> object:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone") from None


def _weekday(value: object) -> object:
    if value not in WEEKDAYS:
        raise ValueError(f"one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(str(value))


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("control characters")
    return value


Seconds: TypeAlias = Annotated[
    float, BeforeValidator(_seconds), Field(ge=0, allow_inf_nan=False, strict=True)
]
Zone: TypeAlias = Annotated[ZoneInfo, BeforeValidator(_zone)]
Weekdays: TypeAlias = frozenset[Annotated[int, BeforeValidator(_weekday)]]
AllowedNetwork: TypeAlias = Annotated[Network, BeforeValidator(_network)]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=320), AfterValidator(_one_line)]
Mailbox: TypeAlias = Annotated[Text, Field(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class _Endpoint(_Strict):
    """What all endpoints have; ``severities`` and ``changes`` say what is delivered."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    severities: frozenset[Level] = frozenset({2, 3, 4})
    retries: tuple[Seconds, ...] = STANDARD
    timeout: Seconds = 15.0

    @property
    def schedule(self) -> Schedule:
        """When a failed delivery is tried again."""
        return Schedule(self.retries)


class _Web(_Endpoint):
    url: HttpUrl
    changes: frozenset[Change] = frozenset({"raised", "amended", "retracted", "repaired", "closed"})
    plain_http: bool = False
    allow_networks: tuple[AllowedNetwork, ...] = ()
    ca_file: Path | None = None
    concurrency: int = Field(default=16, ge=1, le=256)
    pause: Seconds = Pauses().first
    longest_pause: Seconds = Pauses().most

    @property
    def pauses(self) -> Pauses:
        """How long a receiver that is down is left alone."""
        return Pauses(self.pause, self.longest_pause)

    @model_validator(mode="after")
    def _safe(self) -> _Web:
        _check_url(self.url, plain_http=self.plain_http, networks=self.allow_networks)
        return self


def _check_url(url: HttpUrl, *, plain_http: bool, networks: tuple[Network, ...]) -> None:
    """Refuse what could be seen to be wrong at start; names are looked at when connected to."""
    if url.scheme != "https" and not plain_http:
        raise ValueError("url: https, or say plain_http = true")
    if url.username or url.password:
        raise ValueError("url: no user or password in it, secrets come from files")
    host = (url.host or "").strip("[]")
    try:
        allowed = is_allowed(host, networks)
    except ValueError:
        return
    if not allowed:
        raise ValueError("url: not a public address; name its network in allow_networks")


class WebhookEndpoint(_Web):
    """A receiver of Standard Webhooks.

    ``secrets_file`` holds one ``whsec_`` secret a line, the newest first, and during a rotation the
    one before it. The payload says which alert changed how; ``include`` adds what the
    receiver needs beyond that.
    """

    kind: Literal["webhook"]
    secrets_file: Path
    include: frozenset[Extra] = frozenset()
    link: HttpUrl | None = None

    @model_validator(mode="after")
    def _linked(self) -> WebhookEndpoint:
        if ("link" in self.include) != (self.link is not None):
            raise ValueError('include = ["link"] and link = "https://..." belong together')
        return self


class Smart(_Strict):
    """SMART backend services: a token by a signed assertion (``private_key_jwt``)."""

    token_url: HttpUrl
    client_id: Text
    key_file: Path
    key_id: Text
    algorithm: Literal["RS384", "ES384"] = "RS384"
    scope: Text = "system/DetectedIssue.cruds system/Task.cruds system/Provenance.cruds"


class FhirEndpoint(_Web):
    """A FHIR R4 server that takes DetectedIssue, Task and Provenance.

    ``case_system`` is the identifier system by which it knows a patient under the case's pseudonym.
    """

    kind: Literal["fhir"]
    case_system: Text
    token_file: Path | None = None
    smart: Smart | None = None
    concurrency: int = Field(default=4, ge=1, le=256)

    @model_validator(mode="after")
    def _one_sign_in(self) -> FhirEndpoint:
        if self.token_file and self.smart:
            raise ValueError("token_file or smart, not both")
        if self.smart:
            _check_url(
                self.smart.token_url, plain_http=self.plain_http, networks=self.allow_networks
            )
        return self


class Quiet(_Strict):
    """Hours in which no notification goes out; ``silent`` days are quiet as a whole."""

    begin: dt.time
    end: dt.time
    zone: Zone
    silent: Weekdays = frozenset()

    @model_validator(mode="after")
    def _some_hours(self) -> Quiet:
        if len(self.silent) == len(WEEKDAYS):
            raise ValueError("silent: no day is left")
        return self

    @property
    def hours(self) -> QuietHours:
        """The same, able to tell when they are over."""
        return QuietHours(self.begin, self.end, self.zone, self.silent)


class _Mail(_Endpoint):
    host: Text
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    ca_file: Path | None = None
    username: Text | None = None
    password_file: Path | None = None
    sender: Mailbox
    recipient: Mailbox
    link: HttpUrl
    templates: Path | None = None
    in_doubt: Literal["repeat", "hold"] = "repeat"
    timeout: Seconds = 60.0

    @model_validator(mode="after")
    def _signed_in(self) -> _Mail:
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file belong together")
        if self.username and self.tls == "none":
            raise ValueError("a password goes over TLS only")
        return self

    @property
    def concurrency(self) -> int:
        """One mail at a time."""
        return 1

    @property
    def pauses(self) -> Pauses:
        """How long a mail server that is down is left alone."""
        return Pauses()


class MailEndpoint(_Mail):
    """One mailbox that hears of an alert once: when it first is of one of the ``severities``."""

    kind: Literal["mail"]
    quiet: Quiet | None = None


class DigestEndpoint(_Mail):
    """One mailbox that gets one mail a day, on days on which there is something to tell."""

    kind: Literal["digest"]
    at: dt.time
    zone: Zone
    days: Weekdays = Field(default=frozenset(range(len(WEEKDAYS))), min_length=1)

    @property
    def daily(self) -> DailyTime:
        """The moments at which a digest goes out."""
        return DailyTime(self.at, self.zone, self.days)


Endpoint: TypeAlias = WebhookEndpoint | FhirEndpoint | MailEndpoint | DigestEndpoint
AnyEndpoint: TypeAlias = Annotated[Endpoint, Field(discriminator="kind")]
