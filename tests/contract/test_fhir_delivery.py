"""FHIR out, against HAPI's server, which takes only what HAPI's validator accepts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from sqlalchemy import make_url, text

from rupture_watch.contracts.wire import microseconds
from rupture_watch.contracts.writing import canonical
from rupture_watch.delivery.alerts import read_body
from rupture_watch.delivery.courier import now
from rupture_watch.delivery.endpoints import FhirEndpoint
from rupture_watch.delivery.log import DeliveryLog, open_log
from rupture_watch.operations.replay import replay_files
from rupture_watch.rulesets import load_catalogue
from tests.receivers.alerts import alert_id, data, revision
from tests.receivers.fhir import fhir_server, require
from tests.receivers.office import LOOPBACK, QUICK, at_work, in_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rupture_watch.delivery.alerts import AlertRevision
    from tests.receivers.fhir import FhirServer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

CASE_SYSTEM = "https://clinic.example/case"
TYPES = ("DetectedIssue", "Task", "Provenance")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FhirServer]:
    """One server for all tests here: each has cases of its own."""
    require()
    async with fhir_server(tmp_path_factory.mktemp("fhir")) as running:
        yield running


def _endpoint(base: str, **other: Any) -> FhirEndpoint:
    settings = {
        "name": "ehr",
        "kind": "fhir",
        "url": base,
        "case_system": CASE_SYSTEM,
        "plain_http": True,
        "allow_networks": LOOPBACK,
        "retries": QUICK,
        "timeout": 60.0,
    }
    return FhirEndpoint.model_validate(settings | other)


async def _of_case(server: FhirServer, case: str) -> dict[str, list[dict[str, Any]]]:
    """Return the resources about the alert of a case."""
    found = {}
    for kind in TYPES:
        found[kind] = [
            one
            for one in await server.all(kind)
            if one["meta"]["tag"][0]["code"].startswith(alert_id(case))
        ]
    return found


async def _deliver(server: FhirServer, folder: Path, *revisions: AlertRevision) -> None:
    async with at_work(in_folder(folder), _endpoint(server.base)) as office:
        for one in revisions:
            await office.note(one)
            rows = await office.settled()
            assert {row.state for row in rows} == {"delivered"}, rows


async def test_an_alert_becomes_an_issue_a_task_and_its_provenance(
    server: FhirServer, tmp_path: Path
) -> None:
    await _deliver(server, tmp_path, revision("first"))
    found = await _of_case(server, "first")
    [issue], [task], [provenance] = (found[kind] for kind in TYPES)
    assert (issue["status"], task["status"], task["intent"]) == (
        "preliminary",
        "requested",
        "proposal",
    )
    assert issue["patient"]["identifier"] == {"system": CASE_SYSTEM, "value": "first"}
    assert issue["code"]["coding"][0]["display"] == "The emotional bond"
    assert issue["severity"] == "moderate"
    for resource in (issue, task, provenance):
        assert {label["code"] for label in resource["meta"]["security"]} == {"R", "PSY"}
    assert task["focus"]["reference"] == f"DetectedIssue/{issue['id']}"
    assert {target["reference"] for target in provenance["target"]} == {
        f"DetectedIssue/{issue['id']}",
        f"Task/{task['id']}",
    }
    assert "Not for emergencies; not monitored in real time." in issue["text"]["div"]
    whole = json.dumps(found)
    assert "RiskAssessment" not in whole
    assert "s-7" not in whole


ENDS = [
    ("repaired", "recovered", "final", "completed"),
    ("retracted", "voided_data", "entered-in-error", "entered-in-error"),
    ("closed", "dismissed", "final", "cancelled"),
    ("closed", "case_closed", "final", "cancelled"),
]


@pytest.mark.parametrize(("change", "reason", "issue", "task"), ENDS)
async def test_how_an_alert_ends_is_how_its_issue_and_task_end(
    server: FhirServer, tmp_path: Path, change: str, reason: str, issue: str, task: str
) -> None:
    case = f"ends-{reason}"
    await _deliver(
        server,
        tmp_path,
        revision(case),
        revision(case, 2, "amended"),
        revision(case, 3, change, reason=reason),
    )
    found = await _of_case(server, case)
    [made], [done] = found["DetectedIssue"], found["Task"]
    assert (made["status"], done["status"]) == (issue, task)
    assert len(found["Provenance"]) == 3
    assert ("mitigation" in made) == (change == "repaired")
    assert ("statusReason" in done) == (change == "closed")


async def test_a_bare_retraction_is_valid_too(server: FhirServer, tmp_path: Path) -> None:
    full = data("bare", 2, "retracted", reason="corrected_data", findings=[])
    kept = ("alert_id", "revision", "state", "reason", "findings")
    body = canonical({key: full[key] for key in kept})
    bare = read_body(
        body, case="bare", type_="org.rupturewatch.alert.retracted.v1", time=1_760_000_000_000_000
    )
    await _deliver(server, tmp_path, revision("bare"), bare)
    [issue] = (await _of_case(server, "bare"))["DetectedIssue"]
    assert issue["status"] == "entered-in-error"


async def test_what_people_at_the_receiver_did_with_a_task_outlasts_an_amendment(
    server: FhirServer, tmp_path: Path
) -> None:
    await _deliver(server, tmp_path, revision("accepted"))
    [task] = (await _of_case(server, "accepted"))["Task"]
    await server.put({**task, "status": "accepted"})
    await _deliver(server, tmp_path, revision("accepted", 2, "amended"))
    found = await _of_case(server, "accepted")
    assert found["Task"][0]["status"] == "accepted"
    await _deliver(server, tmp_path, revision("accepted", 3, "repaired"))
    [task] = (await _of_case(server, "accepted"))["Task"]
    assert task["status"] == "completed"
    await _deliver(server, tmp_path, revision("accepted", 4, "amended", reason="reopened"))
    [task] = (await _of_case(server, "accepted"))["Task"]
    assert task["status"] == "requested"


async def test_a_repetition_changes_nothing_not_even_a_version(
    server: FhirServer, tmp_path: Path
) -> None:
    course = [
        revision("again"),
        revision("again", 2, "amended"),
        revision("again", 3, "closed", reason="expired"),
    ]
    await _deliver(server, tmp_path, *course)
    before = await _of_case(server, "again")
    for length in (1, 2, 3):
        folder = tmp_path / str(length)
        folder.mkdir()
        await _repeat(server, folder, course[:length])
    assert await _of_case(server, "again") == before


async def _repeat(server: FhirServer, folder: Path, course: list[AlertRevision]) -> None:
    """Deliver what was delivered before, as after a crash: each is an attempt that may be there."""
    async with open_log(make_url(in_folder(folder))) as engine:
        log = DeliveryLog(engine, [_endpoint(server.base)])
        await log.note(course, {}, now())
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE delivery SET started_at = 1"))
    async with at_work(in_folder(folder), _endpoint(server.base)) as office:
        rows = await office.settled()
    assert [(row.state, row.attempts) for row in rows] == [("delivered", 2)] * len(course)


def _stories(repository: Path) -> list[Path]:
    """Return every third story: those that tell of findings of all kinds are among them."""
    return sorted(repository.glob("tests/golden/stories/*.jsonl"))[::3]


async def test_the_stories_of_the_repository_are_valid_as_they_are_told(
    server: FhirServer, tmp_path: Path, repository: Path
) -> None:
    revisions = []
    for number, story in enumerate(_stories(repository)):
        out = tmp_path / f"{number}.jsonl"
        replay_files(story, load_catalogue(), alerts=out)
        for line in out.read_text("utf-8").splitlines():
            event = json.loads(line)
            revisions.append(
                read_body(
                    canonical(event["data"]),
                    case=f"{event['subject']}-{number}",
                    type_=event["type"],
                    time=microseconds(event["time"]),
                )
            )
    assert len(revisions) > 20
    wanted = _endpoint(server.base, severities=[1, 2, 3, 4])
    async with at_work(in_folder(tmp_path), wanted) as office:
        await office.note(*revisions)
        rows = await office.settled(120.0)
    assert {row.state for row in rows} == {"delivered"}
    assert len(rows) > 20
