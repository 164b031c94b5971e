"""The audit log: who saw and did what, as a chain in which no row can be changed unnoticed.

A row's digest covers the row before it. The case is covered by a salted digest of its reference,
so that an erased case can be taken out of the log while the chain still holds.
"""

from __future__ import annotations

import json
import secrets
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import insert, select, text

from rupture_watch.inbox.storage.local_schema import audit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

START: Final = "0" * 64
LOCK: Final = 7_401_220_531
"""Number of the advisory lock under which PostgreSQL's writers append one after the other."""
PAGE: Final = 1_000


class Fault(NamedTuple):
    """The first row that does not fit, and what is wrong with it."""

    seq: int
    what: str


class Verdict(NamedTuple):
    """What a check of the chain found: rows that hold, and the first that does not."""

    rows: int
    head: str
    fault: Fault | None


async def append(
    connection: AsyncConnection,
    actor: str,
    action: str,
    subject: str | None = None,
    **detail: Any,
) -> None:
    """Add a row in the transaction of ``connection``, which must be a writing one.

    Args:
        connection: a writing one, so that rows come one after the other.
        actor: the account's login.
        action: one word.
        subject: the reference of the case concerned, if one is.
        detail: plain values; never text that a person wrote about a client.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    last = (
        await connection.execute(
            select(audit.c.seq, audit.c.digest).order_by(audit.c.seq.desc()).limit(1)
        )
    ).first()
    seq, previous = (1, START) if last is None else (last.seq + 1, last.digest)
    salt = secrets.token_hex(16)
    row: dict[str, Any] = {
        "seq": seq,
        "time": time.time_ns() // 1_000,
        "actor": actor,
        "action": action,
        "subject": subject,
        "salt": salt,
        "subject_digest": _of_subject(salt, subject),
        "detail": json.dumps(detail, sort_keys=True, ensure_ascii=False),
        "previous": previous,
    }
    row["digest"] = _digest(row)
    await connection.execute(insert(audit).values(row))


async def verify(connection: AsyncConnection) -> Verdict:
    """Check the whole chain, from its first row on."""
    expected, previous, count = 1, START, 0
    while True:
        rows = (
            (
                await connection.execute(
                    select(audit).where(audit.c.seq >= expected).order_by(audit.c.seq).limit(PAGE)
                )
            )
            .mappings()
            .all()
        )
        if not rows:
            return Verdict(count, previous, None)
        for row in rows:
            if (what := _fault(dict(row), expected, previous)) is not None:
                return Verdict(count, previous, Fault(expected, what))
            expected, previous, count = expected + 1, row["digest"], count + 1


def _fault(row: Mapping[str, Any], expected: int, previous: str) -> str | None:
    if row["seq"] != expected:
        return "a row is missing"
    if row["previous"] != previous:
        return "it does not follow the row before"
    if row["salt"] is not None and row["subject_digest"] != _of_subject(
        row["salt"], row["subject"]
    ):
        return "its case was changed"
    if row["salt"] is None and row["subject"] is not None:
        return "its case was changed"
    if row["digest"] != _digest(row):
        return "it was changed"
    return None


def _of_subject(salt: str, subject: str | None) -> str:
    return sha256(f"{salt}|{subject or ''}".encode()).hexdigest()


def _digest(row: Mapping[str, Any]) -> str:
    covered = [
        row[name]
        for name in ("seq", "time", "actor", "action", "subject_digest", "detail", "previous")
    ]
    return sha256(json.dumps(covered, ensure_ascii=False).encode()).hexdigest()
