"""Rules as cards; a change tried on what is stored; a version published."""

from __future__ import annotations

import html
import json
import tomllib
from typing import TYPE_CHECKING

from rupture_watch.contracts.reading import Reader
from rupture_watch.inbox.access.roles import Role
from rupture_watch.inbox.rules import drafting
from rupture_watch.operations.backtest import CaseLog, as_json, compare
from rupture_watch.rulesets import load_catalogue, parse
from tests.component.inbox.world import token
from tests.inbox_records import record, simulated, told
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.component.inbox.world import World


async def done(client: httpx.AsyncClient, address: str) -> str:
    async def judged() -> bool:
        return "judged anew" not in (await client.get(address)).text

    await until(judged, limit=50)
    return (await client.get(address)).text


async def test_every_concept_stands_there_with_its_numbers_and_their_sources(
    inbox: World,
) -> None:
    client = await inbox.signed_in("lead", Role.LEAD)
    page = html.unescape((await client.get("/rules")).text)
    _, entries = drafting.active(None)
    assert len(entries) > 50
    for entry in entries:
        assert f'id="{entry.id}"' in page
        assert entry.concept in page
        for number in entry.numbers:
            assert (number.source or "default") in page
    therapist = await inbox.signed_in("anna", Role.THERAPIST)
    assert "Try the changes" not in (await therapist.get("/rules")).text


async def test_a_change_is_tried_as_the_command_would_and_then_published(
    inbox: World, tmp_path: Path
) -> None:
    lines = [*simulated(12, 16, 4), *told()]
    await inbox.take(record(lines))
    client = await inbox.signed_in("lead", Role.LEAD)
    page = await client.get("/rules")
    form = {"csrf": token(page), "I3.load": "30", "I3.heavy_load": "50", "J3.enabled": "0",
            "A1.z": "-2.0"}  # fmt: skip
    answer = await client.post("/rules/try", data=form)
    address = answer.headers["location"]
    text = await done(client, address)
    assert "I3.load = 30" in text
    assert "A1.z" not in text

    events = tmp_path / "events.jsonl"
    events.write_bytes(b"".join(line + b"\n" for line in lines))
    draft = tmp_path / "draft.toml"
    (row,) = await inbox.rows("SELECT text, result FROM backtests")
    draft.write_text(row["text"])
    active, new = load_catalogue(), load_catalogue(draft)
    readers = [Reader(one.ruleset.registry) for one in (active, new)]
    expected = as_json(compare(CaseLog.read(events, readers), active, new))
    result = json.loads(row["result"])
    assert result["now"]["alarms"] == expected["old"]["alarms"] > 0
    assert result["sides"][0]["alarms"] == expected["new"]["alarms"] < expected["old"]["alarms"]
    assert result["alarms"] == expected["alarms"]
    assert f"It would have asked {expected['new']['alarms']} times" in text

    name = {"csrf": token(await client.get(address)), "backtest": address.rpartition("/")[2],
            "name": "evenings", "version": "1.1.0"}  # fmt: skip
    short = await client.post("/rules/publish", data={**name, "why": "so"})
    assert short.headers["location"].endswith("problem=named")
    why = "Too many questions about the frame."
    published = await client.post("/rules/publish", data={**name, "why": why})
    assert published.headers["location"] == "/rules?said=published"
    again = await client.post("/rules/publish", data={**name, "why": why})
    assert again.headers["location"].endswith("problem=taken")
    file = tmp_path / "rulesets" / "evenings-1.1.0.toml"
    ruleset = parse(file.read_text())
    assert (ruleset.name, ruleset.version) == ("evenings", "1.1.0")
    assert ruleset.content["rules"]["I3"]["load"] == 30
    assert "J3" not in load_catalogue(file).by_id
    page = await client.get("/rules")
    assert "evenings 1.1.0" in page.text
    link = page.text.split('href="/rules/versions/')[1].split('"')[0]
    assert (await client.get(f"/rules/versions/{link}")).text == file.read_text()
    (entry,) = await inbox.rows("SELECT actor, detail FROM audit WHERE action = 'published_rules'")
    assert entry["actor"] == "lead"
    assert json.loads(entry["detail"])["why"] == why


async def test_what_is_no_number_or_no_change_is_said_and_kept_in_the_form(inbox: World) -> None:
    client = await inbox.signed_in("lead", Role.LEAD)
    csrf = token(await client.get("/rules"))
    wrong = await client.post("/rules/try", data={"csrf": csrf, "A1.z": "low"})
    assert wrong.status_code == 422
    assert "A1.z is no number" in wrong.text
    assert 'value="low"' in wrong.text
    for value in ("nan", "inf"):
        answer = await client.post("/rules/try", data={"csrf": csrf, "A1.z": value})
        assert answer.status_code == 422
    nothing = await client.post("/rules/try", data={"csrf": csrf, "A1.z": "-2"})
    assert "No number differs" in nothing.text
    assert await inbox.rows("SELECT * FROM backtests") == []


async def test_a_run_that_another_process_left_is_said_to_have_failed(inbox: World) -> None:
    client = await inbox.signed_in("lead", Role.LEAD)
    async with inbox.database.writing() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO backtests (id, user_id, label, text, status, created)"
            " VALUES ('x', 1, 'l', 't', 'running', 1)"
        )
    assert "judged anew" in (await client.get("/rules/try/x")).text
    await inbox.site.backtests.give_up_on_old()
    assert "could not be finished" in (await client.get("/rules/try/x")).text


def test_a_draft_is_written_as_it_is_read() -> None:
    content = {
        "extends": "default", "name": 'a "b"', "version": "1.0.0", "only": ["A1", "A4"],
        "engine": {"strain_limit": -1.5, "strain": "filter"},
        "rules": {"A1": {"z": -2.5, "enabled": True}, "B1": {"points": {"jump": 2}}, "C1": {}},
    }  # fmt: skip
    assert tomllib.loads(drafting.written(content)) == content
