"""The read model against what was published: complete, idempotent, and erased where it must be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import select

from rupture_watch.contracts.topics import Channel
from rupture_watch.inbox.access import audit
from rupture_watch.inbox.storage import schema
from rupture_watch.operations.replay import Replay
from rupture_watch.rulesets import load_catalogue
from tests.component.inbox.world import stories
from tests.inbox_records import DAY, JANUARY, Tape, record, simulated, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.contracts.findings import Standing
    from tests.component.inbox.world import World

TABLES = (
    schema.alerts, schema.changes, schema.reviews, schema.facts, schema.sources, schema.positions,
)  # fmt: skip


async def dump(inbox: World) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    async with inbox.database.reading() as connection:
        for table in TABLES:
            rows = await connection.execute(select(table).order_by(*table.primary_key.columns))
            found[table.name] = [
                {k: bytes(v) if isinstance(v, memoryview) else v for k, v in row.items()}
                for row in rows.mappings()
            ]
    return found


def standings(lines: Iterable[bytes]) -> dict[str, Standing]:
    run = Replay(load_catalogue())
    for line in lines:
        list(run.feed(line))
    list(run.finish())
    return {
        alert["alert_id"]: alert
        for case in map(msgspec.json.decode, run.cases)
        for alert in case["alerts"]
    }


async def test_every_alert_is_there_as_the_standing_of_its_case_has_it(either: World) -> None:
    lines = [*simulated(25, 20, 3), *told()]
    await either.take(record(lines))
    expected = standings(lines)
    rows = await either.rows("SELECT alert_id, state, severity, headline, data FROM alerts")
    told_ones = {row["alert_id"]: row for row in rows if row["state"] != "retracted"}
    historic = {i for i, one in expected.items() if i not in told_ones}
    assert len(told_ones) > 10
    assert all(expected[i]["state"] == "closed" for i in historic)
    for alert_id, row in told_ones.items():
        assert row["state"] == expected[alert_id]["state"]
        assert row["severity"] == expected[alert_id]["severity"]
        assert row["headline"] == expected[alert_id]["headline"]
        ours = json.loads(row["data"])["findings"]
        theirs = expected[alert_id]["findings"]
        standing = [one["statement"] for one in ours if one["status"] != "withdrawn"]
        assert standing == [one["statement"] for one in theirs]


async def test_what_is_read_twice_or_in_other_batches_leads_to_the_same_rows(
    either: World, inbox: World
) -> None:
    tape = stories()
    await either.take(tape)
    once = await dump(either)
    await either.projector.take(tape.records[: len(tape.records) // 2])
    await either.projector.take(tape.records)
    assert await dump(either) == once
    for one in tape.records:
        await inbox.projector.take([one])
    assert await dump(inbox) == once


async def test_a_batch_that_fails_leaves_neither_rows_nor_positions(
    inbox: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = stories("falling-bond")
    with monkeypatch.context() as patched:
        patched.setattr(
            "rupture_watch.inbox.projection.projecting._write_standings",
            lambda *_: (_ for _ in ()).throw(OSError("disk")),
        )
        with pytest.raises(OSError, match="disk"):
            await inbox.projector.take(tape.records)
    assert all(rows == [] for rows in (await dump(inbox)).values())
    await inbox.take(tape)
    assert len(await inbox.rows("SELECT * FROM alerts")) == 1


async def test_an_older_revision_changes_nothing(inbox: World) -> None:
    tape = stories("falling-bond")
    await inbox.take(tape)
    before = (await dump(inbox))["alerts"]
    first = next(one for one in tape.records if one.topic.endswith("alerts.v1"))
    tape.records.clear()
    tape.write(Channel.ALERTS, first.key, first.value, first.headers, first.timestamp)
    await inbox.take(tape)
    assert (await dump(inbox))["alerts"] == before


def a_review(tape: Tape, alert_id: str, action: str, name: str, at: int) -> None:
    data = {"alert_id": alert_id, "action": action, "by_role": "lead"}
    if action == "dismissed":
        data["reason_code"] = "already_known"
    headers = {
        "ce_specversion": "1.0", "ce_id": name, "ce_source": "/elsewhere",
        "ce_type": "org.rupturewatch.alert.reviewed.v1", "ce_subject": "case-falling-bond",
        "ce_time": "2025-06-01T10:00:00Z",
    }  # fmt: skip
    tape.write(
        Channel.REVIEWS,
        b"case-falling-bond",
        json.dumps(data).encode(),
        [(k, v.encode()) for k, v in headers.items()],
        at,
    )


async def test_a_review_that_comes_before_its_alert_counts(inbox: World) -> None:
    tape = stories("falling-bond")
    cut = [one for one in tape.records if one.topic.endswith("alerts.v1")][:1]
    alert_id = json.loads(cut[0].value or b"")["alert_id"]
    other = Tape()
    a_review(other, alert_id, "repair_opened", "r1", 1_750_000_000_000)
    await inbox.take(other)
    other.records.clear()
    other.write(Channel.ALERTS, cut[0].key, cut[0].value, cut[0].headers, cut[0].timestamp)
    await inbox.take(other)
    (row,) = await inbox.rows("SELECT stage, listed, answered FROM alerts")
    assert row == {"stage": "repair", "listed": 3, "answered": "repair_opened"}


async def test_what_was_answered_counts_for_the_alert_that_supersedes(inbox: World) -> None:
    tape = stories("falling-bond")
    cut = next(one for one in tape.records if one.topic.endswith("alerts.v1"))
    data = json.loads(cut.value or b"")
    other = Tape()
    other.write(Channel.ALERTS, cut.key, cut.value, cut.headers, cut.timestamp)
    a_review(other, data["alert_id"], "acknowledged", "r1", 1_750_000_000_000)
    retracted = json.dumps(
        {"alert_id": data["alert_id"], "revision": 2, "state": "retracted", "reason": "late_data",
         "findings": []}
    ).encode()  # fmt: skip
    headers = [(k, v.replace(b"raised", b"retracted")) for k, v in cut.headers]
    other.write(Channel.ALERTS, cut.key, retracted, headers, cut.timestamp)
    successor = {**data, "alert_id": "f" * 32, "supersedes": data["alert_id"]}
    other.write(Channel.ALERTS, cut.key, json.dumps(successor).encode(), cut.headers, cut.timestamp)
    await inbox.take(other)
    rows = await inbox.rows("SELECT alert_id, state, stage, headline FROM alerts ORDER BY state")
    assert [(row["state"], row["stage"]) for row in rows] == [
        ("open", "acknowledged"),
        ("retracted", "retracted"),
    ]
    assert rows[1]["headline"] == data["headline"]


async def test_an_erased_case_is_gone_and_does_not_come_back(either: World) -> None:
    lines = told("falling-bond", "sudden-compliance")
    tape = record(lines)
    await either.take(tape)
    case = "case-falling-bond"
    async with either.database.writing() as connection:
        await audit.append(connection, "somebody", "viewed_case", case)
        await audit.append(connection, "somebody", "viewed_case", "case-sudden-compliance")
    ending = {
        "ce_specversion": "1.0", "ce_id": "the-end", "ce_source": "/ehr",
        "ce_type": "org.rupturewatch.case.closed.v1", "ce_subject": case,
        "ce_time": "2025-06-01T10:00:00Z",
    }  # fmt: skip
    at = (JANUARY + 150 * DAY) // 1_000
    headers = [(k, v.encode()) for k, v in ending.items()]
    late = [one for one in tape.records if one.key == case.encode()][-3:]
    tape.records.clear()
    tape.write(Channel.FRAME, case.encode(), b'{"ending":"erased"}', headers, at)
    for one in late:
        channel = Channel(one.topic.removeprefix(tape.prefix))
        tape.write(channel, one.key, one.value, one.headers, at + 1)
    await either.take(tape)
    for table in ("alerts", "changes", "reviews", "facts", "cases"):
        query = f"SELECT count(*) AS n FROM {table} WHERE ref = :ref"  # noqa: S608 - our tables
        assert (await either.rows(query, ref=case))[0]["n"] == 0, table
        other = await either.rows(query, ref="case-sudden-compliance")
        assert table == "reviews" or other[0]["n"] > 0
    log = await either.rows("SELECT subject FROM audit ORDER BY seq")
    assert [row["subject"] for row in log] == [None, "case-sudden-compliance"]
    async with either.database.reading() as connection:
        assert (await audit.verify(connection)).fault is None


async def test_a_synthetic_case_is_listed_nowhere_but_tells_when_it_came(inbox: World) -> None:
    tape = stories("falling-bond")
    records = [
        one._replace(key=b"canary-1", headers=tuple(
            (k, b"canary-1" if k == "ce_subject" else v) for k, v in one.headers
        ))
        for one in tape.records
    ]  # fmt: skip
    await inbox.projector.take(records)
    assert await inbox.rows("SELECT * FROM alerts") == []
    assert await inbox.rows("SELECT * FROM facts") == []
    (canary,) = await inbox.rows("SELECT * FROM canaries")
    assert canary == {"ref": "canary-1", "received": records[-1].timestamp}


async def test_what_cannot_be_read_is_passed_over(inbox: World) -> None:
    tape = Tape()
    for channel in (Channel.ALERTS, Channel.CASES, Channel.RATINGS, Channel.REVIEWS):
        for value in (None, b"", b"{", b"[]", b'{"a":1}', b"\xff\xfe"):
            for headers in ((), (("ce_type", b"x"),), (("ce_type", b"\xff"),)):
                tape.write(channel, b"case-1", value, headers, 1)
    changes = await inbox.projector.take(tape.records)
    assert changes.records == len(tape.records)
    assert await inbox.rows("SELECT * FROM alerts") == []
