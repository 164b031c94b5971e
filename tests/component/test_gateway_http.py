"""What the gateway answers: only what Kafka has, with a verdict for every event."""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tests.ehr_bodies import (
    CANARY,
    appointment,
    body,
    bundle,
    encounter,
    event,
    notification,
    response,
    siu,
)
from tests.gateway_edge import gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from tests.gateway_edge import Gateway

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
FHIR = "application/fhir+json"
SINCE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, SINCE, largest_body=200_000) as running:
        yield running


def _is_problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert content["type"] == f"urn:rupture-watch:problem:{kind}"
    assert content["status"] == status
    assert CANARY not in answer.text
    return content


async def test_a_structured_event_lies_on_its_topic_in_binary_mode(edge: Gateway) -> None:
    answer = await edge.post("/events", body(event(traceparent="00-x")), STRUCTURED)
    assert answer.status_code == 200
    assert answer.json() == {
        "written": 1,
        "refused": 0,
        "verdicts": [{"index": 0, "outcome": "mapped"}],
    }
    [(topic, record)] = edge.kept.records
    assert topic == "alliance.ratings.v1"
    assert record.key == b"case-1"
    assert dict(record.headers)["ce_id"] == b"form-1"
    assert dict(record.headers)["content-type"] == b"application/json"
    assert edge.kept.data == [event()["data"]]


async def test_a_binary_event_is_the_same_event(edge: Gateway) -> None:
    told = {f"ce-{name}": value for name, value in event().items() if name != "data"}
    headers = {"x-api-key": edge.key, "content-type": "application/json", **told}
    answer = await edge.client.post("/events", content=body(event()["data"]), headers=headers)
    assert answer.status_code == 200
    await edge.post("/events", body(event()), STRUCTURED)
    assert edge.kept.records[0] == edge.kept.records[1]


async def test_data_in_base64_are_data(edge: Gateway) -> None:
    data = b64encode(body(event()["data"])).decode()
    answer = await edge.post("/events", body(event(data=None, data_base64=data)), STRUCTURED)
    assert answer.status_code == 200
    assert edge.kept.data == [event()["data"]]


async def test_every_event_of_a_batch_has_a_verdict_of_its_own(edge: Gateway) -> None:
    wrong = event("b", data_={**event()["data"], "scores": {"relationship": 40}})
    batch = [event("a"), wrong, event("c"), 7]
    answer = await edge.post("/events", body(batch), BATCH)
    assert answer.status_code == 207
    content = answer.json()
    assert (content["written"], content["refused"]) == (2, 2)
    assert [one["outcome"] for one in content["verdicts"]] == [
        "mapped",
        "refused",
        "mapped",
        "refused",
    ]
    assert content["verdicts"][1]["reason"] == "out_of_range"
    assert content["verdicts"][1]["message"] == "data.scores.relationship: out_of_range"
    assert edge.kept.ids == ["a", "c"]


@pytest.mark.parametrize(
    ("changes", "reason", "message"),
    [
        ({"specversion": "0.3"}, "not_cloudevent", "specversion: string_pattern_mismatch"),
        ({"id": 7}, "not_cloudevent", "id: string_type"),
        ({"subject": None}, "invalid", "subject: missing"),
        ({"subject": CANARY + " !"}, "invalid", "subject: string_pattern_mismatch"),
        ({"time": "yesterday"}, "invalid", "time: string_pattern_mismatch"),
        ({"type": "org.other.v1"}, "unknown_type", "type: unknown_type"),
        ({"data": None}, "invalid", "data: missing"),
        ({"data": CANARY}, "invalid", "data: dict_type"),
        ({"backfill": 1}, "invalid", "backfill: bool_type"),
        (
            {"datacontenttype": "text/plain"},
            "not_cloudevent",
            "datacontenttype: unsupported_format",
        ),
        ({"data_base64": "!"}, "not_cloudevent", "data, data_base64: both present"),
        ({"recordedtime": "2100-01-01T00:00:00Z", "backfill": True}, "from_the_future", ""),
    ],
)
async def test_a_refusal_names_the_path_and_the_kind_never_the_value(
    changes: dict[str, Any], reason: str, message: str, edge: Gateway
) -> None:
    answer = await edge.post("/events", body(event(**changes) | _nulls(changes)), STRUCTURED)
    content = _is_problem(answer, 422, "refused")
    assert content["verdicts"][0]["reason"] == reason
    assert content["verdicts"][0]["message"].startswith(message)
    assert edge.kept.records == []


def _nulls(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: None for name, value in changes.items() if value is None}


async def test_what_the_contract_has_no_field_for_does_not_pass(edge: Gateway) -> None:
    more = event(**{CANARY.lower(): "x"}, data_={**event()["data"], "client_name": CANARY})
    assert (await edge.post("/events", body(more), STRUCTURED)).status_code == 200
    [(_, record)] = edge.kept.records
    assert CANARY not in str(record)
    metrics = (await edge.client.get("/metrics")).text
    assert 'rupture_watch_gateway_left_out_total{kind="unknown_field"} 2.0' in metrics


