"""FHIR resources become events of the contract: what counts, what does not, and one fact each."""

from __future__ import annotations

from typing import Any

import pytest

from rupture_watch.gateway.mapping.mapper import Mapper
from rupture_watch.gateway.mapping.profile import load, parse
from rupture_watch.gateway.mapping.pseudonyms import Keyring
from tests.ehr_bodies import (
    CANARY,
    PATIENT,
    appointment,
    bundle,
    encounter,
    notification,
    response,
)
from tests.mapped import RECEIVED, data_of, mapped_of, reason_of

REASON = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"


@pytest.fixture(scope="module")
def mapper() -> Mapper:
    return Mapper(load(), Keyring.example())


def test_a_no_show_is_the_clients_though_the_participant_is_still_accepted(mapper: Mapper) -> None:
    data = data_of(mapper, appointment())
    assert (data["status"], data["initiator"]) == ("no_show", "client")


@pytest.mark.parametrize("word", ["cancelationReason", "cancellationReason"])
@pytest.mark.parametrize(
    ("code", "initiator"),
    [("pat-ucp", "client"), ("prov-pers", "provider"), ("oth-err", "unknown")],
)
def test_who_cancelled_is_told_by_the_reason_however_it_is_spelt(
    word: str, code: str, initiator: str, mapper: Mapper
) -> None:
    told = {word: {"coding": [{"system": REASON, "code": code}]}}
    data = data_of(mapper, appointment(status="cancelled", **told))
    assert (data["initiator"], data["reason_code"]) == (initiator, code)


def test_who_cancelled_is_unknown_where_nobody_says_so(mapper: Mapper) -> None:
    unknown = {"cancelationReason": {"coding": [{"system": "local", "code": "X17"}]}}
    mapped = mapped_of(mapper, appointment(status="cancelled", **unknown))
    assert mapped.events[0]["data"]["initiator"] == "unknown"
    assert [one.code for one in mapped.tally.unmapped] == ["X17"]


def test_a_cancellation_before_the_start_is_dated_by_its_last_update(mapper: Mapper) -> None:
    told = {"coding": [{"system": REASON, "code": "pat"}]}
    early = appointment(
        status="cancelled", meta={"lastUpdated": "2026-03-01T20:00:00Z"}, cancelationReason=told
    )
    [event] = mapped_of(mapper, early).events
    assert event["time"] == "2026-03-01T20:00:00Z"
    assert "notice_hours" not in event["data"]


def test_a_cancellation_edited_after_the_start_gets_the_marked_default_of_notice(
    mapper: Mapper,
) -> None:
    told = {"coding": [{"system": REASON, "code": "pat"}]}
    mapped = mapped_of(mapper, appointment(status="cancelled", cancelationReason=told))
    assert mapped.events[0]["data"]["notice_hours"] == 24
    assert mapped.tally.assumed["notice"] == 1


def test_a_notification_tells_when_an_appointment_was_cancelled(mapper: Mapper) -> None:
    told = {"coding": [{"system": REASON, "code": "pat"}]}
    cancelled = appointment(status="cancelled", cancelationReason=told)
    focus = f"http://ehr.example/fhir/Appointment/{CANARY}-a1"
    mapped = mapped_of(mapper, notification(4, cancelled, focus=focus))
    assert [one.reason for one in mapped.verdicts] == ["other_resource", None]
    [event] = mapped.events
    assert event["time"] == "2026-03-01T09:00:00Z"


@pytest.mark.parametrize("status", ["booked", "proposed", "waitlist"])
def test_what_has_not_come_about_is_no_outcome(status: str, mapper: Mapper) -> None:
    mapped = mapped_of(mapper, appointment(status=status, start="2026-03-09T10:00:00Z"))
    statuses = [event["data"]["status"] for event in mapped.events]
    assert statuses == (["booked"] if status == "booked" else [])


