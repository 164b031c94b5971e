"""The end of everything that is known of a case, where its end was recorded as erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select, update

from rupture_watch.inbox.storage import local_schema, schema
from rupture_watch.inbox.storage.database import upsert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from sqlalchemy.ext.asyncio import AsyncConnection

    from rupture_watch.inbox.projection.incoming import Batch

DAY: Final = 24 * 3600 * 1000
"""Milliseconds."""
REMEMBERED: Final = 35 * DAY
"""As long as late events of an erased case may come, as the engine has it."""
KEPT: Final = 500 * DAY
"""Longer than the alerts topic keeps what a rebuild would read again."""

_OF_A_CASE: Final = (
    schema.alerts, schema.changes, schema.reviews, schema.facts, schema.cases,
    local_schema.owners, local_schema.reads, local_schema.notes, local_schema.outgoing,
)  # fmt: skip


class Erasing:
    """Which cases are erased, and until when what still comes of them is dropped."""

    def __init__(self, until: Mapping[str, int]) -> None:
        self._until = until

    @classmethod
    async def begin(cls, connection: AsyncConnection, batch: Batch) -> Erasing:
        """Erase the cases of which a batch says so; return what to drop from it."""
        ends = dict(batch.erased)
        ends |= {one.ref: one.received for one in batch.standings if one.standing is None}
        if ends:
            await _erase(connection, ends)
        refs = {
            *(one.ref for one in batch.facts),
            *(one.ref for one in batch.alerts),
            *(one.ref for one in batch.standings),
        }
        rows = await connection.execute(select(schema.erasures.c.ref, schema.erasures.c.time))
        return cls({ref: time + REMEMBERED for ref, time in rows if ref in refs})

    def left(self, batch: Batch, canary_prefix: str) -> Batch:
        """Return a batch without what belongs to erased and to synthetic cases."""

        def is_kept(ref: str, received: int) -> bool:
            return not ref.startswith(canary_prefix) and received >= self._until.get(ref, 0)

        batch.facts = [one for one in batch.facts if is_kept(one.ref, one.received)]
        batch.reviews = [one for one in batch.reviews if is_kept(one.ref, one.received)]
        batch.alerts = [one for one in batch.alerts if is_kept(one.ref, one.received)]
        batch.standings = [one for one in batch.standings if is_kept(one.ref, one.received)]
        return batch


async def _erase(connection: AsyncConnection, ends: Mapping[str, int]) -> None:
    refs = list(ends)
    rows: list[dict[str, Any]] = [{"ref": ref, "time": time} for ref, time in ends.items()]
    await upsert(connection, schema.erasures, rows)
    for table in _OF_A_CASE:
        await connection.execute(delete(table).where(table.c.ref.in_(refs)))
    await _forget_in_audit(connection, refs)
    oldest = max(ends.values()) - KEPT
    await connection.execute(delete(schema.erasures).where(schema.erasures.c.time < oldest))


async def _forget_in_audit(connection: AsyncConnection, refs: Iterable[str]) -> None:
    """Take the reference out of the audit log; its salted digest stays, so the chain holds."""
    audit = local_schema.audit
    await connection.execute(
        update(audit).where(audit.c.subject.in_(list(refs))).values(subject=None, salt=None)
    )
