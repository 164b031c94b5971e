"""A case page: what it says, what can be done there; an answer is never lost and never doubled."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from rupture_watch.contracts.reading import read
from rupture_watch.inbox.access.roles import Role
from rupture_watch.inbox.storage.schema import alerts
from rupture_watch.rulesets import load_catalogue
from tests.component.inbox.world import body_of, field_of, stories, token
from tests.waiting import until

if TYPE_CHECKING:
    import httpx

    from tests.component.inbox.world import World

CASE = "/cases/case-falling-bond"


@pytest.fixture
async def lead(inbox: World) -> httpx.AsyncClient:
    await inbox.take(stories("falling-bond"))
    # The story ends repaired; the page is about what is open.
    async with inbox.database.writing() as connection:
        await connection.execute(
            alerts.update().values(state="open", stage="new", listed=1, reason="new_evidence")
        )
    return await inbox.signed_in("berg", Role.LEAD)


def form(page: httpx.Response, action: str, **more: str) -> dict[str, str]:
    return {
        "csrf": token(page),
        "alert_id": field_of(page, "alert_id"),
        "action": action,
        "token": "one-form-of-a-page",
        **more,
    }


async def test_it_gives_the_evidence_and_says_what_would_clear_it(
    inbox: World, lead: httpx.AsyncClient
) -> None:
    page = (await lead.get(CASE)).text
    (row,) = await inbox.rows("SELECT headline, data FROM alerts")
    data = json.loads(row["data"])
    for text in (row["headline"], data["clears_when"], *data["considerations"]):
        assert text.replace("'", "&#39;") in page
    for finding in data["findings"]:
        assert finding["statement"].replace("'", "&#39;") in page
        assert f"/rules#{finding['concept']['id']}" in page
    assert "Not for emergencies; not monitored in real time." in page
    for word in ("rupture detected", "probability", "must ", "immediately"):
        assert word not in page.lower()


async def test_the_table_holds_every_rating_of_the_chart(lead: httpx.AsyncClient) -> None:
    page = (await lead.get(CASE)).text
    raw = page.split('id="chart-data">')[1].split("</script>")[0]
    chart = json.loads(raw)
    totals = next(one for one in chart["series"] if one["code"] == "total")
    assert len(totals["points"]) == 15
    table = page.split('class="sessions"')[1].split("</table>")[0]
    assert table.count("<tr>") == 15 + 1
    for point in totals["points"]:
        assert f">{point['value']:.1f}".removesuffix(".0") in table.replace(",", ".")
    assert {mark["kind"] for mark in chart["marks"]} >= {"raised", "repaired"}


@pytest.mark.parametrize(
    ("action", "stage"),
    [
        ("acknowledged", "acknowledged"),
        ("repair_opened", "repair"),
        ("repair_confirmed", "decided"),
        ("unrepaired", "decided"),
        ("reopened", "new"),
    ],
)
async def test_an_answer_is_published_as_the_contract_has_it(
    inbox: World, lead: httpx.AsyncClient, action: str, stage: str
) -> None:
    page = await lead.get(CASE)
    answer = await lead.post(f"{CASE}/decide", data=form(page, action))
    assert answer.headers["location"].endswith(f"said={action}")
    ((topic, key, value, headers),) = inbox.written
    assert (topic, key) == ("test.reviews.v1", b"case-falling-bond")
    incoming = read(key, value, headers)
    assert incoming.case == "case-falling-bond"
    assert json.loads(value) == {
        "alert_id": field_of(page, "alert_id"),
        "action": action,
        "by_role": "lead",
    }
    (row,) = await inbox.rows("SELECT stage FROM alerts")
    assert row["stage"] == stage
    after = await lead.get(answer.headers["location"])
    assert 'role="status"' in after.text
    assert "Berg" in after.text.split("What happened")[1]


async def test_a_dismissal_needs_a_reason_and_its_note_stays_here(
    inbox: World, lead: httpx.AsyncClient
) -> None:
    page = await lead.get(CASE)
    none = await lead.post(f"{CASE}/decide", data=form(page, "dismissed"))
    assert none.headers["location"].endswith("said=reason")
    wrong = await lead.post(f"{CASE}/decide", data=form(page, "dismissed", reason_code="nope"))
    assert wrong.headers["location"].endswith("said=reason")
    assert inbox.written == []
    note = "her mother fell ill"
    await lead.post(
        f"{CASE}/decide", data=form(page, "dismissed", reason_code="practical_cause", note=note)
    )
    (data,) = body_of(inbox.written)
    assert data["reason_code"] == "practical_cause"
    assert note not in str(list(inbox.written))
    after = (await lead.get(CASE)).text
    assert note in after
    assert "There was a practical cause" in after


async def test_the_same_form_sent_twice_is_one_answer(
    inbox: World, lead: httpx.AsyncClient
) -> None:
    page = await lead.get(CASE)
    data = form(page, "acknowledged")
    answers = await asyncio.gather(*(lead.post(f"{CASE}/decide", data=data) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({dict(headers)["ce_id"] for *_, headers in inbox.written}) == 1
    assert len({value for _, _, value, _ in inbox.written}) == 1
    assert len(await inbox.rows("SELECT * FROM reviews")) == 1


async def test_what_kafka_does_not_take_is_said_kept_and_sent_again_as_it_was(
    inbox: World, lead: httpx.AsyncClient
) -> None:
    inbox.written.refuses = True
    page = await lead.get(CASE)
    answer = await lead.post(f"{CASE}/decide", data=form(page, "acknowledged"))
    assert answer.headers["location"].endswith("said=waiting")
    assert "Not confirmed yet" in (await lead.get(answer.headers["location"])).text
    assert "An answer waits for Kafka" in (await lead.get(CASE)).text
    (row,) = await inbox.rows("SELECT stage FROM alerts")
    assert row["stage"] == "new", "nothing is said to be done before Kafka has it"
    (kept,) = await inbox.rows("SELECT value FROM outgoing")
    inbox.written.refuses = False
    again = asyncio.create_task(inbox.site.decisions.run())

    async def moved_on() -> bool:
        return bool((await inbox.rows("SELECT stage FROM alerts"))[0]["stage"] != "new")

    await until(moved_on)
    again.cancel()
    assert [value for _, _, value, _ in inbox.written] == [bytes(kept["value"])]
    assert "waits for Kafka" not in (await lead.get(CASE)).text


async def test_two_people_on_one_alert_see_each_other(
    inbox: World, lead: httpx.AsyncClient
) -> None:
    other = await inbox.signed_in("anna", Role.THERAPIST)
    mine, theirs = await lead.get(CASE), await other.get(CASE)
    await lead.post(f"{CASE}/decide", data=form(mine, "repair_opened"))
    late = {**form(theirs, "acknowledged"), "token": "a-form-of-another"}
    await other.post(f"{CASE}/decide", data=late)
    after = (await other.get(CASE)).text
    assert "Repair opened" in after
    assert "Acknowledged" in after
    (row,) = await inbox.rows("SELECT stage FROM alerts")
    assert row["stage"] == "repair", "an acknowledgement does not end a repair"


async def test_an_alert_of_another_case_cannot_be_answered_through_this_one(
    inbox: World, lead: httpx.AsyncClient
) -> None:
    page = await lead.get(CASE)
    data = {**form(page, "acknowledged"), "alert_id": "e" * 32}
    assert (await lead.post(f"{CASE}/decide", data=data)).status_code == 404
    assert inbox.written == []


async def test_a_case_is_handed_over_and_leaves_the_therapists_sight(inbox: World) -> None:
    await inbox.take(stories("falling-bond"))
    anna = await inbox.signed_in("anna", Role.THERAPIST)
    bert = await inbox.person("bert", Role.THERAPIST, None)
    page = await anna.get(CASE)
    taken = await anna.post(f"{CASE}/owner", data={"csrf": token(page), "user": "1"})
    assert taken.headers["location"].endswith("said=owner")
    given = await anna.post(f"{CASE}/owner", data={"csrf": token(page), "user": str(bert)})
    assert given.headers["location"] == "/"
    assert (await anna.get(CASE)).status_code == 404
    ops = await inbox.person("olaf", Role.OPS, None)
    lead = await inbox.signed_in("lead", Role.LEAD)
    csrf = token(await lead.get(CASE))
    refused = await lead.post(f"{CASE}/owner", data={"csrf": csrf, "user": str(ops)})
    assert refused.status_code == 404


async def test_any_session_can_be_asked_why_it_was_not_flagged(
    inbox: World, lead: httpx.AsyncClient
) -> None:
    del inbox
    session = "case-falling-bond-s03"
    page = (await lead.get(f"{CASE}?why={session}")).text
    answer = page.split('id="why-title"')[1].split("</section>")[0]
    assert "Nothing reached a limit." in answer
    assert "Nearest:" in answer
    unknown = (await lead.get(f"{CASE}?why=no-such-session")).text
    assert "There is no such session" in unknown


async def test_what_comes_from_outside_is_escaped(inbox: World, lead: httpx.AsyncClient) -> None:
    evil = '</script><script>alert(1)</script><img src=x onerror="alert(1)">'
    page = await lead.get(CASE)
    await lead.post(f"{CASE}/note", data={"csrf": token(page), "text": evil})
    async with inbox.database.writing() as connection:
        await connection.execute(alerts.update().values(headline=evil))
    for path in (CASE, "/", f"{CASE}/sheet", f"/?q={evil}"):
        text = (await lead.get(path)).text
        assert "<script>alert" not in text, path
        assert "<img" not in text, path


async def test_unknown_and_impossible_references_are_simply_not_there(
    lead: httpx.AsyncClient,
) -> None:
    for ref in ("unknown", "a" * 65, "a b", "%2e%2e%2fetc", "ä", "a%00b"):
        answer = await lead.get(f"/cases/{ref}")
        assert answer.status_code == 404, ref


def test_the_catalogue_speaks_of_every_rule_that_a_card_can_name() -> None:
    assert {"A1", "B1", "K2"} <= set(load_catalogue().by_id)
