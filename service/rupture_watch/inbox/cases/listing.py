"""The inbox as rows: what is in its parts, filtered, one page after the other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, case, func, or_, select, tuple_

from rupture_watch.inbox.access.roles import Right
from rupture_watch.inbox.cases import stage as stages
from rupture_watch.inbox.storage.local_schema import owners, reads, users
from rupture_watch.inbox.storage.schema import alerts, cases

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from rupture_watch.inbox.access.accounts import Account

PAGE: Final = 25
NOTES: Final = 10
DAY: Final = 24 * 3600 * 1_000_000
SOON: Final = 2 * DAY
"""An appointment within this time makes its case due."""
NOTED_WITHIN: Final = 14 * DAY
SAME_DAY: Final = 4
ENDED_SHOWN: Final = 50
ANSWERS: Final = ("acknowledged", "dismissed", "confirmed")
"""Reasons that are answers of people."""

PARTS: Final = {
    "discuss": stages.DISCUSS,
    "watch": stages.WATCH,
    "repair": stages.IN_REPAIR,
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address bar asks for; empty means everything that is open."""

    state: str = ""
    severity: int = 0
    section: str = ""
    mine: bool = False
    due: bool = False
    search: str = ""

    @property
    def are_any(self) -> bool:
        """Tell whether anything is left out."""
        return self != Filters()

    def query(self, **changed: Any) -> dict[str, str]:
        """Return the parameters of an address with some of them changed."""
        plain = {
            "state": self.state, "severity": self.severity, "section": self.section,
            "mine": self.mine, "due": self.due, "q": self.search,
        } | changed  # fmt: skip
        return {
            name: "1" if value is True else str(value) for name, value in plain.items() if value
        }


class Cursor(NamedTuple):
    """The last row of a page."""

    severity: int
    since: int
    alert_id: str


@dataclass(slots=True)
class Part:
    """One part of the inbox: its rows, how many there are in all, where the next page begins."""

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    next: Cursor | None = None


def visible(account: Account) -> ColumnElement[bool] | None:
    """Return which owners' cases somebody sees; None: all."""
    if account.may(Right.SEE_ALL_CASES):
        return None
    return or_(owners.c.user_id.is_(None), owners.c.user_id == account.id)


async def may_see(connection: AsyncConnection, account: Account, ref: str) -> bool:
    """Tell whether somebody may see a case."""
    if not account.may(Right.SEE_CASES):
        return False
    if account.may(Right.SEE_ALL_CASES):
        return True
    owner = await connection.scalar(select(owners.c.user_id).where(owners.c.ref == ref))
    return owner is None or owner == account.id


async def part(
    connection: AsyncConnection,
    account: Account,
    filters: Filters,
    name: str,
    now: int,
    after: Cursor | None = None,
) -> Part:
    """Return one page of one part of the inbox, the gravest first, then the newest."""
    conditions = [alerts.c.listed == PARTS[name], *_conditions(account, filters, now)]
    total = await connection.scalar(_counted().where(*conditions))
    order = (alerts.c.severity, alerts.c.since, alerts.c.alert_id)
    if after is not None:
        conditions.append(tuple_(*order) < tuple_(*after))
    query = (
        _rows(account)
        .where(*conditions)
        .order_by(*(column.desc() for column in order))
        .limit(PAGE + 1)
    )
    found = [_row(one, now) for one in (await connection.execute(query)).mappings()]
    rows = found[:PAGE]
    if not account.may(Right.SEE_ALL_CASES) and after is None:
        rows.sort(key=lambda row: not row["mine"])  # a therapist's own cases first
    last = found[PAGE - 1] if len(found) > PAGE else None
    cursor = None if last is None else Cursor(last["severity"], last["since"], last["alert_id"])
    return Part(name, rows, int(total or 0), cursor)


async def ended(connection: AsyncConnection, account: Account, filters: Filters, now: int) -> Part:
    """Return what ended lately: repaired, taken back, closed, or answered for good."""
    conditions = [alerts.c.listed == 0, *_conditions(account, filters, now)]
    query = _rows(account).where(*conditions).order_by(alerts.c.changed.desc()).limit(ENDED_SHOWN)
    rows = [_row(one, now) for one in (await connection.execute(query)).mappings()]
    return Part("ended", rows, len(rows))


