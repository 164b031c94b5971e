"""Moments as FHIR and HL7 v2 write them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.contracts.wire import microseconds, timestamp
from rupture_watch.gateway.mapping.moments import local_day, of_fhir, of_hl7

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "text",
    ["2026-03-02T11:00:00+01:00", "2026-03-02T10:00:00Z", "2026-03-02T10:00:00.0000000+00:00"],
)
def test_a_fhir_moment_has_an_offset_and_any_fraction(text: str) -> None:
    assert of_fhir(text) == microseconds("2026-03-02T10:00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02",
        "2026-03",
        "2026",
        "2026-03-02T10:00:00",
        "2026-02-30T10:00:00Z",
        "",
        7,
        None,
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_a_day_or_a_broken_clock_is_no_moment(text: object) -> None:
    assert of_fhir(text) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20260302100000+0215", "2026-03-02T07:45:00Z"),
        ("202603021000-0500", "2026-03-02T15:00:00Z"),
        ("20260302100000.1234", "2026-03-02T09:00:00Z"),
        ("20260702100000", "2026-07-02T08:00:00Z"),
    ],
)
def test_an_hl7_moment_is_the_clinics_where_it_has_no_offset(text: str, moment: str) -> None:
    assert of_hl7(text, BERLIN) == microseconds(moment)


@pytest.mark.parametrize(
    "text", ["", "2026", "20260302", "20261302100000", "R", "20260302100000+9"]
)
def test_an_hl7_day_is_no_moment(text: str) -> None:
    assert of_hl7(text, BERLIN) is None


def test_the_day_of_a_session_is_the_clinics_day() -> None:
    late = microseconds("2026-03-02T23:30:00Z")
    assert local_day(late, BERLIN) == "2026-03-03"


@given(st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2199, 12, 30), timezones=st.just(dt.UTC)))  # noqa: DTZ001 - the zone is given beside them
def test_what_is_written_is_read_again(moment: dt.datetime) -> None:
    text = moment.isoformat()
    read = of_fhir(text)
    assert read is not None
    assert microseconds(timestamp(read)) == read
