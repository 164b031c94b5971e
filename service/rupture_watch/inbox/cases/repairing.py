"""Repairs that are under way, and how those that ended went."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import or_, select

from rupture_watch.inbox.cases.listing import visible
from rupture_watch.inbox.cases.stage import IN_REPAIR
from rupture_watch.inbox.storage.local_schema import owners, users
from rupture_watch.inbox.storage.schema import alerts, cases, reviews

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from rupture_watch.inbox.access.accounts import Account

Plain = dict[str, Any]

SHOWN: Final = 200
ENDED: Final = 50
DAY: Final = 24 * 3600 * 1_000_000


async def under_way(connection: AsyncConnection, account: Account, now: int) -> list[Plain]:
    """Return the repairs that are under way, the longest first, with what is watched."""
    query = _rows().where(alerts.c.listed == IN_REPAIR)
    if (condition := visible(account)) is not None:
        query = query.where(condition)
    query = query.order_by(alerts.c.answered_at, alerts.c.alert_id).limit(SHOWN)
    found = []
    for row in (await connection.execute(query)).mappings():
        plain = _plain(row)
        plain["days"] = max(0, (now - plain["opened"]) // DAY)
        plain |= _watched(plain)
        found.append(plain)
    return found


async def ended(connection: AsyncConnection, account: Account) -> list[Plain]:
    """Return repairs that ended lately: how, and how long it took."""
    in_repair = (
        select(reviews.c.alert_id)
        .where(reviews.c.alert_id == alerts.c.alert_id, reviews.c.action == "repair_opened")
        .exists()
    )
    query = _rows().where(alerts.c.listed == 0, or_(alerts.c.state == "repaired", in_repair))
    if (condition := visible(account)) is not None:
        query = query.where(condition)
    query = query.order_by(alerts.c.changed.desc()).limit(ENDED)
    found = []
    for row in (await connection.execute(query)).mappings():
        plain = _plain(row)
        plain["days"] = max(0, round((plain["changed"] - plain["since"]) / DAY))
        plain["resolution"] = json.loads(plain["data"]).get("resolution")
        found.append(plain)
    return found


def _rows() -> Any:
    return (
        select(
            alerts.c.alert_id, alerts.c.ref, alerts.c.state, alerts.c.stage, alerts.c.reason,
            alerts.c.severity, alerts.c.headline, alerts.c.since, alerts.c.changed,
            alerts.c.answered, alerts.c.answered_at, alerts.c.data, cases.c.glance,
            cases.c.next_start, users.c.name.label("owner"),
        )
        .outerjoin(cases, cases.c.ref == alerts.c.ref)
        .outerjoin(owners, owners.c.ref == alerts.c.ref)
        .outerjoin(users, users.c.id == owners.c.user_id)
    )  # fmt: skip


def _plain(row: Any) -> Plain:
    plain = dict(row)
    glance = plain["pictures"] = plain.pop("glance")
    plain["glance"] = None if glance is None else json.loads(glance)
    plain["opened"] = plain["answered_at"] or plain["since"]
    return plain


def _watched(plain: Plain) -> Plain:
    """Return what tells that a repair holds: a session kept since, and a score back in band."""
    glance = plain["glance"] or {}
    since = plain["since"] // 1_000_000
    kept = [
        one for one in glance.get("strip", ()) if one[0] > since and one[1] in ("attended", "late")
    ]
    spark = glance.get("spark")
    after = [one for one in spark["points"] if one[0] > since] if spark else []
    last = after[-1] if after else None
    in_band = None
    if last is not None and last[2] is not None:
        in_band = last[1] >= last[2] - last[3]
    return {"kept": len(kept), "in_band": in_band, "last": last}
