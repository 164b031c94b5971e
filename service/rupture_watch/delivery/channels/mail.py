"""E-mail: thin notifications, one for an alert or one a day, never with a detail of a case."""

from __future__ import annotations

import datetime as dt
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import aiosmtplib
import jinja2

from rupture_watch.alliance.facts import SECOND
from rupture_watch.delivery.alerts import REFERENCE_DIGITS
from rupture_watch.delivery.endpoints import DigestEndpoint
from rupture_watch.delivery.results import Outcome, Result
from rupture_watch.failures import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rupture_watch.delivery.endpoints import MailEndpoint
    from rupture_watch.delivery.log import Delivery

PERMANENT: Final = range(500, 600)
SIGN_IN: Final = frozenset({530, 534, 535, 538})
PARTS: Final = ("subject.txt", "body.txt", "body.html")


class MailChannel:
    """Hands mails for one mailbox to a mail server."""

    def __init__(self, endpoint: MailEndpoint | DigestEndpoint) -> None:
        self._endpoint = endpoint
        kind = "digest" if isinstance(endpoint, DigestEndpoint) else "alert"
        try:
            self._letter = Letter(kind, endpoint.templates)
        except jinja2.TemplateError as error:
            raise Misconfigured(
                f"endpoint {endpoint.name}: templates: {type(error).__name__}"
            ) from None
        self._password = _secret(endpoint)
        self._trust = _trust(endpoint)

    async def deliver(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Hand over one mail for all of these."""
        endpoint = self._endpoint
        try:
            await aiosmtplib.send(
                self._message(deliveries),
                hostname=endpoint.host,
                port=endpoint.port,
                use_tls=endpoint.tls == "implicit",
                start_tls=endpoint.tls == "starttls",
                tls_context=self._trust,
                username=endpoint.username,
                password=self._password,
                timeout=endpoint.timeout,
            )
        except aiosmtplib.SMTPException as error:
            return outcome_of(error)
        except ssl.SSLError:
            return Outcome(Result.UNTRUSTED)
        except (TimeoutError, OSError):
            return Outcome(Result.UNREACHABLE)
        return Outcome(Result.DELIVERED, 250)

    async def close(self) -> None:
        """Nothing stays open between two mails."""

    def _message(self, deliveries: Sequence[Delivery]) -> EmailMessage:
        endpoint, first = self._endpoint, deliveries[0]
        domain = endpoint.sender.rpartition("@")[2]
        subject, text, html = self._letter.write(len(deliveries), str(endpoint.link))
        message = EmailMessage(policy=SMTP)
        message["From"] = endpoint.sender
        message["To"] = endpoint.recipient
        message["Subject"] = subject
        message["Date"] = dt.datetime.fromtimestamp(first.slot // SECOND, dt.UTC)
        message["Message-ID"] = f"<{self._name(first)}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        return message

    def _name(self, first: Delivery) -> str:
        """Return what identifies the mail, for every attempt the same: its alert, or its day."""
        if not isinstance(self._endpoint, DigestEndpoint):
            return first.reference
        day = f"{self._endpoint.name}|{first.slot}"
        return sha256(day.encode()).hexdigest()[:REFERENCE_DIGITS]


class Letter:
    """The templates of one kind of mail: the service's own, or a clinic's of the same names."""

    def __init__(self, kind: str, folder: Path | None) -> None:
        own = jinja2.PackageLoader("rupture_watch.delivery", "templates")
        loader = (
            own if folder is None else jinja2.ChoiceLoader([jinja2.FileSystemLoader(folder), own])
        )
        environment = jinja2.Environment(
            loader=loader,
            autoescape=jinja2.select_autoescape(("html.j2",)),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
        )
        self._parts = [environment.get_template(f"{kind}.{part}.j2") for part in PARTS]
        self.write(1, "https://example.org/")

    def write(self, count: int, link: str) -> tuple[str, str, str]:
        """Return subject, text and HTML for this many alerts."""
        subject, text, html = (part.render(count=count, link=link) for part in self._parts)
        return " ".join(subject.split()), text, html


def outcome_of(error: aiosmtplib.SMTPException) -> Outcome:
    """Return what a failure to hand over a mail means."""
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        return Outcome(Result.TIMED_OUT)
    code = _code(error)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) or code in SIGN_IN:
        return Outcome(Result.UNAUTHORISED, code)
    if isinstance(error.__cause__, ssl.SSLError):
        return Outcome(Result.UNTRUSTED)
    if code is None:
        return Outcome(Result.UNREACHABLE)
    if code in PERMANENT:
        return Outcome(Result.REJECTED, code, final=True)
    return Outcome(Result.UNAVAILABLE, code)


def _code(error: aiosmtplib.SMTPException) -> int | None:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return error.recipients[0].code
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None


def _secret(endpoint: MailEndpoint | DigestEndpoint) -> str | None:
    if endpoint.password_file is None:
        return None
    try:
        return endpoint.password_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"endpoint {endpoint.name}: password_file: {type(error).__name__}"
        ) from None


def _trust(endpoint: MailEndpoint | DigestEndpoint) -> ssl.SSLContext | None:
    if endpoint.tls == "none":
        return None
    try:
        file = endpoint.ca_file
        return ssl.create_default_context(cafile=None if file is None else str(file))
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"endpoint {endpoint.name}: ca_file: {type(error).__name__}") from None
