"""Standard Webhooks: thin, signed, named so that the receiver can tell a repetition."""

from __future__ import annotations

import binascii
import datetime as dt
import logging
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from rupture_watch.contracts.wire import timestamp
from rupture_watch.contracts.writing import canonical
from rupture_watch.delivery.channels.web import GuardedClient
from rupture_watch.failures import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rupture_watch.delivery.endpoints import WebhookEndpoint
    from rupture_watch.delivery.log import Delivery
    from rupture_watch.delivery.results import Outcome

logger = logging.getLogger(__name__)

ID_PREFIX: Final = "msg_"
MOST_SECRETS: Final = 2
LOOK_EVERY: Final = 0.5
"""Seconds between two looks at whether the secrets have changed."""
LEAST_KEY: Final = 24
MOST_KEY: Final = 64
"""Bytes of a key, from and to; source: Standard Webhooks 1.0, section on signatures."""


class Secrets:
    """The one or two secrets of an endpoint, read again when their file changes.

    A file that becomes unusable while the service runs leaves the secrets as they were.
    """

    def __init__(self, file: Path, endpoint: str) -> None:
        self._file = file
        self._endpoint = endpoint
        self._stamp = self._look()
        self._looked_at = time.monotonic()
        self._signers = self._read()

    def signers(self) -> Sequence[Webhook]:
        """Return a signer per secret, the newest first."""
        if time.monotonic() - self._looked_at < LOOK_EVERY:
            return self._signers
        self._looked_at = time.monotonic()
        try:
            stamp = self._look()
            if stamp != self._stamp:
                self._signers = self._read()
                self._stamp = stamp
        except Misconfigured as error:
            logger.warning("secrets not renewed", extra={"detail": str(error)})
            self._stamp = stamp
        return self._signers

    def _look(self) -> tuple[int, int, int]:
        try:
            found = self._file.stat()
        except OSError:
            return 0, 0, 0
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> list[Webhook]:
        where = f"endpoint {self._endpoint}: secrets_file"
        try:
            lines = [line for line in self._file.read_text("ascii").split() if line]
            keys = [binascii.a2b_base64(line.removeprefix("whsec_")) for line in lines]
        except (OSError, ValueError) as error:
            raise Misconfigured(f"{where}: {type(error).__name__}") from None
        if not 1 <= len(keys) <= MOST_SECRETS:
            raise Misconfigured(f"{where}: one secret a line, two at most")
        if not all(LEAST_KEY <= len(key) <= MOST_KEY for key in keys):
            raise Misconfigured(f"{where}: a secret has {LEAST_KEY} to {MOST_KEY} bytes")
        try:
            return [Webhook(key) for key in keys]
        except EmptyWebhookSecretError:
            raise Misconfigured(f"{where}: empty") from None


class _Said(msgspec.Struct):
    """The part of an alert that may be posted; all of it has been checked when it was noted."""

    alert_id: str
    revision: int
    state: str
    severity: int | None = None


_said = msgspec.json.Decoder(_Said).decode


class WebhookChannel:
    """Posts to one receiver."""

    def __init__(self, endpoint: WebhookEndpoint) -> None:
        self._endpoint = endpoint
        self._url = str(endpoint.url)
        self._secrets = Secrets(endpoint.secrets_file, endpoint.name)
        self._client = GuardedClient(
            timeout=endpoint.timeout,
            connections=endpoint.concurrency,
            networks=endpoint.allow_networks,
            ca_file=endpoint.ca_file,
        )

    async def deliver(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Post one message."""
        [delivery] = deliveries
        body = payload(self._endpoint, delivery)
        headers = signed(self._secrets.signers(), delivery.reference, body, dt.datetime.now(dt.UTC))
        answer = await self._client.request("POST", self._url, body=body, headers=headers)
        return answer.outcome

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def payload(endpoint: WebhookEndpoint, delivery: Delivery) -> bytes:
    """Return what is posted: which alert changed how, and what ``include`` adds.

    Evidence, sentences and names of facts stay here: who may see them asks for them.
    """
    said = _said(delivery.body)
    data: dict[str, Any] = {
        "alert_id": said.alert_id,
        "revision": said.revision,
        "state": said.state,
    }
    if "case" in endpoint.include:
        data["case"] = delivery.case
    if "severity" in endpoint.include and said.severity is not None:
        data["severity"] = said.severity
    if endpoint.link is not None:
        data["link"] = str(endpoint.link)
    return canonical({"type": delivery.type, "timestamp": timestamp(delivery.time), "data": data})


def signed(
    signers: Sequence[Webhook], reference: str, body: bytes, now: dt.datetime
) -> dict[str, str]:
    """Return the headers of a message: its id, the attempt's time, a signature per secret."""
    message_id = f"{ID_PREFIX}{reference}"
    text = body.decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(one.sign(message_id, now, text) for one in signers),
    }
