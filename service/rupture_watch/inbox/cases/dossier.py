"""Everything that a case page says, besides its chart."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import insert, select

from rupture_watch.inbox.access.signing_in import now
from rupture_watch.inbox.storage.database import upsert
from rupture_watch.inbox.storage.local_schema import notes, outgoing, owners, reads, users
from rupture_watch.inbox.storage.schema import alerts, cases, changes, reviews

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from rupture_watch.inbox.access.accounts import Account

Plain = dict[str, Any]

TROUBLESHOOT: Final = "K2"
DAY: Final = 24 * 3600 * 1_000_000


@dataclass(slots=True)
class Dossier:
    """One case: its alerts, newest first, and what happened to them.

    ``current`` is the alert that the page is about: the open one, else the one asked for, else
    the newest. ``waiting`` tells that an answer has not been acknowledged by Kafka yet.
    """

    ref: str
    case: Plain
    alerts: list[Plain] = field(default_factory=list)
    current: Plain | None = None
    history: list[Plain] = field(default_factory=list)
    notes: list[Plain] = field(default_factory=list)
    owner: str | None = None
    owner_id: int | None = None
    waiting: bool = False

    @property
    def told(self) -> list[Plain]:
        """Return the history without repetitions: the same said again on the same day."""
        found: list[Plain] = []
        for one in self.history:
            if not found or _said(found[-1]) != _said(one):
                found.append(one)
        return found


class Speaking(NamedTuple):
    """The findings of an alert, each group in the order of what speaks most."""

    holding: list[Plain]
    recovered: list[Plain]
    withdrawn: list[Plain]


def speaking(data: Plain) -> Speaking:
    """Return the findings of an alert: the one that leads first, then by severity.

    That nobody has answered yet (K2) is said last: it is nothing about the case.
    """

    def rank(finding: Plain) -> tuple[bool, bool, int]:
        rule = finding["concept"]["id"]
        return rule == TROUBLESHOOT, rule != data.get("lead"), -finding["severity"]

    ordered = sorted(data["findings"], key=rank)
    groups = [
        [one for one in ordered if one["status"] == status]
        for status in ("holds", "recovered", "withdrawn")
    ]
    return Speaking(*groups)


def _said(one: Plain) -> tuple[Any, ...]:
    if one["what"] == "review":
        return "review", one["event_id"]
    return one["alert_id"], one["kind"], one["reason"], one["time"] // DAY, one["late"]


async def dossier(
    connection: AsyncConnection, ref: str, alert_id: str | None = None
) -> Dossier | None:
    """Return what is known of a case; None where nothing is."""
    case = (await connection.execute(select(cases).where(cases.c.ref == ref))).mappings().first()
    query = select(alerts).where(alerts.c.ref == ref).order_by(alerts.c.since.desc())
    found: list[Plain] = [dict(row) for row in (await connection.execute(query)).mappings()]
    for one in found:
        one["data"] = json.loads(one["data"])
    if case is None and not found:
        return None
    plain: Plain = (
        dict(case) if case is not None else {"ref": ref, "sessions": 0, "rated_sessions": 0}
    )
    glance = plain.pop("glance", None)
    plain["notes"] = json.loads(glance)["notes"] if glance else []
    result = Dossier(ref, plain, found)
    result.current = _current(found, alert_id)
    result.history = await _history(connection, ref)
    result.notes = await _notes(connection, ref)
    owner = (
        await connection.execute(
            select(users.c.id, users.c.name)
            .join(owners, owners.c.user_id == users.c.id)
            .where(owners.c.ref == ref)
        )
    ).first()
    if owner is not None:
        result.owner_id, result.owner = owner.id, owner.name
    waiting = await connection.execute(
        select(outgoing.c.event_id)
        .where(outgoing.c.ref == ref, outgoing.c.acknowledged.is_(None))
        .limit(1)
    )
    result.waiting = waiting.first() is not None
    return result


def _current(found: list[Plain], alert_id: str | None) -> Plain | None:
    for one in found:
        if alert_id is not None and one["alert_id"] == alert_id:
            return one
    for one in found:
        if one["state"] == "open":
            return one
    standing = [one for one in found if one["superseded_by"] is None]
    return next(iter(standing or found), None)


async def _history(connection: AsyncConnection, ref: str) -> list[Plain]:
    """Return what became of the alerts of a case, and who answered what, oldest first.

    Who it was is known only for answers given on this page.
    """
    rows: list[Plain] = [
        {**row, "what": "change", "order": (row["received"], 0)}
        for row in (
            await connection.execute(select(changes).where(changes.c.ref == ref))
        ).mappings()
    ]
    query = (
        select(reviews, users.c.name.label("by"))
        .outerjoin(outgoing, outgoing.c.event_id == reviews.c.event_id)
        .outerjoin(users, users.c.id == outgoing.c.user_id)
        .where(reviews.c.ref == ref)
    )
    rows += [
        {**row, "what": "review", "order": (row["received"], 1)}
        for row in (await connection.execute(query)).mappings()
    ]
    return sorted(rows, key=lambda row: (*row["order"], row.get("revision", 0)))


async def _notes(connection: AsyncConnection, ref: str) -> list[Plain]:
    query = (
        select(notes.c.text, notes.c.time, users.c.name.label("by"), users.c.role)
        .outerjoin(users, users.c.id == notes.c.user_id)
        .where(notes.c.ref == ref)
        .order_by(notes.c.time)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def mark_read(connection: AsyncConnection, account: Account, found: Dossier) -> None:
    """Remember that somebody has seen the alerts of a case as they are now."""
    rows = [
        {"user_id": account.id, "alert_id": one["alert_id"], "ref": found.ref,
         "revision": one["revision"]}
        for one in found.alerts
    ]  # fmt: skip
    await upsert(connection, reads, rows)


async def add_note(
    connection: AsyncConnection, account: Account, ref: str, alert_id: str | None, text: str
) -> None:
    """Keep a local note; it is never sent anywhere."""
    await connection.execute(
        insert(notes).values(ref=ref, alert_id=alert_id, user_id=account.id, text=text, time=now())
    )


async def set_owner(connection: AsyncConnection, ref: str, user_id: int | None) -> None:
    """Say whose case it is; None: nobody's."""
    if user_id is None:
        await connection.execute(owners.delete().where(owners.c.ref == ref))
    else:
        await upsert(connection, owners, [{"ref": ref, "user_id": user_id, "since": now()}])