@pytest.mark.parametrize("status", ["banana", "Noshow", ""])
def test_a_status_that_does_not_exist_is_refused_and_counted(status: str, mapper: Mapper) -> None:
    mapped = mapped_of(mapper, appointment(status=status))
    assert [one.outcome for one in mapped.verdicts] == ["refused"]
    assert mapped.tally.unmapped.total() == bool(status)


def test_an_appointment_and_its_encounter_are_one_fact_and_one_session(mapper: Mapper) -> None:
    held = appointment(status="fulfilled")
    seen = encounter(appointment=[{"reference": f"Appointment/{CANARY}-a1"}])
    one, other = data_of(mapper, held), data_of(mapper, seen)
    assert one["appointment_id"] == other["appointment_id"]
    assert one["session_id"] == other["session_id"]
    assert data_of(mapper, response())["session_id"] == one["session_id"]


def test_sessions_may_be_named_by_their_encounter() -> None:
    mapper = Mapper(parse('sessions = "encounter"'), Keyring.example())
    met = {"encounter": {"reference": f"Encounter/{CANARY}-e1"}}
    seen = data_of(mapper, encounter())
    assert data_of(mapper, response(**met))["session_id"] == seen["session_id"]
    assert data_of(mapper, response())["session_id"] != seen["session_id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "completed", "period": None, "actualPeriod": {"start": "2026-03-02T10:00:00Z"}},
        {"class_": [{"coding": [{"code": "AMB"}]}]},
        {"class_": {"coding": [{"code": "AMB"}]}},
    ],
    ids=["R5", "class of R5", "class between"],
)
def test_an_encounter_of_any_release_was_attended(changes: dict[str, Any], mapper: Mapper) -> None:
    data = data_of(mapper, encounter(**changes))
    assert (data["status"], data["mode"]) == ("attended", "in_person")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"subject": None}, "no_subject"),
        ({"subject": {"extension": [{"url": "masked"}]}}, "no_subject"),
        ({"subject": {"reference": "urn:uuid:8a3c"}}, "no_subject"),
        ({"subject": {"reference": "Group/7"}}, "no_subject"),
        ({"period": {"end": "2026-03-02"}}, "no_start"),
        ({"period": {"start": "2026-03-02"}}, "no_start"),
        ({"period": None}, "no_start"),
        ({"id": None}, "missing"),
        ({"status": None}, "missing"),
        ({"status": "unknown"}, "not_an_outcome"),
        ({"status": "in-progress"}, "not_an_outcome"),
    ],
)
def test_what_cannot_be_told_is_refused_with_itsreason_of(
    changes: dict[str, Any], reason: str, mapper: Mapper
) -> None:
    assert reason_of(mapper, encounter(**changes)) == reason


def test_a_patient_by_identifier_alone_is_a_patient(mapper: Mapper) -> None:
    subject = {"identifier": {"system": "http://mrn", "value": CANARY}}
    assert data_of(mapper, encounter(subject=subject))["status"] == "attended"


def test_two_clients_in_one_appointment_are_nobody(mapper: Mapper) -> None:
    both = [{"actor": {"reference": f"Patient/{n}"}, "status": "accepted"} for n in (1, 2)]
    assert reason_of(mapper, appointment(participant=both)) == "no_subject"


def test_a_uuid_leads_to_the_patient_of_the_same_bundle(mapper: Mapper) -> None:
    patient = {"resourceType": "Patient", "id": f"{CANARY}-1", "name": [{"family": CANARY}]}
    held = encounter(subject={"reference": "urn:uuid:9e90"})
    both = bundle(held, patient)
    both["entry"][1]["fullUrl"] = "urn:uuid:9e90"
    [event] = mapped_of(mapper, both).events
    assert event["subject"] == mapped_of(mapper, encounter()).events[0]["subject"]


