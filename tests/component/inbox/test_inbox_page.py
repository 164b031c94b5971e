"""The inbox as its readers meet it: parts, filters, pages, and what an empty one says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, insert

from rupture_watch.inbox.access import accounts
from rupture_watch.inbox.access.roles import Role
from rupture_watch.inbox.cases import dossier, listing
from rupture_watch.inbox.cases.listing import Cursor, Filters
from rupture_watch.inbox.storage.schema import alerts, cases
from tests.component.inbox.world import field_of, stories, token

if TYPE_CHECKING:
    import httpx

    from tests.component.inbox.world import World


def an_alert(number: int, **said: Any) -> dict[str, Any]:
    severity = said.pop("severity", 2 + number % 3)
    return {
        "alert_id": f"{number:032x}", "ref": f"case-{number:05d}", "revision": 1, "state": "open",
        "reason": "new", "stage": "new", "listed": 1 if severity > 2 else 2, "severity": severity,
        "lead": "A1", "section": "Introduction", "headline": f"headline {number}",
        "since": 1_700_000_000_000_000 + (number % 7) * 1_000_000, "changed": 1, "received": number,
        "data": '{"findings": []}', **said,
    }  # fmt: skip


async def fill(inbox: World, rows: list[dict[str, Any]]) -> None:
    async with inbox.database.writing() as connection:
        await connection.execute(insert(alerts), rows)
        await connection.execute(
            insert(cases), [{"ref": row["ref"], "dirty": False} for row in rows]
        )


def refs(page: httpx.Response) -> list[str]:
    return re.findall(r'data-case="([^"]+)"', page.text)


async def test_what_is_gravest_stands_first_and_newest_first_among_equals(either: World) -> None:
    await fill(either, [an_alert(number) for number in range(12)])
    client = await either.signed_in("lead", Role.LEAD)
    page = await client.get("/")
    expected = sorted(
        (an_alert(number) for number in range(12)),
        key=lambda a: (-(a["severity"] > 2), -a["severity"], -a["since"], a["alert_id"]),
    )
    found = refs(page)
    assert [a["severity"] for a in expected] == [2 + int(ref[-5:]) % 3 for ref in found]
    assert sorted(found) == sorted(a["ref"] for a in expected)
    assert page.text.index("Discuss before the next session <span") < page.text.index("Watch <span")


async def test_the_pages_of_a_part_hold_every_alert_once(either: World) -> None:
    await fill(either, [an_alert(number, severity=3 + number % 2) for number in range(83)])
    client = await either.signed_in("lead", Role.LEAD)
    found: list[str] = []
    address = "/"
    for _ in range(4):
        page = await client.get(address)
        found += refs(page)
        further = re.search(r'href="(/\?[^"]*part=discuss[^"]*)"', page.text)
        if further is None:
            break
        address = further[1].replace("&amp;", "&")
    assert len(found) == 83
    assert len(set(found)) == 83


async def test_filters_are_in_the_address_and_combine(inbox: World) -> None:
    await fill(
        inbox,
        [
            an_alert(1, severity=4, section="Trust"),
            an_alert(2, severity=3, section="Trust", stage="acknowledged"),
            an_alert(3, severity=3, section="Dialogue"),
            an_alert(4, severity=2, section="Trust"),
            an_alert(5, severity=3, stage="repair", listed=3),
            an_alert(6, severity=3, stage="retracted", state="retracted", listed=0),
        ],
    )
    client = await inbox.signed_in("lead", Role.LEAD)
    for query, expected in {
        "": [1, 2, 3, 4, 5],
        "section=Trust": [1, 2, 4],
        "section=Trust&severity=3": [2],
        "state=acknowledged": [2],
        "state=new": [1, 3, 4],
        "state=repair": [5],
        "state=ended": [6],
        "due=1": [1],
        "q=case-00003": [3],
        "q=case-0000": [1, 2, 3, 4, 5],
        "mine=1": [],
        "state=nonsense&section=nonsense": [1, 2, 3, 4, 5],
    }.items():
        found = refs(await client.get(f"/?{query}"))
        assert sorted(int(ref[-5:]) for ref in found) == expected, query


async def test_search_finds_cases_in_which_nothing_is_open(inbox: World) -> None:
    await inbox.take(stories("nobody-called"))
    async with inbox.database.writing() as connection:
        await connection.execute(alerts.update().values(listed=0, stage="closed", state="closed"))
    client = await inbox.signed_in("lead", Role.LEAD)
    page = await client.get("/?q=case-nob")
    assert "Nothing is open in these cases" in page.text
    assert 'href="/cases/case-nobody-called"' in page.text
    assert "Nothing fits" in (await client.get("/?q=100%25_")).text


async def test_an_empty_inbox_says_when_something_last_came(inbox: World) -> None:
    client = await inbox.signed_in("lead", Role.LEAD)
    page = await client.get("/")
    assert "Nothing needs you now" in page.text
    assert "No event has come in yet." in page.text
    assert "silence proves little" in page.text
    tape = stories("late-correction")
    await inbox.projector.take([one for one in tape.records if "alerts" not in one.topic])
    canary = [one._replace(key=b"canary-1") for one in tape.records if "cases" in one.topic]
    await inbox.projector.take([one._replace(offset=one.offset + 100) for one in canary])
    page = await client.get("/")
    assert "The last event came in" in page.text
    assert "A test case went through the whole service" in page.text


async def test_a_therapist_sees_own_cases_first_then_nobodys_and_no_others(inbox: World) -> None:
    await fill(inbox, [an_alert(number, severity=3) for number in range(6)])
    anna = await inbox.signed_in("anna", Role.THERAPIST)
    await inbox.person("bert", Role.THERAPIST, None)
    people = {row["login"]: row["id"] for row in await inbox.rows("SELECT id, login FROM users")}
    async with inbox.database.writing() as connection:
        for ref, owner in (("case-00000", "anna"), ("case-00003", "anna"), ("case-00005", "bert")):
            await dossier.set_owner(connection, ref, people[owner])
    page = await anna.get("/")
    found = refs(page)
    assert set(found[:2]) == {"case-00000", "case-00003"}
    assert set(found[2:]) == {"case-00001", "case-00002", "case-00004"}
    assert refs(await anna.get("/?mine=1")) == found[:2]
    searched = await anna.get("/?q=case-00005")
    assert refs(searched) == []
    assert 'href="/cases/case-00005' not in searched.text
    assert (await anna.get("/cases/case-00005")).status_code == 404
    csrf = token(page)
    decision = {"csrf": csrf, "alert_id": f"{5:032x}", "action": "acknowledged",
                "token": "a-token-of-a-form"}  # fmt: skip
    answer = await anna.post("/cases/case-00005/decide", data=decision)
    assert answer.status_code == 404
    assert inbox.written == []
    lead = await inbox.signed_in("lead", Role.LEAD)
    assert len(refs(await lead.get("/"))) == 6


async def test_reading_is_each_persons_own_and_new_evidence_is_marked(inbox: World) -> None:
    await fill(inbox, [an_alert(1, severity=3)])
    one, other = await inbox.signed_in("one", Role.LEAD), await inbox.signed_in("two", Role.LEAD)
    assert 'class="row unread"' in (await one.get("/")).text
    await one.get("/cases/case-00001")
    assert 'class="row"' in (await one.get("/")).text
    assert 'class="row unread"' in (await other.get("/")).text
    async with inbox.database.writing() as connection:
        await connection.execute(alerts.update().values(revision=2))
    assert "New evidence" in (await one.get("/")).text
    assert "New evidence" not in (await other.get("/")).text


async def test_an_answer_from_the_inbox_leads_back_to_the_same_filters(inbox: World) -> None:
    await inbox.take(stories("falling-bond", "sudden-compliance"))
    client = await inbox.signed_in("lead", Role.LEAD)
    page = await client.get("/?state=new")
    before = refs(page)
    names = ("csrf", "alert_id", "action", "token", "back", "query")
    answer = await client.post(
        f"/cases/{before[0]}/decide", data={name: field_of(page, name) for name in names}
    )
    assert answer.headers["location"] == "/?state=new"
    assert refs(await client.get("/?state=new")) == before[1:]
    assert before[0] in refs(await client.get("/?state=acknowledged"))


async def test_what_changed_since_a_page_was_made_is_counted_for_its_reader(inbox: World) -> None:
    await fill(
        inbox,
        [
            an_alert(1, received=100),
            an_alert(2, received=200),
            an_alert(3, received=300, listed=0, state="retracted", stage="retracted"),
            an_alert(4, received=400, reason="acknowledged"),
        ],
    )
    lead = await inbox.person("lead", Role.LEAD, None)
    anna = await inbox.person("anna", Role.THERAPIST, None)
    async with inbox.database.writing() as connection:
        await dossier.set_owner(connection, "case-00002", lead)
        people = {one.id: one for one in await accounts.everybody(connection)}
        assert await listing.news(connection, people[lead], 100) == (1, 2)
        assert await listing.news(connection, people[anna], 100) == (0, 1)
        assert await listing.news(connection, people[lead], 500) == (0, 0)
        assert await listing.news(connection, people[lead], 0, "case-00003") == (0, 1)


async def test_the_first_page_of_many_needs_no_sorting(inbox: World) -> None:
    await inbox.person("lead", Role.LEAD, None)
    async with inbox.database.writing() as connection:
        account = (await accounts.everybody(connection))[0]
        statements: list[str] = []
        event.listen(
            inbox.database.engine.sync_engine,
            "before_cursor_execute",
            lambda _c, _cu, statement, parameters, _x, _m: statements.append(
                str(statement).replace("?", "{}").format(*map(repr, parameters))
            ),
        )
        await listing.part(
            connection, account, Filters(), "discuss", 1, Cursor(4, 1_700_000_000_000_000, "f" * 32)
        )
        query = next(one for one in statements if "ORDER BY" in one)
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")
        steps = [str(row.detail) for row in plan]
    assert any("USING INDEX ix_alerts_list" in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps
