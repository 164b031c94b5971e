"""The gateway's optional packages, and what to say where they are missing."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from rupture_watch.settings import InvalidSettings

PACKAGES: Final = ("cryptography", "defusedxml", "fastapi", "joserfc", "uvicorn")


class MissingExtra(InvalidSettings):
    """An optional part of the service is not installed. Exit code 78."""


def require() -> None:
    """Raise :class:`MissingExtra` with the remedy where a package of the extra is missing."""
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if absent:
        raise MissingExtra(f"{absent[0]} is missing: pip install 'rupture-watch[gateway]'")