def test_an_address_with_and_without_its_scheme_or_known_base_is_one_patient() -> None:
    mapper = Mapper(parse('[fhir]\nbases = ["https://ehr.example/fhir"]'), Keyring.example())
    subjects = {
        mapped_of(mapper, encounter(subject={"reference": f"{base}{PATIENT}"})).events[0]["subject"]
        for base in ("", "https://ehr.example/fhir/", "http://ehr.example/fhir/")
    }
    assert len(subjects) == 1
    [foreign] = mapped_of(
        mapper, encounter(subject={"reference": f"https://other.example/fhir/{PATIENT}"})
    ).events
    assert foreign["subject"] not in subjects


def test_where_identifiers_are_asked_for_a_row_number_is_not_enough() -> None:
    mapper = Mapper(parse('[patient]\nsystems = ["http://mrn"]'), Keyring.example())
    assert reason_of(mapper, encounter()) == "no_subject"
    named = {"reference": PATIENT, "identifier": {"system": "http://mrn", "value": "77"}}
    assert data_of(mapper, encounter(subject=named))["status"] == "attended"


def test_the_same_resource_again_is_the_same_event(mapper: Mapper) -> None:
    later = RECEIVED + 3_600_000_000
    for made in (appointment(meta=None), response(meta=None), encounter(meta=None)):
        first, second = (mapped_of(mapper, made, moment).events[0] for moment in (RECEIVED, later))
        assert first["id"] == second["id"]


def test_a_new_version_of_equal_content_is_a_new_event(mapper: Mapper) -> None:
    ids = {
        mapped_of(mapper, appointment(meta={"versionId": version})).events[0]["id"]
        for version in ("1", "2")
    } | {mapped_of(mapper, appointment(meta=None), version=key).events[0]["id"] for key in "ab"}
    assert len(ids) == 4


def test_only_the_services_that_are_asked_for_are_therapy() -> None:
    mapper = Mapper(parse('services = ["http://snomed.info/sct|75516001"]'), Keyring.example())
    therapy = {"coding": [{"system": "http://snomed.info/sct", "code": "75516001"}]}
    assert reason_of(mapper, encounter()) == "other_service"
    assert data_of(mapper, encounter(serviceType=therapy))["status"] == "attended"


@pytest.mark.parametrize(
    ("code", "status", "initiator"),
    [("3", "no_show", "client"), ("5", "attended", "unknown"), ("4", "cancelled", "provider")],
)
def test_an_nhs_attendance_code_beats_the_status(
    code: str, status: str, initiator: str, mapper: Mapper
) -> None:
    told = [{"url": "outcome", "valueCoding": {"system": "NHS-ADNA", "code": code}}]
    data = data_of(mapper, appointment(status="booked", extension=told))
    assert (data["status"], data["initiator"]) == (status, initiator)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b'{"resourceType": 7}', b"<a", b"<!DOCTYPE x><x/>", b"\xff\xfe"],
)
def test_what_is_no_fhir_is_unreadable(text: bytes, mapper: Mapper) -> None:
    mapped = mapper.fhir(mapper.run(), text)
    assert [one.reason for one in mapped.verdicts] == ["unreadable"]


def test_a_notification_of_r4_by_parameters_tells_its_numbers(mapper: Mapper) -> None:
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subscription", "valueReference": {"reference": "Subscription/s1"}},
            {"name": "type", "valueCode": "event-notification"},
            {"name": "events-since-subscription-start", "valueString": "7"},
            {
                "name": "notification-event",
                "part": [
                    {"name": "event-number", "valueString": "7"},
                    {"name": "focus", "valueReference": {"reference": f"Encounter/{CANARY}-e1"}},
                ],
            },
        ],
    }
    mapped = mapped_of(mapper, bundle(parameters, encounter(), kind="history"))
    assert mapped.notice is not None
    assert (mapped.notice.subscription, mapped.notice.latest) == ("Subscription/s1", 7)
    assert [one.number for one in mapped.notice.happenings] == [7]
    assert len(mapped.events) == 1
