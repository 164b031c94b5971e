"""Sessions, links that work once, and a limit on failed sign-ins."""

from __future__ import annotations

import secrets
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import delete, insert, select, update

from rupture_watch.inbox.access.accounts import Account, account
from rupture_watch.inbox.storage.database import upsert
from rupture_watch.inbox.storage.local_schema import attempts, links, sessions, users

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

SECOND: Final = 1_000_000
IDLE: Final = 12 * 3600 * SECOND
"""A session ends after so long without a request."""
LONGEST: Final = 30 * 24 * 3600 * SECOND
"""A session ends after so long in any case."""
SEEN_EVERY: Final = 60 * SECOND
"""How exactly the last request is remembered: not every page is a write."""
LINK_LIFE: Final = 24 * 3600 * SECOND
WINDOW: Final = 15 * 60 * SECOND
MOST_FAILURES: Final = 10
"""Failed sign-ins of one account, or of one address, within the window."""


class Session(NamedTuple):
    """A signed-in browser: who it is, and the token that its forms must carry."""

    account: Account
    csrf: str
    digest: str


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return sha256(token.encode()).hexdigest()


def now() -> int:
    """Return the present in microseconds."""
    return time.time_ns() // 1_000


async def open_session(connection: AsyncConnection, user_id: int) -> str:
    """Begin a session and return the cookie's value, which is stored nowhere."""
    token = secrets.token_urlsafe(32)
    at = now()
    await connection.execute(delete(sessions).where(sessions.c.seen < at - IDLE))
    await connection.execute(
        insert(sessions).values(
            digest=digest(token),
            user_id=user_id,
            csrf=secrets.token_urlsafe(24),
            created=at,
            seen=at,
        )
    )
    return token


async def find_session(connection: AsyncConnection, token: str) -> tuple[Session, int] | None:
    """Return a session that still lasts, and when it was last seen."""
    at = now()
    row = (
        await connection.execute(
            select(users, sessions.c.csrf, sessions.c.digest, sessions.c.seen)
            .join(users, users.c.id == sessions.c.user_id)
            .where(
                sessions.c.digest == digest(token),
                sessions.c.seen >= at - IDLE,
                sessions.c.created >= at - LONGEST,
                users.c.active,
            )
        )
    ).first()
    return None if row is None else (Session(account(row), row.csrf, row.digest), row.seen)


async def see(connection: AsyncConnection, session: Session) -> None:
    """Remember that a session was used just now."""
    await connection.execute(
        update(sessions).where(sessions.c.digest == session.digest).values(seen=now())
    )


async def close_session(connection: AsyncConnection, session: Session) -> None:
    """End a session."""
    await connection.execute(delete(sessions).where(sessions.c.digest == session.digest))


async def close_all(connection: AsyncConnection, user_id: int) -> None:
    """End every session of a person."""
    await connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


async def make_link(connection: AsyncConnection, purpose: str, user_id: int | None = None) -> str:
    """Return the token of a link that works once, for a day.

    ``setup`` makes the first account, ``password`` sets one, ``sign-in`` signs in.
    """
    token = secrets.token_urlsafe(24)
    at = now()
    await connection.execute(delete(links).where(links.c.expires < at))
    if purpose == "setup":
        await connection.execute(delete(links).where(links.c.purpose == purpose))
    await connection.execute(
        insert(links).values(
            digest=digest(token), purpose=purpose, user_id=user_id, expires=at + LINK_LIFE
        )
    )
    return token


class Link(NamedTuple):
    """What a link is for, and whom it concerns."""

    purpose: str
    user_id: int | None


async def find_link(connection: AsyncConnection, token: str) -> Link | None:
    """Return a link that can still be used."""
    row = (
        await connection.execute(
            select(links.c.purpose, links.c.user_id).where(
                links.c.digest == digest(token), links.c.expires >= now()
            )
        )
    ).first()
    return None if row is None else Link(row.purpose, row.user_id)


async def use_link(connection: AsyncConnection, token: str) -> Link | None:
    """Take a link out of use and return it; None where it was used already."""
    found = await find_link(connection, token)
    if found is None:
        return None
    gone = await connection.execute(delete(links).where(links.c.digest == digest(token)))
    return found if gone.rowcount == 1 else None


async def is_limited(connection: AsyncConnection, *keys: str) -> bool:
    """Tell whether an account or an address has failed too often lately."""
    rows = await connection.execute(
        select(attempts.c.count).where(
            attempts.c.key.in_([digest(key) for key in keys]), attempts.c.since >= now() - WINDOW
        )
    )
    return any(number >= MOST_FAILURES for (number,) in rows)


async def count_failure(connection: AsyncConnection, *keys: str) -> None:
    """Count one more failed sign-in."""
    await connection.execute(delete(attempts).where(attempts.c.since < now() - WINDOW))
    await upsert(
        connection,
        attempts,
        [{"key": digest(key), "count": 1, "since": now()} for key in keys],
        add=("count",),
    )


async def forget_failures(connection: AsyncConnection, key: str) -> None:
    """Forget the failures of an account that has signed in."""
    await connection.execute(delete(attempts).where(attempts.c.key == digest(key)))
