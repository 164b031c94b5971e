"""Which revisions of alerts an endpoint is told of, and when at the earliest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.delivery.endpoints import DigestEndpoint, MailEndpoint

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.delivery.alerts import AlertRevision
    from rupture_watch.delivery.endpoints import Endpoint


def is_wanted(endpoint: Endpoint, revision: AlertRevision, *, known: bool) -> bool:
    """Tell whether this revision is delivered to the endpoint.

    ``known`` is whether an earlier revision of the alert was. A system that has heard of an alert
    hears of all its later revisions, whatever their severity: it could not keep up otherwise. A
    person is told once, and again only where an alert that had been taken back is raised anew.
    """
    severe = revision.data.get("severity") in endpoint.severities
    if isinstance(endpoint, MailEndpoint | DigestEndpoint):
        news = not known or revision.change == "raised"
        return severe and news and revision.data["state"] == "open"
    return revision.change in endpoint.changes and (severe or known)


def is_notification(endpoint: Endpoint) -> bool:
    """Tell whether it is a person who is told, so that old news is no news."""
    return isinstance(endpoint, MailEndpoint | DigestEndpoint)


def due(endpoint: Endpoint, now: Microseconds) -> Microseconds:
    """Return when a delivery that is noted now may go out."""
    if isinstance(endpoint, DigestEndpoint):
        return endpoint.daily.following(now)
    if isinstance(endpoint, MailEndpoint) and endpoint.quiet is not None:
        return endpoint.quiet.hours.released(now)
    return now
