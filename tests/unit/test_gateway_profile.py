"""A mapping is configuration: laid over the shipped presets, and validated before it is used."""

from __future__ import annotations

from typing import get_args

import pytest

from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts.attendance import CancellationReason
from rupture_watch.gateway.mapping.profile import InvalidMapping, load, parse


def test_a_file_changes_what_it_names_and_keeps_the_rest() -> None:
    profile = parse('source = "/clinic"\n[fhir.appointment_status]\nseen = "attended"')
    assert profile.source == "/clinic"
    assert profile.fhir.appointment_status["seen"].status == "attended"
    assert profile.fhir.appointment_status["noshow"].initiator == "client"


def test_a_file_may_do_without_presets() -> None:
    profile = parse('presets = ["hl7v2"]')
    assert profile.fhir.appointment_status == {}
    assert profile.hl7v2.triggers["S26"].status == "no_show"
    assert profile.codes == {}


def test_the_preset_knows_every_cancellation_reason_of_hl7() -> None:
    system = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
    ours = {"illness", "holiday", "clinic_closure", "transport"}
    assert set(load().reasons[system]) == set(get_args(CancellationReason)) - ours


def test_the_preset_maps_items_that_their_instruments_have() -> None:
    registry = Registry.default()
    for name, form in load().instruments.items():
        codes = registry.codes(name)
        assert codes is not None
        numbered = {code for code, _, _ in codes.items if code.isdecimal()}
        assert set(form.items.values()) == numbered
        low, high = registry.get(name).items.low, registry.get(name).items.high  # type: ignore[union-attr]
        assert {low, high} <= set(form.answers.values())


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("source = 7", "source"),
        ('timezone = "Mars/Olympus"', "timezone"),
        ('timezone = "../etc/passwd"', "timezone"),
        ('sessions = "week"', "sessions"),
        ("colour = 1", "colour"),
        ('[fhir.appointment_status]\nx = "gone"', "fhir.appointment_status.x"),
        ('[reasons.local]\nx = { initiator = "therapist" }', "reasons.local.x"),
        ("[instruments.SRS]\nitems = { a = 1 }", "instruments.SRS.items.a"),
        ("[assume]\ncancelled_notice_hours = -1", "assume.cancelled_notice_hours"),
        ('presets = ["hl7v3"]', "presets"),
        ("= 1", "no TOML"),
    ],
)
def test_a_mapping_that_will_not_do_is_refused_by_its_field(text: str, field: str) -> None:
    with pytest.raises(InvalidMapping) as caught:
        parse(text)
    assert field in str(caught.value)
