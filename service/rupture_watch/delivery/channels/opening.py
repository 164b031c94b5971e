"""The way out that belongs to an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.delivery.channels.fhir import FhirChannel
from rupture_watch.delivery.channels.mail import MailChannel
from rupture_watch.delivery.channels.webhook import WebhookChannel
from rupture_watch.delivery.endpoints import FhirEndpoint, WebhookEndpoint

if TYPE_CHECKING:
    from rupture_watch.delivery.channels.channel import Channel
    from rupture_watch.delivery.endpoints import Endpoint


def channel_of(endpoint: Endpoint) -> Channel:
    """Return the channel of an endpoint; its secrets are read here.

    Raises:
        Misconfigured: a secret, key or template cannot be used.
    """
    if isinstance(endpoint, WebhookEndpoint):
        return WebhookChannel(endpoint)
    if isinstance(endpoint, FhirEndpoint):
        return FhirChannel(endpoint)
    return MailChannel(endpoint)
