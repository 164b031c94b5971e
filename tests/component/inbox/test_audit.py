"""The audit log: a chain in which nothing can be changed, taken out or put in unnoticed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from rupture_watch.inbox.access import audit
from rupture_watch.inbox.access.roles import Role
from tests.component.inbox.world import field_of, stories, token

if TYPE_CHECKING:
    from pathlib import Path

    from tests.component.inbox.world import World


async def fill(inbox: World, rows: int = 5) -> None:
    async with inbox.database.writing() as connection:
        for number in range(rows):
            await audit.append(connection, "anna", "viewed_case", f"case-{number}", page=number)


async def verdict(inbox: World) -> audit.Verdict:
    async with inbox.database.reading() as connection:
        return await audit.verify(connection)


async def test_an_untouched_chain_holds_on_either_database(either: World) -> None:
    await fill(either, 7)
    found = await verdict(either)
    assert (found.rows, found.fault) == (7, None)


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("UPDATE audit SET actor = 'bob' WHERE seq = 3", 3),
        ("UPDATE audit SET action = 'noted' WHERE seq = 1", 1),
        ("UPDATE audit SET detail = '{}' WHERE seq = 4", 4),
        ("UPDATE audit SET time = time + 1 WHERE seq = 5", 5),
        ("UPDATE audit SET subject = 'case-9' WHERE seq = 2", 2),
        ("UPDATE audit SET subject = 'case-9', salt = NULL WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("UPDATE audit SET seq = 9 WHERE seq = 5", 5),
    ],
)
async def test_a_change_is_found_where_it_was_made(inbox: World, change: str, row: int) -> None:
    await fill(inbox)
    async with inbox.database.writing() as connection:
        await connection.execute(text(change))
    found = await verdict(inbox)
    assert found.fault is not None
    assert found.fault.seq == row


async def test_every_view_and_action_is_in_it_without_what_people_wrote(inbox: World) -> None:
    await inbox.take(stories("falling-bond"))
    client = await inbox.signed_in("berg", Role.LEAD)
    case = "/cases/case-falling-bond"
    page = await client.get(case)
    await client.post(f"{case}/note", data={"csrf": token(page), "text": "she said so herself"})
    await client.post(
        f"{case}/decide",
        data={"csrf": token(page), "alert_id": field_of(page, "alert_id"), "action": "dismissed",
              "reason_code": "good_sign", "token": "a-token-of-a-form", "note": "private words"},
    )  # fmt: skip
    await client.post(f"{case}/owner", data={"csrf": token(page), "user": "1"})
    await client.get(f"{case}/sheet")
    await client.get("/cases/case-unknown")
    rows = await inbox.rows("SELECT actor, action, subject, detail FROM audit ORDER BY seq")
    assert [row["action"] for row in rows] == [
        "viewed_case", "noted", "decided", "handed_over", "printed",
    ]  # fmt: skip
    assert {(row["actor"], row["subject"]) for row in rows} == {("berg", "case-falling-bond")}
    assert "said so" not in str(rows)
    assert "private" not in str(rows)
    assert "good_sign" in rows[2]["detail"]


async def test_an_auditor_reads_and_checks_it(inbox: World) -> None:
    await fill(inbox, 120)
    client = await inbox.signed_in("ada", Role.AUDITOR)
    page = await client.get("/audit?check=1")
    assert "All 120 rows hold" in page.text
    assert "case-119" in page.text
    earlier = await client.get("/audit?before=21")
    assert "case-19" in earlier.text
    assert "case-20<" not in earlier.text


async def test_the_command_line_checks_it_too(inbox: World, tmp_path: Path) -> None:
    await fill(inbox)
    environment = {**os.environ, "RUPTURE_WATCH_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "rupture_watch", "audit", "verify"]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=50
        )

    holds = run()
    assert (holds.returncode, holds.stdout[:11]) == (0, "5 rows hold"), holds.stderr
    async with inbox.database.writing() as connection:
        await connection.execute(text("UPDATE audit SET actor = 'bob' WHERE seq = 2"))
    broken = run()
    assert (broken.returncode, broken.stderr) == (1, "row 2: it was changed\n")
