"""Inboxes for tests, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.component.inbox.world import World, world
from tests.postgres import postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

__all__ = ["postgres"]


@pytest.fixture
async def inbox(tmp_path: Path) -> AsyncIterator[World]:
    """An inbox on SQLite, without an event yet."""
    async with world(tmp_path) as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'inbox.sqlite3'}"
    make: Callable[[], str] = request.getfixturevalue("postgres")
    return make().replace("postgresql://", "postgresql+asyncpg://")


@pytest.fixture
async def either(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    """An inbox on a database of either kind."""
    async with world(tmp_path, database_url) as found:
        yield found
