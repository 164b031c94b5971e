"""A steady client, a deep dip in week six, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rupture_watch.alliance.alerts import alert_id
from tests.builders import (
    CASE,
    alerts_of,
    judge,
    the_rules,
    weeks,
)

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Fact
    from rupture_watch.alliance.telling import AlertEvent

STEADY = (36.0, 36.0, 37.0, 36.0, 35.0)
DIP = "s6/SRS/client"
A1 = alert_id(CASE, DIP)


def told(
    *later: Fact, rules: tuple[str, ...] = ("A1",), until: float | None = None
) -> tuple[dict[str, Any], list[AlertEvent]]:
    """Return the only alert and all events after five steady weeks, a deep dip, and ``later``."""
    case, events = judge([*weeks(*STEADY, 20.0), *later], rules=the_rules(*rules), until=until)
    [alert] = alerts_of(case)
    return alert, events


def status_of(alert: dict[str, Any]) -> dict[str, str]:
    return {one["concept"]["id"]: one["status"] for one in alert["findings"]}
