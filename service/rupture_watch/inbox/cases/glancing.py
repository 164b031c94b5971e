"""Keeps the glances of cases up with their facts, beside the page and without hurry."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, update

from rupture_watch.inbox.cases.glance import glances
from rupture_watch.inbox.cases.stage import OPEN_STAGES
from rupture_watch.inbox.storage.schema import alerts, cases, facts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from rupture_watch.inbox.cases.judges import Judges
    from rupture_watch.inbox.storage.database import Database

log = logging.getLogger(__name__)

AT_ONCE: Final = 40
"""Cases of one turn: what their facts take in memory, and for how long a newer one waits."""
IDLE: Final = 2.0
"""Seconds between two looks for cases whose facts changed."""


class Glancing:
    """Looks at cases whose facts changed; those with an open alert come first.

    Args:
        database: where facts and glances are.
        judges: do the judging.
        ruleset: by which rules, as in the settings.
    """

    def __init__(
        self,
        database: Database,
        judges: Judges,
        ruleset: str | None,
    ) -> None:
        self._database = database
        self._judges = judges
        self._ruleset = ruleset
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Say that facts have changed."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._wake.clear()
            try:
                while await self.turn():
                    pass
            except OSError as error:
                log.warning("glances wait", extra={"error": type(error).__name__})
            try:
                await asyncio.wait_for(self._wake.wait(), IDLE)
            except TimeoutError:
                continue

    async def turn(self) -> int:
        """Look at some cases; return how many."""
        async with self._database.reading() as connection:
            refs = await _dirty(connection)
            if not refs:
                return 0
            clock = await stream_time(connection)
            lines = await lines_of(connection, refs)
        async with self._database.writing() as connection:
            # Before judging: facts that come meanwhile make the case dirty again.
            await connection.execute(update(cases).where(cases.c.ref.in_(refs)).values(dirty=False))
        found = await self._judges.run(
            glances, self._ruleset, [(ref, lines.get(ref, [])) for ref in refs], clock
        )
        async with self._database.writing() as connection:
            for one in found:
                await connection.execute(
                    update(cases)
                    .where(cases.c.ref == one.ref)
                    .values(glance=one.text, next_start=one.next_start, noted=one.noted)
                )
        return len(refs)


async def _dirty(connection: AsyncConnection) -> list[str]:
    open_here = (
        select(alerts.c.ref)
        .where(alerts.c.ref == cases.c.ref, alerts.c.stage.in_(OPEN_STAGES))
        .exists()
    )
    for condition in (open_here, None):
        query = select(cases.c.ref).where(cases.c.dirty)
        if condition is not None:
            query = query.where(condition)
        rows = (await connection.execute(query.limit(AT_ONCE))).scalars().all()
        if rows:
            return list(rows)
    return []


async def stream_time(connection: AsyncConnection) -> int:
    """Return until when time has passed for the stream: the latest time of recording."""
    newest: int | None = await connection.scalar(select(func.max(facts.c.recorded)))
    return newest or 0


async def lines_of(connection: AsyncConnection, refs: list[str]) -> dict[str, list[bytes]]:
    """Return the stored events of cases."""
    rows = await connection.execute(select(facts.c.ref, facts.c.line).where(facts.c.ref.in_(refs)))
    found: dict[str, list[bytes]] = {}
    for ref, line in rows:
        found.setdefault(ref, []).append(bytes(line))
    return found
