"""Figures of the whole service: never of few, never to be told apart by subtraction, no ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from rupture_watch.inbox.access.roles import Role
from rupture_watch.inbox.cases import aggregates, dossier
from rupture_watch.inbox.storage.schema import alerts
from tests.component.inbox.test_inbox_page import an_alert

if TYPE_CHECKING:
    from tests.component.inbox.world import World

DAY = 24 * 3600 * 1_000_000
NOW = 1_763_985_600_000_000
"""A Monday noon: 24 November 2025."""


async def ended(
    inbox: World, repaired: int, unrepaired: int, therapists: int, *, days_ago: int = 10
) -> None:
    people = [await inbox.person(f"t{n}", Role.THERAPIST, None) for n in range(therapists)]
    rows: list[dict[str, Any]] = []
    for number in range(repaired + unrepaired):
        state = "repaired" if number < repaired else "closed"
        reason = "recovered" if number < repaired else "unrepaired"
        changed = NOW - days_ago * DAY
        rows.append(
            an_alert(number, state=state, stage=state, reason=reason, listed=0, changed=changed,
                     since=changed - 14 * DAY)
        )  # fmt: skip
    async with inbox.database.writing() as connection:
        await connection.execute(insert(alerts), rows)
        for number, row in enumerate(rows):
            await dossier.set_owner(connection, row["ref"], people[number % therapists])


async def figures(inbox: World, now: int = NOW) -> aggregates.RepairFigures:
    async with inbox.database.reading() as connection:
        return await aggregates.repair_figures(connection, now)


@pytest.mark.parametrize(
    ("repaired", "unrepaired", "therapists", "percent"),
    [
        (6, 6, 3, 50),
        (9, 5, 4, 65),
        (4, 8, 3, None),
        (8, 4, 3, None),
        (12, 0, 3, None),
        (6, 6, 2, None),
        (0, 12, 3, None),
    ],
)
async def test_a_share_is_told_only_where_both_of_its_parts_are_of_many(
    inbox: World, repaired: int, unrepaired: int, therapists: int, percent: int | None
) -> None:
    await ended(inbox, repaired, unrepaired, therapists)
    found = await figures(inbox)
    assert found.repaired_percent == percent
    assert (found.median_days is None) == (repaired < 5 or therapists < 3)


async def test_one_case_more_today_changes_no_figure_before_the_week_is_over(
    inbox: World,
) -> None:
    await ended(inbox, 6, 6, 3)
    before = await figures(inbox)
    async with inbox.database.writing() as connection:
        await connection.execute(
            insert(alerts),
            [an_alert(99, state="repaired", stage="repaired", reason="recovered", listed=0,
                      changed=NOW, since=NOW - 90 * DAY)],
        )  # fmt: skip
        await dossier.set_owner(connection, "case-00099", 1)
    assert await figures(inbox) == before
    assert await figures(inbox, NOW + 3 * DAY) == before
    assert (await figures(inbox, NOW + 7 * DAY)).until > before.until


async def test_no_figure_is_of_a_person_a_team_or_a_filter(inbox: World) -> None:
    await ended(inbox, 6, 6, 3)
    client = await inbox.signed_in("lead", Role.LEAD)
    plain = (await client.get("/repairs")).text.split("The service as a whole")[1]
    for query in ("?mine=1", "?owner=1", "?section=Trust", "?since=0", "?q=case-00001"):
        asked = (await client.get(f"/repairs{query}")).text.split("The service as a whole")[1]
        assert asked.split("</dl>")[0] == plain.split("</dl>")[0]
    assert not any(f"T{n}" in plain.split("</dl>")[0] for n in range(3))
    therapist = await inbox.signed_in("anna", Role.THERAPIST)
    assert "The service as a whole" not in (await therapist.get("/repairs")).text


async def test_a_rules_figures_are_suppressed_alike(inbox: World) -> None:
    people = [await inbox.person(f"t{n}", Role.THERAPIST, None) for n in range(3)]
    rows = [
        an_alert(n, lead="A1" if n < 7 else "B1", since=NOW - 20 * DAY, answered="dismissed",
                 reason_code="good_sign" if n < 5 else "other")
        for n in range(11)
    ]  # fmt: skip
    async with inbox.database.writing() as connection:
        await connection.execute(insert(alerts), rows)
        for number, row in enumerate(rows):
            await dossier.set_owner(connection, row["ref"], people[number % 3])
        found = await aggregates.rule_figures(connection, NOW)
    assert found["A1"].fired == 7
    assert found["A1"].reasons == {"good_sign": 5}, "two other reasons are too few"
    assert found["B1"].fired is None
    assert found["B1"].reasons == {}
