"""Revisions of alerts, and reviews, into one row per alert."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from rupture_watch.alliance.facts import Review
from rupture_watch.contracts.wire import microseconds
from rupture_watch.inbox.cases.stage import Answer, listed_in, stage_of
from rupture_watch.inbox.storage.database import upsert
from rupture_watch.inbox.storage.schema import alerts, changes, reviews

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from rupture_watch.inbox.projection.incoming import IncomingAlert, IncomingFact

Row = dict[str, Any]

CHAIN = 10
"""Alerts that one may have superseded one after the other."""
_WATCH = 2


class AlertRows:
    """Upserts alerts by (id, revision), the higher wins, and keeps their stages up."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take(
        self, found: Sequence[IncomingAlert], answers: Sequence[IncomingFact]
    ) -> dict[str, str]:
        """Write revisions and reviews; return the touched alerts with their cases."""
        await upsert(self._connection, reviews, _unique(map(_review_row, answers)))
        await upsert(self._connection, changes, _unique(map(_change_row, found)))
        rows = await self._known({one.data["alert_id"] for one in found})
        touched: dict[str, str] = {}
        for one in found:
            alert_id = one.data["alert_id"]
            known = rows.get(alert_id)
            if known is None or one.data["revision"] > known["revision"]:
                rows[alert_id] = _alert_row(one, known)
                touched[alert_id] = one.ref
        await upsert(self._connection, alerts, [rows[alert_id] for alert_id in touched])
        for one in found:
            if (old := one.data.get("supersedes")) is not None:
                await self._connection.execute(
                    update(alerts)
                    .where(alerts.c.alert_id == old)
                    .values(superseded_by=one.data["alert_id"])
                )
        for answer in answers:
            if isinstance(answer.fact, Review):
                touched.update(await self._concerned(answer.fact.alert_id))
        for alert_id in touched:
            await self._settle(alert_id)
        return touched

    async def _known(self, ids: Iterable[str]) -> dict[str, Row]:
        found = await self._connection.execute(
            select(alerts).where(alerts.c.alert_id.in_(sorted(ids)))
        )
        return {row["alert_id"]: dict(row) for row in found.mappings()}

    async def _concerned(self, alert_id: str) -> dict[str, str]:
        """Return the alert that a review of ``alert_id`` counts for today."""
        concerned: dict[str, str] = {}
        current: str | None = alert_id
        for _ in range(CHAIN):
            row = (
                await self._connection.execute(
                    select(alerts.c.ref, alerts.c.superseded_by).where(alerts.c.alert_id == current)
                )
            ).first()
            if row is None or current is None:
                break
            concerned[current] = row.ref
            current = row.superseded_by
        return concerned

    async def _settle(self, alert_id: str) -> None:
        """Say anew where people are with an alert."""
        row = (
            await self._connection.execute(
                select(alerts.c.state, alerts.c.reopened, alerts.c.severity).where(
                    alerts.c.alert_id == alert_id
                )
            )
        ).first()
        if row is None:
            return
        stage, answer = stage_of(row.state, row.reopened, await self._answers(alert_id))
        await self._connection.execute(
            update(alerts)
            .where(alerts.c.alert_id == alert_id)
            .values(
                stage=stage,
                listed=listed_in(stage, row.severity),
                answered=None if answer is None else answer.action,
                answered_at=None if answer is None else answer.time,
                reason_code=None if answer is None else answer.reason_code,
            )
        )

    async def _answers(self, alert_id: str) -> list[Answer]:
        """Return the reviews of an alert and of those that it superseded."""
        ids, newest = [alert_id], [alert_id]
        for _ in range(CHAIN):
            rows = await self._connection.execute(
                select(alerts.c.alert_id).where(alerts.c.superseded_by.in_(newest))
            )
            newest = [one for (one,) in rows if one not in ids]
            if not newest:
                break
            ids += newest
        found = await self._connection.execute(
            select(
                reviews.c.time, reviews.c.event_id, reviews.c.action, reviews.c.reason_code,
                reviews.c.received,
            ).where(reviews.c.alert_id.in_(ids))
        )  # fmt: skip
        return [Answer(*row) for row in found]


def _unique(rows: Iterable[Row]) -> list[Row]:
    """Return rows once each: the last of one and the same event stays."""
    named = ("alert_id", "revision"), ("event_id", "source")
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = next(k for k in named if k[1] in row)
        found[tuple(row[name] for name in key)] = row
    return list(found.values())


def _review_row(one: IncomingFact) -> Row:
    review = one.fact
    if not isinstance(review, Review):
        raise TypeError("no review")
    return {
        "event_id": review.event_id,
        "source": review.source,
        "ref": one.ref,
        "alert_id": review.alert_id,
        "action": review.action,
        "reason_code": review.reason_code,
        "by_role": review.by_role,
        "time": review.time,
        "received": one.received,
    }


def _change_row(one: IncomingAlert) -> Row:
    data = one.data
    return {
        "alert_id": data["alert_id"],
        "revision": data["revision"],
        "ref": one.ref,
        "kind": one.kind,
        "state": data["state"],
        "reason": data["reason"],
        "severity": data.get("severity"),
        "headline": data.get("headline"),
        "time": one.time,
        "received": one.received,
        "late": bool(data.get("late")) or data["reason"] in ("late_data", "corrected_data"),
    }


def _alert_row(one: IncomingAlert, known: Row | None) -> Row:
    """Return the row of a revision; a bare retraction keeps what was said before."""
    data: Mapping[str, Any] = one.data
    if "headline" not in data and known is not None:
        data = {**json.loads(known["data"]), **data, "findings": data["findings"]}
    lead = data.get("lead")
    findings = data["findings"] or (json.loads(known["data"])["findings"] if known else [])
    reopened = one.received if data["reason"] == "reopened" else 0
    return {
        "alert_id": data["alert_id"],
        "ref": one.ref,
        "revision": data["revision"],
        "state": data["state"],
        "reason": data["reason"],
        "stage": "new" if data["state"] == "open" else data["state"],
        "severity": data.get("severity") or _WATCH,
        "lead": lead,
        "section": next((f["concept"]["section"] for f in findings if f["concept"]["id"] == lead),
                        None),
        "headline": data.get("headline") or "",
        "since": _since(findings, one.time),
        "changed": one.time,
        "received": one.received,
        "reopened": max(reopened, known["reopened"] if known else 0),
        "answered": known["answered"] if known else None,
        "answered_at": known["answered_at"] if known else None,
        "reason_code": known["reason_code"] if known else None,
        "superseded_by": known["superseded_by"] if known else None,
        "data": json.dumps({**data, "findings": findings}, ensure_ascii=False),
    }  # fmt: skip


def _since(findings: Iterable[Mapping[str, Any]], otherwise: int) -> int:
    times = [microseconds(one["trigger"]["time"]) for one in findings if one["severity"] >= _WATCH]
    return min(times, default=otherwise)
