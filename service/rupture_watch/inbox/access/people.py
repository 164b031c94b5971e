"""Accounts and the audit log from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.inbox.access import accounts, audit, signing_in
from rupture_watch.inbox.serving import open_database
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from rupture_watch.inbox.settings import InboxSettings
    from rupture_watch.settings import Settings

COMMAND = "command line"
_PROBLEMS = {
    "login": "a login is 2 to 64 letters, digits, dots and hyphens",
    "name": "a name has 1 to 80 characters",
    "role": "a role is therapist, lead, ops or auditor",
    "taken": "there is an account of this login",
}


async def add(settings: Settings, inbox: InboxSettings, login: str, name: str, role: str) -> str:
    """Add an account and return the link by which its person sets a password.

    Raises:
        InvalidSettings: login, name or role cannot be taken.
    """
    database = open_database(settings, inbox)
    try:
        await database.migrate()
        async with database.writing() as connection:
            user_id = await accounts.create(connection, login, name, role)
            token = await signing_in.make_link(connection, "password", user_id)
            await audit.append(connection, COMMAND, "added_user", user=login.lower(), role=role)
    except accounts.Unfit as unfit:
        raise InvalidSettings(_PROBLEMS[str(unfit)]) from None
    finally:
        await database.close()
    return f"{inbox.address()}/once/{token}"


async def verified(settings: Settings, inbox: InboxSettings) -> audit.Verdict:
    """Check the chain of the audit log."""
    database = open_database(settings, inbox)
    try:
        await database.migrate()
        async with database.reading() as connection:
            return await audit.verify(connection)
    finally:
        await database.close()
