"""Notifications of FHIR subscriptions: R5 and R4B by SubscriptionStatus, R4 by Parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rupture_watch.gateway.mapping.moments import of_fhir
from rupture_watch.gateway.mapping.reference import Neighbours, name_of, own_name
from rupture_watch.gateway.mapping.tree import Node, many, nodes, text
from rupture_watch.gateway.mapping.verdict import Happening, Notice, NotMapped, Why

if TYPE_CHECKING:
    from rupture_watch.gateway.mapping.run import Run

KINDS: Final = frozenset(
    {"handshake", "heartbeat", "event-notification", "query-status", "query-event"}
)
QUIET: Final = frozenset({"handshake", "heartbeat", "query-status"})
_NUMBER_DIGITS: Final = 18


def notice_of(run: Run, status: Node, neighbours: Neighbours) -> Notice:
    """Return what a SubscriptionStatus, or its Parameters of R4, says.

    Times that it tells of resources are kept in the run: for a cancelled appointment that is the
    best there is.

    Raises:
        NotMapped: ``missing`` or ``unsupported``.

    """
    if text(status, "resourceType") == "Parameters":
        status = _from_parameters(status)
    kind = text(status, "type")
    if kind not in KINDS:
        raise NotMapped(Why.UNSUPPORTED if kind else Why.MISSING, "SubscriptionStatus.type")
    subscription = text(status, "subscription", "reference")
    if subscription is None:
        raise NotMapped(Why.MISSING, "SubscriptionStatus.subscription")
    named = name_of(run, subscription, neighbours)
    happenings = []
    for event in nodes(status, "notificationEvent"):
        number = whole(event.get("eventNumber"))
        if number is None:
            raise NotMapped(Why.MISSING, "SubscriptionStatus.notificationEvent.eventNumber")
        focus = text(event, "focus", "reference")
        target = neighbours.find(focus)
        moment = of_fhir(event.get("timestamp"))
        if target is not None and moment is not None:
            run.happened[own_name(target)] = moment
        happenings.append(Happening(number, focus))
    latest = whole(status.get("eventsSinceSubscriptionStart"))
    return Notice(named[1] if named else subscription, kind, tuple(happenings), latest)


def whole(value: object) -> int | None:
    """Return a whole number from 0; R5 writes 64-bit ones as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 10**_NUMBER_DIGITS else None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value) if len(value) <= _NUMBER_DIGITS else None
    return None


def _from_parameters(parameters: Node) -> Node:
    """Bring the Parameters of the R4 backport into the shape of a SubscriptionStatus."""
    given = {text(one, "name"): one for one in nodes(parameters, "parameter")}
    events = []
    for one in nodes(parameters, "parameter"):
        if text(one, "name") == "notification-event":
            parts = {text(part, "name"): part for part in nodes(one, "part")}
            events.append(
                {
                    "eventNumber": _value(parts.get("event-number")),
                    "timestamp": _value(parts.get("timestamp")),
                    "focus": _value(parts.get("focus")),
                }
            )
    return {
        "type": _value(given.get("type")),
        "subscription": _value(given.get("subscription")),
        "eventsSinceSubscriptionStart": _value(given.get("events-since-subscription-start")),
        "notificationEvent": events,
    }


def _value(parameter: Node | None) -> object:
    for name in parameter or ():
        if name.startswith("value"):
            return next(iter(many(parameter, name)), None)
    return None
