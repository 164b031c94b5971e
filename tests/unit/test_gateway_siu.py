"""HL7 v2 SIU messages become attendance: the trigger decides, and nobody is blamed by a note."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hl7apy.parser import parse_message  # type: ignore[import-untyped]

from rupture_watch.contracts.wire import microseconds
from rupture_watch.gateway.mapping.er7 import messages, read
from rupture_watch.gateway.mapping.mapper import Mapper
from rupture_watch.gateway.mapping.profile import load, parse
from rupture_watch.gateway.mapping.pseudonyms import Keyring
from tests.ehr_bodies import siu

if TYPE_CHECKING:
    from rupture_watch.gateway.mapping.verdict import Mapped


@pytest.fixture(scope="module")
def mapper() -> Mapper:
    return Mapper(load(), Keyring.example())


def _mapped(mapper: Mapper, text: str) -> Mapped:
    return mapper.hl7v2(mapper.run(), text.encode())


def _event(mapper: Mapper, text: str) -> dict[str, Any]:
    mapped = _mapped(mapper, text)
    assert [one.reason for one in mapped.verdicts] == [None]
    return mapped.events[0]


@pytest.mark.parametrize(
    ("trigger", "status", "initiator"),
    [
        ("S12", "booked", "unknown"),
        ("S13", "rescheduled", "unknown"),
        ("S15", "cancelled", "unknown"),
        ("S17", "entered-in-error", "unknown"),
        ("S26", "no_show", "client"),
    ],
)
@pytest.mark.parametrize("beside", ["", "Booked", "Cancelled", "Noshow"])
def test_the_trigger_decides_whatever_stands_beside_it(
    trigger: str, status: str, initiator: str, beside: str, mapper: Mapper
) -> None:
    data = _event(mapper, siu(trigger, SCH_25=beside, SCH_6="Add"))["data"]
    assert (data["status"], data["initiator"]) == (status, initiator)


@pytest.mark.parametrize(
    ("beside", "status"),
    [
        ("Complete", "attended"),
        ("NOSHOW", "no_show"),
        ("No-Show", "no_show"),
        ("Deleted", "entered-in-error"),
    ],
)
def test_a_change_tells_what_its_status_says(beside: str, status: str, mapper: Mapper) -> None:
    assert _event(mapper, siu("S14", SCH_25=beside))["data"]["status"] == status


@pytest.mark.parametrize("beside", ["Booked", "Started", "Dc", "Whatever", ""])
def test_a_change_after_the_start_with_an_old_status_changes_nothing(
    beside: str, mapper: Mapper
) -> None:
    mapped = _mapped(mapper, siu("S14", SCH_25=beside))
    assert [(one.outcome, one.reason) for one in mapped.verdicts] == [
        ("no_event", "changes_nothing")
    ]


@pytest.mark.parametrize("trigger", ["S16", "S18", "S01", ""])
def test_other_triggers_are_refused(trigger: str, mapper: Mapper) -> None:
    [verdict] = _mapped(mapper, siu(trigger)).verdicts
    assert (verdict.outcome, verdict.reason) == ("refused", "unsupported")


def test_a_no_show_may_be_told_at_the_very_start(mapper: Mapper) -> None:
    event = _event(mapper, siu("S26", MSH_7="20260302100000+0000"))
    assert event["time"] == "2026-03-02T10:00:00Z"
    assert "recordedtime" not in event


@pytest.mark.parametrize(
    "fields",
    [
        {"TQ1_7": "", "SCH_11": "^^^20260302100000+0000"},
        {"TQ1_7": "202603021000+0000"},
        {"TQ1_7": "2026030210+0000"},
        {"TQ1_7": "20260302121500+0215"},
        {"TQ1_7": "20260302121500", "MSH_7": "20260302123000+0215"},
        {"TQ1_7": "20260302100000+0000", "SCH_11": "^^^20250302100000+0000"},
    ],
    ids=[
        "SCH-11",
        "no seconds",
        "no minutes",
        "odd offset",
        "offset of the header",
        "stale SCH-11",
    ],
)
def test_the_start_is_found_wherever_it_stands(fields: dict[str, str], mapper: Mapper) -> None:
    assert _event(mapper, siu("S26", **fields))["data"]["scheduled_start"] == "2026-03-02T10:00:00Z"


def test_a_clock_without_offset_is_the_clinics() -> None:
    mapper = Mapper(parse('timezone = "Europe/Berlin"'), Keyring.example())
    data = _event(mapper, siu("S26", TQ1_7="20260702100000", MSH_7="20260702103000"))["data"]
    assert data["scheduled_start"] == "2026-07-02T08:00:00Z"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"TQ1_7": ""}, "no_start"),
        ({"TQ1_7": "20260302"}, "no_start"),
        ({"TQ1_7": "20261302100000"}, "no_start"),
        ({"PID_3": ""}, "no_subject"),
        ({"PID_3": '""'}, "no_subject"),
        ({"SCH_2": ""}, "missing"),
        ({"MSH_9": "ADT^A60^ADT_A60"}, "unsupported"),
        ({"TQ1_7": "20260304100000+0000"}, "invalid"),
    ],
)
def test_what_cannot_be_told_is_refused_with_its_reason(
    fields: dict[str, str], reason: str, mapper: Mapper
) -> None:
    [verdict] = _mapped(mapper, siu("S26", **fields)).verdicts
    assert (verdict.outcome, verdict.reason) == ("refused", reason)


def test_numbers_are_those_of_their_facility(mapper: Mapper) -> None:
    ids = {
        _event(mapper, siu("S26", MSH_4=facility))["data"]["appointment_id"]
        for facility in ("EAST", "WEST")
    }
    assert len(ids) == 2


def test_a_known_reason_tells_who_cancelled() -> None:
    mapper = Mapper(
        parse('[hl7v2.reasons]\nPATILL = { code = "illness", initiator = "client" }'),
        Keyring.example(),
    )
    data = _event(mapper, siu("S15", SCH_6="PATILL", MSH_7="20260301200000+0000"))["data"]
    assert (data["initiator"], data["reason_code"]) == ("client", "illness")


def test_a_nhs_code_in_the_filler_status_is_read(mapper: Mapper) -> None:
    data = _event(mapper, siu("S14", SCH_25="5^Attended^NHS-ADNA"))["data"]
    assert data["status"] == "attended"


def test_a_resent_message_is_the_same_event_and_the_next_one_is_not(mapper: Mapper) -> None:
    ids = [_event(mapper, siu("S26", MSH_10=control))["id"] for control in ("M1", "M1", "M2")]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_any_line_end_will_do_and_the_last_may_be_missing(end: str, mapper: Mapper) -> None:
    text = siu("S26").replace("\r", end).rstrip("\r\n")
    assert _event(mapper, text)["data"]["status"] == "no_show"


def test_several_messages_of_one_body_have_a_verdict_each(mapper: Mapper) -> None:
    body = f"\x0b{siu('S26')}\x1c\r\x0b{siu('S16')}\x1c\r{siu('S12')}"
    assert len(messages(body.encode())) == 3
    outcomes = [one.outcome for one in _mapped(mapper, body).verdicts]
    assert outcomes == ["mapped", "refused", "mapped"]


@pytest.mark.parametrize("text", ["", "MSH", "MSH|", "MSH|^~", "PID|1", "\x00", "MSH||||||||||"])
def test_what_is_no_message_is_unreadable(text: str, mapper: Mapper) -> None:
    assert [one.reason for one in _mapped(mapper, text).verdicts] == ["unreadable"]


def test_a_letter_of_latin_1_is_a_letter(mapper: Mapper) -> None:
    body = siu("S26", PID_3="M\xfcller9").encode("latin-1")
    assert mapper.hl7v2(mapper.run(), body).events


@pytest.mark.parametrize(
    ("segment", "number", "component"),
    [("MSH", 9, 2), ("MSH", 10, 1), ("SCH", 2, 1), ("PID", 3, 1), ("PID", 3, 4), ("TQ1", 7, 1)],
)
def test_fields_are_those_that_another_reader_of_hl7_sees(
    segment: str, number: int, component: int
) -> None:
    text = siu("S26", PID_3="9^^^HOSP&1.2&ISO^MR~8^^^OTHER")
    theirs = parse_message(text, find_groups=False)
    field = getattr(getattr(theirs, segment.lower()), f"{segment.lower()}_{number}")
    seen = field[0].to_er7().split("^")[component - 1].split("&")[0]
    assert read(text.encode()).part(segment, number, component) == seen


def test_a_message_keeps_the_time_of_its_sending_for_corrections(mapper: Mapper) -> None:
    first = _event(mapper, siu("S12", MSH_7="20260220090000+0000"))
    moved = _event(mapper, siu("S15", MSH_7="20260301090000+0000", MSH_10="M2"))
    assert microseconds(first["time"]) < microseconds(moved["time"])
    assert first["data"]["appointment_id"] == moved["data"]["appointment_id"]
