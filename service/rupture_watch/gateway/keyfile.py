"""The file of pseudonymisation keys: TOML, one table a key, kept as secret as the patients' names.

``rupture-watch keys pseudonym`` prints such a table. To rotate: add a key with a later ``since`` to
every gateway's file, restart them before that moment, and leave the older keys where they are (see
``mapping.pseudonyms``: running cases keep theirs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from rupture_watch.contracts.wire import microseconds
from rupture_watch.gateway.mapping.pseudonyms import Key
from rupture_watch.gateway.tables import read_table
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

SECRET_BYTES: Final = 32


class InvalidKeys(InvalidSettings):
    """The key file cannot be used; the line names the field, never a secret. Exit code 78."""


class _Key(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    secret: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64,256}$")]
    since: AwareDatetime


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    key: Annotated[list[_Key], Field(min_length=1, max_length=16)]


def load(file: Path) -> list[Key]:
    """Return the keys of a file.

    Raises:
        InvalidKeys: unreadable, not TOML, or a key that is too short or named twice.

    """
    content = read_table(file, _File, "keys", InvalidKeys)
    names = [one.name for one in content.key]
    if len(set(names)) != len(names):
        raise InvalidKeys("keys: two keys of one name")
    return [
        Key(one.name, bytes.fromhex(one.secret), microseconds(one.since.isoformat()))
        for one in content.key
    ]


def stanza(name: str, secret: bytes, since: dt.datetime) -> str:
    """Return one key as it stands in a file."""
    return (
        f'[[key]]\nname = "{name}"\nsecret = "{secret.hex()}"\n'
        f"since = {since.isoformat(timespec='seconds')}\n"
    )