async def noted(connection: AsyncConnection, account: Account, now: int) -> list[dict[str, Any]]:
    """Return cases without an open alert of which something was noted lately, newest first."""
    open_there = (
        select(alerts.c.ref).where(alerts.c.ref == cases.c.ref, alerts.c.listed > 0).exists()
    )
    query = (
        select(cases.c.ref, cases.c.glance, cases.c.noted)
        .outerjoin(owners, owners.c.ref == cases.c.ref)
        .where(cases.c.noted > now - NOTED_WITHIN, ~open_there)
        .order_by(cases.c.noted.desc())
        .limit(NOTES)
    )
    if (condition := visible(account)) is not None:
        query = query.where(condition)
    return [
        {"ref": row.ref, "noted": row.noted, "notes": json.loads(row.glance)["notes"][::-1]}
        for row in await connection.execute(query)
    ]


class News(NamedTuple):
    """What changed: alerts that are in the inbox, and in all."""

    new: int
    changed: int


async def news(
    connection: AsyncConnection, account: Account, since: int, ref: str | None = None
) -> News:
    """Return what changed since the broker's time ``since``, in the whole inbox or in one case.

    What only says that somebody answered is no news.
    """
    in_inbox = func.coalesce(func.sum(case((alerts.c.listed > 0, 1), else_=0)), 0)
    query = (
        select(in_inbox, func.count())
        .select_from(_alerts_with_cases())
        .where(alerts.c.received > since, alerts.c.reason.not_in(ANSWERS))
    )
    if ref is not None:
        query = query.where(alerts.c.ref == ref)
    if (condition := visible(account)) is not None:
        query = query.where(condition)
    row = (await connection.execute(query)).one()
    return News(int(row[0]), int(row[1]))


async def find_cases(connection: AsyncConnection, account: Account, text: str) -> list[str]:
    """Return references that begin with ``text``, whether anything is open there or not."""
    query = (
        select(cases.c.ref)
        .outerjoin(owners, owners.c.ref == cases.c.ref)
        .where(cases.c.ref.startswith(text, autoescape=True))
        .order_by(cases.c.ref)
        .limit(NOTES)
    )
    if (condition := visible(account)) is not None:
        query = query.where(condition)
    return list((await connection.execute(query)).scalars())


def _conditions(account: Account, filters: Filters, now: int) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if (condition := visible(account)) is not None:
        found.append(condition)
    if filters.state in (stages.NEW, stages.ACKNOWLEDGED, stages.REPAIR):
        found.append(alerts.c.stage == filters.state)
    if filters.severity:
        found.append(alerts.c.severity == filters.severity)
    if filters.section:
        found.append(alerts.c.section == filters.section)
    if filters.mine:
        found.append(owners.c.user_id == account.id)
    if filters.due:
        soon = and_(cases.c.next_start.is_not(None), cases.c.next_start <= now + SOON)
        found.append(or_(and_(alerts.c.severity == SAME_DAY, alerts.c.stage == stages.NEW), soon))
    if filters.search:
        found.append(alerts.c.ref.startswith(filters.search, autoescape=True))
    return found


_COLUMNS: Final = (
    alerts.c.alert_id, alerts.c.ref, alerts.c.revision, alerts.c.state, alerts.c.stage,
    alerts.c.reason, alerts.c.severity, alerts.c.section, alerts.c.headline, alerts.c.since,
    alerts.c.changed, alerts.c.answered, alerts.c.reason_code, cases.c.glance,
    cases.c.next_start,
)  # fmt: skip


def _rows(account: Account) -> Select[Any]:
    is_read = and_(reads.c.alert_id == alerts.c.alert_id, reads.c.user_id == account.id)
    return select(
        *_COLUMNS,
        users.c.name.label("owner"),
        reads.c.revision.label("read"),
        (owners.c.user_id == account.id).label("mine"),
    ).select_from(
        _alerts_with_cases()
        .outerjoin(users, users.c.id == owners.c.user_id)
        .outerjoin(reads, is_read)
    )


def _counted() -> Select[Any]:
    return select(func.count()).select_from(_alerts_with_cases())


def _alerts_with_cases() -> FromClause:
    return alerts.outerjoin(cases, cases.c.ref == alerts.c.ref).outerjoin(
        owners, owners.c.ref == alerts.c.ref
    )


def _row(found: Any, now: int) -> dict[str, Any]:
    row = dict(found)
    row["pictures"] = row.pop("glance")
    row["mine"] = bool(row["mine"])
    row["is_new"] = row["read"] is None
    row["has_news"] = row["read"] is not None and row["read"] < row["revision"]
    row["is_due"] = row["next_start"] is not None and now < row["next_start"] <= now + SOON
    return row
