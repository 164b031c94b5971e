"""Every message that others wrote is mapped or refused with a reason: what each becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest

from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts.reading import Reader
from rupture_watch.gateway.mapping.mapper import Mapper, guess
from rupture_watch.gateway.mapping.profile import load
from rupture_watch.gateway.mapping.pseudonyms import Keyring

if TYPE_CHECKING:
    from pathlib import Path

    from rupture_watch.gateway.mapping.verdict import Mapped

pytestmark = pytest.mark.external


class Sample(NamedTuple):
    """What a file must become: the data of its one event, or the reason why there is none."""

    file: str
    reason: str | None = None
    path: str = ""
    data: dict[str, Any] = {}  # noqa: RUF012 - never changed
    time: str = ""
    recorded: str = ""


def _attended(start: str, mode: str | None = None) -> dict[str, Any]:
    told = {"status": "attended", "initiator": "unknown", "scheduled_start": start}
    return told if mode is None else {**told, "mode": mode}


PHQ_US_CORE = {"1": 2, "2": 2, "3": 2, "4": 2, "5": 1, "6": 1, "7": 2, "8": 0, "9": 0}
PHQ_SDC = {"1": 0, "2": 0, "3": 0, "4": 1, "5": 2, "6": 1, "7": 3, "8": 2, "9": 1}
SIU_START = "2021-09-24T07:15:00Z"

SAMPLES = (
    Sample(
        "fhir/Appointment-appt-booked-physical.json",
        data={"status": "booked", "scheduled_start": "2026-09-15T14:00:00Z"},
    ),
    Sample(
        "fhir/Appointment-appt-cancelled.json",
        data={
            "status": "cancelled",
            "initiator": "client",
            "reason_code": "pat",
            "notice_hours": 24,
        },
    ),
    Sample("fhir/Appointment-appt-resulted-encounter.json", data=_attended("2026-03-12T16:00:00Z")),
    Sample(
        "fhir/Encounter-encounter-from-appointment.json",
        data=_attended("2026-03-12T16:00:00Z", "in_person"),
    ),
    Sample(
        "fhir/SIU-S26-01-expected.json",
        data={"status": "no_show", "initiator": "client", "scheduled_start": SIU_START},
    ),
    Sample("fhir/SIU-S15-01-expected.json", data={"status": "cancelled", "initiator": "unknown"}),
    Sample("fhir/SIU-S17-01-expected.json", data={"status": "entered-in-error"}),
    Sample("fhir/ADT-A11-01-expected.json", data={"status": "cancelled", "initiator": "unknown"}),
    Sample("fhir/bars-appointment-PATCH-body.json", "no_start", "Appointment.start"),
    Sample("fhir/Encounter-annualvisit-2.json", "no_start", "Encounter.period.start"),
    Sample("fhir/Encounter-annualvisit-missing-status.json", "not_an_outcome", "Encounter.status"),
    Sample("fhir/Encounter-telehealth.json", data=_attended("2023-02-10T01:20:00Z", "video")),
    Sample(
        "fhir/r5-encounter-example-home.xml", data=_attended("2015-01-17T06:00:00Z", "in_person")
    ),
    # Written down eight years after the visit: to be sent as history.
    Sample("fhir/r6-Encounter-example-1.json", "too_late", "recordedtime"),
    Sample("fhir/r5-appointment-example-request.xml", "not_an_outcome", "Appointment.status"),
    Sample("fhir/r5-notification-full-resource.xml", "not_an_outcome", "entry.1.Encounter.status"),
    Sample("fhir/r5-notification-id-only.xml", "not_fetched", "entry.1.resource"),
    Sample("fhir/r5-notification-handshake.xml", "no_news", "SubscriptionStatus.type"),
    Sample("fhir/r4b-notification-full-resource.xml", "not_an_outcome", "entry.1.Encounter.status"),
    Sample(
        "fhir/QuestionnaireResponse-phq-9-example.json",
        data={"instrument": "PHQ-9", "respondent": "client", "items": PHQ_US_CORE},
        time="2022-11-29T20:50:32.718000Z",
    ),
    Sample(
        "fhir/sdc-questionnaireresponse-sdc-profile-example-PHQ9.json",
        data={"instrument": "PHQ-9", "items": PHQ_SDC},
    ),
    Sample(
        "fhir/QuestionnaireResponse-glasgow-coma-score.json",
        "unknown_instrument",
        "QuestionnaireResponse.questionnaire",
    ),
    Sample(
        "fhir/Observation-PHQ9-item-example-44261-6.json",
        data={"instrument": "PHQ-9", "total": 12},
        time="2022-11-29T20:50:32.718000Z",
    ),
    Sample("fhir/Observation-PHQ9-item-example-44260-8.json", "single_item", "Observation.code"),
    Sample(
        "fhir/Observation-AUDIT-C-item-example-75626-2.json",
        "unknown_instrument",
        "Observation.code",
    ),
    Sample(
        "hl7v2/SIU-S12-01.hl7",
        data={"status": "booked", "scheduled_start": SIU_START},
        time="2021-09-14T09:05:00Z",
    ),
    Sample(
        "hl7v2/SIU-S13-01.hl7",
        data={"status": "rescheduled", "initiator": "unknown", "scheduled_start": SIU_START},
    ),
    Sample("hl7v2/balneario-siu_s14.hl7", "no_start", "TQ1-7"),
    Sample(
        "hl7v2/SIU-S15-01.hl7",
        data={"status": "cancelled", "initiator": "unknown", "scheduled_start": SIU_START},
        time="2021-09-23T09:11:00Z",
    ),
    Sample("hl7v2/SIU-S16-01.hl7", "unsupported", "MSH-9.2"),
    Sample("hl7v2/SIU-S17-01.hl7", data={"status": "entered-in-error"}),
    Sample(
        "hl7v2/SIU-S26-01.hl7",
        data={"status": "no_show", "initiator": "client", "scheduled_start": SIU_START},
        time=SIU_START,
        recorded="2021-09-24T07:45:00Z",
    ),
    Sample("hl7v2/SIU_12.hl7", "unsupported", "MSH-9.1"),
    Sample(
        "hl7v2/translator-siu_s12.hl7",
        data={"status": "booked", "scheduled_start": "2024-01-10T09:00:00Z"},
    ),
    Sample("cdshooks/request-HelloWorld.json", "no_news", "hook"),
    Sample("cdshooks/request-HighRiskIDUPatient.json", "no_news", "hook"),
    Sample("cdshooks/opioidcds-04-request-prefetch.json", "unsupported", "hook"),
    Sample("cloudevents/json_data_with_ext.json", "unknown_type", "type"),
    Sample("cloudevents/base64_json_data.json", "unknown_type", "type"),
    Sample("cloudevents/min_subject_null.json", "invalid", "data"),
    Sample("cloudevents/v03-json_data.json", "not_cloudevent", "specversion"),
)


@pytest.fixture(scope="module")
def mapper() -> Mapper:
    return Mapper(load(), Keyring.example())


@pytest.fixture(scope="module")
def samples(reference_data: Path) -> Path:
    return reference_data / "ehr"


def _mapped(mapper: Mapper, file: Path, *, backfill: bool = False) -> Mapped:
    body = file.read_bytes()
    chosen = guess(body)
    assert chosen is not None
    return mapper.of_format(mapper.run(backfill=backfill), body, chosen)


def test_every_sample_has_its_expectation(samples: Path) -> None:
    files = {one.relative_to(samples).as_posix() for one in samples.glob("*/*")}
    assert files == {sample.file for sample in SAMPLES}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_a_sample_becomes_what_it_says_or_is_refused_with_a_reason(
    sample: Sample, mapper: Mapper, samples: Path
) -> None:
    mapped = _mapped(mapper, samples / sample.file)
    told = [one for one in mapped.verdicts if one.reason not in ("other_resource", "not_complete")]
    assert len(told) == 1
    [verdict] = told
    assert verdict.reason == sample.reason
    if sample.reason is not None:
        assert mapped.events == []
        assert (verdict.message or "").startswith(sample.path)
        return
    [event] = mapped.events
    assert {name: event["data"].get(name) for name in sample.data} == sample.data
    assert not sample.time or event["time"] == sample.time
    assert event.get("recordedtime", "") == sample.recorded


def test_what_was_written_down_years_later_is_taken_as_history(
    mapper: Mapper, samples: Path
) -> None:
    mapped = _mapped(mapper, samples / "fhir/r6-Encounter-example-1.json", backfill=True)
    [event] = mapped.events
    assert event["backfill"] is True
    assert event["data"]["status"] == "attended"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "fhir/Appointment-appt-resulted-encounter.json",
            "fhir/Encounter-encounter-from-appointment.json",
        ),
        (
            "fhir/QuestionnaireResponse-phq-9-example.json",
            "fhir/Observation-PHQ9-item-example-44261-6.json",
        ),
    ],
    ids=["appointment and encounter", "response and observation"],
)
def test_two_sights_of_one_thing_are_one_fact(
    one: str, other: str, mapper: Mapper, samples: Path
) -> None:
    reader = Reader(Registry.default())
    facts = []
    for file in (one, other):
        [line] = _lines(_mapped(mapper, samples / file))
        facts.append(reader.read_line(line))
    assert facts[0].case == facts[1].case
    assert facts[0].fact.name == facts[1].fact.name
    assert facts[0].fact.event_id != facts[1].fact.event_id


def test_all_messages_about_one_appointment_are_one_fact(mapper: Mapper, samples: Path) -> None:
    names = {
        _mapped(mapper, samples / f"hl7v2/SIU-{trigger}-01.hl7").events[0]["data"]["appointment_id"]
        for trigger in ("S12", "S13", "S15", "S17", "S26")
    }
    assert len(names) == 1


def test_no_identifier_or_name_of_a_sample_gets_into_an_event(
    mapper: Mapper, samples: Path
) -> None:
    told = [line for file in samples.glob("*/*") for line in _lines(_mapped(mapper, file))]
    text = b"\n".join(told).decode()
    for secret in ("EVERYMAN", "PATID1234", "MRN12345", "12345", "appt-cancelled", "baratz", "Amy"):
        assert secret not in text


def _lines(mapped: Mapped) -> list[bytes]:

    return [msgspec.json.encode(event) for event in mapped.events]
