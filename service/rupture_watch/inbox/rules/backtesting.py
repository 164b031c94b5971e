"""A change of rules, tried on the stored facts: beside the page, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from rupture_watch.contracts.reading import Reader
from rupture_watch.inbox.access.signing_in import now
from rupture_watch.inbox.storage.local_schema import backtests
from rupture_watch.inbox.storage.schema import facts
from rupture_watch.operations.backtest import CaseLog, as_json, compare
from rupture_watch.rulesets import load_catalogue, read_text

if TYPE_CHECKING:
    from rupture_watch.inbox.cases.judges import Judges
    from rupture_watch.inbox.storage.database import Database

log = logging.getLogger(__name__)

Plain = dict[str, Any]

SIDES: Final = ("strict", "lenient")
"""Criteria that are always shown beside a draft."""
LISTED: Final = 60
"""Changed alarms that are named one by one."""
CHUNK: Final = 2_000


class Backtests:
    """Runs drafts over the stored facts, one after the other.

    Args:
        database: where facts and results are.
        judges: do the judging.
        ruleset: the active rules, as in the settings.
        folder: where the facts are laid out for a run.
    """

    def __init__(
        self, database: Database, judges: Judges, ruleset: str | None, folder: Path
    ) -> None:
        self._database = database
        self._judges = judges
        self._ruleset = ruleset
        self._folder = folder
        self._one = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, user_id: int, label: str, text: str) -> str:
        """Begin a run and return its name."""
        name = secrets.token_hex(8)
        async with self._database.writing() as connection:
            await connection.execute(
                insert(backtests).values(
                    id=name,
                    user_id=user_id,
                    label=label[:120],
                    text=text,
                    status="running",
                    created=now(),
                )
            )
        task = asyncio.create_task(self._run(name, text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return name

    async def find(self, name: str) -> Plain | None:
        """Return a run; ``result`` is there once it is done."""
        async with self._database.reading() as connection:
            row = (
                (await connection.execute(select(backtests).where(backtests.c.id == name)))
                .mappings()
                .first()
            )
        if row is None:
            return None
        return {**row, "result": json.loads(row["result"]) if row["result"] else None}

    async def give_up_on_old(self) -> None:
        """Say of runs that an earlier process left that they failed."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(backtests).where(backtests.c.status == "running").values(status="failed")
            )

    async def close(self) -> None:
        """Stop what runs."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, name: str, text: str) -> None:
        try:
            async with self._one:
                with TemporaryDirectory(dir=self._folder, prefix="backtest-") as folder:
                    path = Path(folder)
                    await self._lay_out(path / "events.jsonl")
                    (path / "draft.toml").write_text(text, "utf-8")
                    (path / "active.toml").write_text(read_text(self._ruleset), "utf-8")
                    result = await self._judges.run(tried, folder)
            status = "done"
        except Exception as error:  # noqa: BLE001 - whatever it is, the page has to say so
            log.warning("a backtest failed", extra={"error": type(error).__name__})
            status, result = "failed", None
        async with self._database.writing() as connection:
            await connection.execute(
                update(backtests).where(backtests.c.id == name).values(status=status, result=result)
            )

    async def _lay_out(self, path: Path) -> None:
        """Write all stored facts to a file, in the order in which they were recorded."""
        query = select(facts.c.line).order_by(facts.c.recorded)
        with path.open("wb") as file:
            async with self._database.reading() as connection:
                rows = await connection.stream(query)
                async for part in rows.scalars().partitions(CHUNK):
                    file.writelines(bytes(line) + b"\n" for line in part)


def tried(folder: str) -> str:
    """Compare the active rules with a draft, and with the strict and lenient ones; as JSON."""
    path = Path(folder)
    active = load_catalogue(path / "active.toml")
    new = load_catalogue(path / "draft.toml")
    readers = [Reader(one.ruleset.registry) for one in (active, new)]
    events = CaseLog.read(path / "events.jsonl", readers)
    found = as_json(compare(events, active, new))
    sides = [_side(found)]
    for name in SIDES:
        other = as_json(compare(events, active, load_catalogue(name)))
        sides.append(_side(other))
    return json.dumps(
        {
            "log": found["log"],
            "now": found["old"],
            "sides": sides,
            "alarms": found["alarms"],
            "reviewed": found["reviewed"],
            "changes": found["changes"][:LISTED],
            "more": max(0, len(found["changes"]) - LISTED),
            "missed": [
                one for one in found["changes"]
                if one["answer"] == "repaired" and one["change"] == "vanished"
            ],
        }
    )  # fmt: skip


def _side(found: Plain) -> Plain:
    reviewed = found["reviewed"]
    return {
        **found["new"],
        "dismissed": _share(reviewed["dismissed"]),
        "repaired": _share(reviewed["repaired"]),
    }


def _share(fates: Plain) -> Plain:
    return {"vanish": fates["vanishes"], "of": fates["vanishes"] + fates["stays"]}
