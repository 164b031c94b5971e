"""Resources that other people's FHIR libraries make and send are understood."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from fhir.resources.appointment import Appointment as AppointmentR5
from fhir.resources.encounter import Encounter as EncounterR5
from fhir.resources.questionnaireresponse import QuestionnaireResponse as ResponseR5
from fhir.resources.R4B.appointment import Appointment as AppointmentR4B
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.encounter import Encounter as EncounterR4B
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import BaseFHIRError

from rupture_watch.gateway.mapping.mapper import Mapper
from rupture_watch.gateway.mapping.profile import load
from rupture_watch.gateway.mapping.pseudonyms import Keyring
from tests.ehr_bodies import CANARY, PATIENT, appointment, body, encounter, response
from tests.gateway_edge import gateway, listening, put_together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fhir_core.fhirabstractmodel import FHIRAbstractModel

    from tests.gateway_edge import KeptEvents

SINCE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
AMBULATORY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
WHO = {"actor": {"reference": PATIENT}, "status": "accepted"}
HELD = {"start": "2026-03-02T10:00:00Z", "end": "2026-03-02T10:50:00Z"}
REASON = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason",
            "code": "pat-ucp",
        }
    ]
}
CASES: dict[str, tuple[type[FHIRAbstractModel], dict[str, Any], dict[str, Any]]] = {
    "R4B no-show": (
        AppointmentR4B,
        {"id": "a", "status": "noshow", "participant": [WHO], **HELD},
        {"status": "no_show", "initiator": "client"},
    ),
    "R4B cancelled": (
        AppointmentR4B,
        {
            "id": "a",
            "status": "cancelled",
            "cancelationReason": REASON,
            "participant": [WHO],
            **HELD,
        },
        {"status": "cancelled", "reason_code": "pat-ucp"},
    ),
    "R5 cancelled": (
        AppointmentR5,
        {
            "id": "a",
            "status": "cancelled",
            "cancellationReason": REASON,
            "cancellationDate": "2026-03-01T08:00:00Z",
            "participant": [WHO],
            **HELD,
        },
        {"status": "cancelled", "initiator": "client"},
    ),
    "R4B finished": (
        EncounterR4B,
        {
            "id": "e",
            "status": "finished",
            "subject": {"reference": PATIENT},
            "period": HELD,
            "class": AMBULATORY,
        },
        {"status": "attended", "mode": "in_person"},
    ),
    "R5 completed": (
        EncounterR5,
        {
            "id": "e",
            "status": "completed",
            "subject": {"reference": PATIENT},
            "actualPeriod": HELD,
            "class": [{"coding": [AMBULATORY]}],
        },
        {"status": "attended", "mode": "in_person"},
    ),
    "R5 form": (
        ResponseR5,
        {
            "id": "q",
            "status": "completed",
            "questionnaire": "urn:rupture-watch:questionnaire:ORS",
            "subject": {"reference": PATIENT},
            "authored": "2026-03-02T10:55:00Z",
            "item": [{"linkId": "total", "answer": [{"valueDecimal": 27.5}]}],
        },
        {"instrument": "ORS", "total": 27.5},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_valid_resource_of_any_release_is_understood(name: str) -> None:
    model, fields, expected = CASES[name]
    resource = model.model_validate(fields)
    mapper = Mapper(load(), Keyring.example())
    mapped = mapper.fhir(mapper.run(), resource.model_dump_json().encode())
    assert [one.reason for one in mapped.verdicts] == [None]
    data = mapped.events[0]["data"]
    assert {key: data[key] for key in expected} == expected


@pytest.fixture
async def sending(tmp_path: Path) -> AsyncIterator[tuple[AsyncFHIRClient, KeptEvents]]:
    edge, kept, key = put_together(tmp_path, SINCE)
    edge.intake.clock = lambda: int(dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC).timestamp()) * 10**6
    async with listening(edge) as port:
        url = f"http://127.0.0.1:{port}/fhir"
        yield AsyncFHIRClient(url, extra_headers={"X-Api-Key": key}), kept


async def test_a_fhir_client_creates_and_updates_what_becomes_events(
    sending: tuple[AsyncFHIRClient, KeptEvents],
) -> None:
    client, kept = sending
    for made in (appointment(), encounter(), response()):
        kind = made.pop("resourceType")
        identity = made.pop("id")
        await client.resource(kind, identifier=[{"value": identity}], **made).create()
        await client.resource(kind, id=identity, **made).update()
    assert [one.get("status") for one in kept.data] == [
        *["no_show"] * 2,
        *["attended"] * 2,
        *["final"] * 2,
    ]
    assert CANARY not in str(kept.records)


async def test_a_fhir_client_hears_of_a_refusal(
    sending: tuple[AsyncFHIRClient, KeptEvents],
) -> None:
    client, kept = sending
    made = appointment(start=None)
    made.pop("resourceType")
    with pytest.raises(BaseFHIRError) as caught:
        await client.resource("Appointment", **made).create()
    assert "no_start" in str(caught.value)
    assert kept.records == []


@pytest.mark.parametrize(
    ("changes", "away", "status", "severity", "code"),
    [
        ({}, False, 200, "information", "informational"),
        ({"start": None}, False, 422, "error", "processing"),
        ({}, True, 503, "error", "transient"),
    ],
)
async def test_who_asks_for_fhir_is_answered_in_fhir(
    changes: dict[str, Any],
    away: bool,  # noqa: FBT001 - whether Kafka is
    status: int,
    severity: str,
    code: str,
    tmp_path: Path,
) -> None:
    async with gateway(tmp_path, SINCE) as edge:
        edge.kept.away = away
        answer = await edge.post(
            "/fhir?backfill=true",
            body(appointment(**changes)),
            "application/fhir+json",
            accept="application/fhir+json",
        )
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/fhir+json")
    told = OperationOutcome.model_validate(answer.json())
    assert [(one.severity, one.code) for one in told.issue] == [(severity, code)]
    assert CANARY not in answer.text


async def test_what_fhir_clients_ask_first_is_valid_to_their_library(tmp_path: Path) -> None:
    async with gateway(tmp_path, SINCE) as edge:
        answer = await edge.client.get("/fhir/metadata")
    assert CapabilityStatement.model_validate(answer.json()).fhirVersion == "4.0.1"
