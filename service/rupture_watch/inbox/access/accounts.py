"""Local accounts: who there is, and whether a password is theirs."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, insert, select, update

from rupture_watch.inbox.access.roles import Right, Role, is_role, may
from rupture_watch.inbox.storage.local_schema import users

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

SHORTEST: Final = 12
"""Characters of a password (NIST SP 800-63B asks for 8; 15 where it is the only factor)."""
LONGEST: Final = 256

# RFC 9106, second recommended option, is argon2-cffi's default: 64 MiB, 3 passes, 4 lanes.
_hasher = PasswordHasher()
_nobody = _hasher.hash("nobody has this password")
_abreast = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Account:
    """One person."""

    id: int
    login: str
    name: str
    role: str
    language: str | None
    zone: str | None
    active: bool

    def may(self, right: Right) -> bool:
        """Tell whether this person has a right."""
        return self.active and may(self.role, right)

    @property
    def is_lead(self) -> bool:
        """Tell whether this person leads."""
        return self.role == Role.LEAD


class Unfit(ValueError):
    """A login, name or password that cannot be taken; the word says why."""


def account(row: Any) -> Account:
    """Return the account of a row of the table."""
    return Account(
        row.id, row.login, row.name, row.role, row.language, row.zone, row.active,
    )  # fmt: skip


async def find(connection: AsyncConnection, user_id: int) -> Account | None:
    """Return an account by its number."""
    row = (await connection.execute(select(users).where(users.c.id == user_id))).first()
    return None if row is None else account(row)


async def everybody(connection: AsyncConnection) -> list[Account]:
    """Return all accounts by name."""
    rows = await connection.execute(select(users).order_by(func.lower(users.c.name), users.c.id))
    return [account(row) for row in rows]


async def count(connection: AsyncConnection) -> int:
    """Return how many accounts there are."""
    return int(await connection.scalar(select(func.count()).select_from(users)) or 0)


async def create(
    connection: AsyncConnection, login: str, name: str, role: str, password: str | None = None
) -> int:
    """Make an account and return its number; without a password a link has to set one.

    Raises:
        Unfit: ``login``, ``name``, ``role``, ``taken`` or ``password``.
    """
    login, name = login.strip().lower(), name.strip()
    if not 2 <= len(login) <= 64 or not login.replace(".", "").replace("-", "").isalnum():  # noqa: PLR2004 - its column
        raise Unfit("login")
    if not 1 <= len(name) <= 80:  # noqa: PLR2004 - its column
        raise Unfit("name")
    if not is_role(role):
        raise Unfit("role")
    taken = await connection.scalar(select(users.c.id).where(users.c.login == login))
    if taken is not None:
        raise Unfit("taken")
    hashed = None if password is None else await hash_password(password)
    result = await connection.execute(
        insert(users).values(
            login=login, name=name, role=role, password=hashed, created=time.time_ns() // 1_000
        )
    )
    key = result.inserted_primary_key
    if key is None:
        raise RuntimeError("the database gave no number")
    return int(key[0])


async def set_password(connection: AsyncConnection, user_id: int, password: str) -> None:
    """Give an account a new password; raise :class:`Unfit` where it is none."""
    hashed = await hash_password(password)
    await connection.execute(update(users).where(users.c.id == user_id).values(password=hashed))


async def hash_password(password: str) -> str:
    """Return what is stored of a password; raise :class:`Unfit` where it is too short or long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Unfit("password")
    async with _abreast:
        return await asyncio.to_thread(_hasher.hash, password)


async def check(connection: AsyncConnection, login: str, password: str) -> Account | None:
    """Return the account if the password is its own; it takes as long where there is none."""
    query = select(users).where(users.c.login == login.strip().lower(), users.c.active)
    row = (await connection.execute(query)).first()
    stored = _nobody if row is None or row.password is None else row.password
    async with _abreast:
        fits = await asyncio.to_thread(_verify, stored, password[:LONGEST])
    return account(row) if fits and row is not None and row.password is not None else None


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