@pytest.mark.parametrize(
    ("path", "content", "media", "status", "kind"),
    [
        ("/events", b"{", STRUCTURED, 400, "unreadable"),
        ("/events", b"{}", BATCH, 400, "unreadable"),
        ("/events", b"{}", "text/plain", 415, "unsupported-media-type"),
        ("/events", b"[" * 70_000, BATCH, 400, "unreadable"),
        ("/events", b'"' + b"x" * 70_000 + b'"', STRUCTURED, 413, "too-large"),
        ("/events", b"x" * 200_001, BATCH, 413, "too-large"),
        ("/fhir", b"{", FHIR, 400, "unreadable"),
        ("/fhir", b"{}", "image/png", 415, "unsupported-media-type"),
        ("/fhir", body({"resourceType": "Patient", "id": CANARY}), FHIR, 422, "refused"),
        ("/fhir/Patient", b"{}", FHIR, 422, "refused"),
        ("/fhir/lower", b"{}", FHIR, 422, "parameters"),
        ("/hl7v2", b"PID|1", "text/plain", 400, "unreadable"),
        ("/hl7v2", siu("S16").encode(), "text/plain", 422, "refused"),
        ("/nowhere", b"", "", 404, "not-found"),
        ("/livez", b"", "", 405, "method-not-allowed"),
    ],
)
async def test_what_cannot_be_taken_is_answered_with_a_problem(
    path: str, content: bytes, media: str, status: int, kind: str, edge: Gateway
) -> None:
    _is_problem(await edge.post(path, content, media), status, kind)
    assert edge.kept.records == []


async def test_while_kafka_is_away_nothing_is_promised(edge: Gateway) -> None:
    edge.kept.away = True
    for path, content, media in (
        ("/events", body(event()), STRUCTURED),
        ("/fhir", body(appointment()), FHIR),
        ("/hl7v2", siu("S26", MSH_7=_recently()).encode(), "text/plain"),
    ):
        answer = await edge.post(path, content, media, **_as_history(path))
        _is_problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert (await edge.client.get("/readyz")).status_code == 503
    assert (await edge.client.get("/livez")).status_code == 200
    edge.kept.away = False
    assert (await edge.client.get("/readyz")).status_code == 200


def _recently() -> str:
    return dt.datetime(2026, 3, 2, 10, 30, tzinfo=dt.UTC).strftime("%Y%m%d%H%M%S+0000")


def _as_history(_path: str) -> dict[str, str]:
    return {}


async def test_a_bundle_is_written_whole_with_what_else_is_in_it_passed_over(edge: Gateway) -> None:
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": CANARY}]}
    sent = bundle(patient, appointment(status="fulfilled"), encounter(), response())
    answer = await edge.post("/fhir?backfill=true", body(sent), FHIR)
    assert answer.status_code == 200, answer.text
    assert answer.json()["written"] == 3
    assert [topic for topic, _ in edge.kept.records] == [
        "alliance.attendance.v1",
        "alliance.attendance.v1",
        "alliance.ratings.v1",
    ]
    assert CANARY not in str(edge.kept.records)


async def test_a_repeated_delivery_makes_the_same_event_and_a_named_one_another(
    edge: Gateway,
) -> None:
    sent = body(appointment(meta=None))
    for key in ("", "", "delivery-2"):
        headers = {"idempotency_key": key} if key else {}
        answer = await edge.post("/fhir/Appointment?backfill=true", sent, FHIR, **headers)
        assert answer.status_code == 200, answer.text
    first, second, third = edge.kept.ids
    assert first == second != third


async def test_a_resource_put_by_a_rest_hook_is_taken(edge: Gateway) -> None:
    answer = await edge.client.put(
        "/fhir/Encounter/e1?backfill=true",
        content=body(encounter()),
        headers={"x-api-key": edge.key, "content-type": FHIR},
    )
    assert answer.status_code == 200
    assert edge.kept.data[0]["status"] == "attended"


async def test_a_resource_that_tells_nothing_yet_is_no_fault(edge: Gateway) -> None:
    answer = await edge.post("/fhir", body(encounter(status="in-progress")), FHIR)
    assert answer.status_code == 200
    assert answer.json()["verdicts"][0]["reason"] == "not_an_outcome"


async def test_a_gap_in_the_numbers_of_a_subscription_is_told(edge: Gateway) -> None:
    for number, gap in (
        (1, None),
        (2, None),
        (5, {"first": 3, "last": 4}),
        (3, {"first": 4, "last": 4}),
    ):
        sent = notification(number, encounter(), focus=f"Encounter/{CANARY}-e1")
        answer = await edge.post("/fhir?backfill=true", body(sent), FHIR)
        assert answer.json().get("gap") == gap, number
    beat = notification(6, kind="heartbeat")
    assert (await edge.post("/fhir", body(beat), FHIR)).json()["gap"]["first"] == 4


async def test_messages_of_hl7_are_taken_over_http(edge: Gateway) -> None:
    answer = await edge.post("/hl7v2", (siu("S26") + siu("S16")).encode(), "application/hl7-v2")
    assert answer.status_code == 207
    assert [one["outcome"] for one in answer.json()["verdicts"]] == ["mapped", "refused"]
    assert edge.kept.data[0]["status"] == "no_show"


async def test_answers_are_counted_by_door(edge: Gateway) -> None:
    await edge.post("/events", body(event()), STRUCTURED)
    await edge.post("/hl7v2", b"", "text/plain")
    metrics = (await edge.client.get("/metrics")).text
    assert 'rupture_watch_gateway_requests_total{answer="2xx",door="events"} 1.0' in metrics
    assert 'rupture_watch_gateway_requests_total{answer="4xx",door="hl7v2"} 1.0' in metrics
    assert 'rupture_watch_gateway_events_total{door="events",outcome="mapped"} 1.0' in metrics
    assert 'rupture_watch_gateway_refused_total{reason="unreadable"} 1.0' in metrics
