"""The models and the published JSON Schemas judge alike."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from rupture_watch.contracts.examples import examples
from rupture_watch.contracts.reading import Rejected, read, read_line
from rupture_watch.contracts.reasons import Reason
from tests.contract.events import bad_event, good_event, record

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = 1_000
BEYOND_SCHEMAS = {Reason.FROM_THE_FUTURE, Reason.TOO_LATE, Reason.TOO_LARGE, Reason.BAD_JSON}

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def _day_exists(value: object) -> bool:
    """Judge what the pattern cannot: whether the calendar has the day."""
    return not isinstance(value, str) or bool(date.fromisoformat(value[:10]))


@pytest.fixture(scope="module")
def schema(repository: Path) -> Draft202012Validator:
    content = json.loads((repository / "schemas" / "event.v1.schema.json").read_text())
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content, format_checker=formats)


def verdict(event: dict[str, Any]) -> Reason | None:
    try:
        read_line(json.dumps(event).encode())
    except Rejected as refused:
        return refused.reason
    return None


def test_generated_good_events_are_accepted_by_both(schema: Draft202012Validator) -> None:
    random = Random(20250301)
    for number in range(EVENTS):
        event = good_event(random)
        errors = [error.message for error in schema.iter_errors(event)]
        assert (verdict(event), errors) == (None, []), (number, event)


def test_generated_bad_events_are_judged_alike(schema: Draft202012Validator) -> None:
    random = Random(20250302)
    reasons: Counter[str] = Counter()
    for number in range(EVENTS):
        event = bad_event(random)
        reason = verdict(event)
        reasons[reason or "accepted"] += 1
        if reason not in BEYOND_SCHEMAS:
            assert schema.is_valid(event) == (reason is None), (number, reason, event)
    assert reasons["accepted"] < EVENTS / 2, reasons
    wanted = {
        Reason.NOT_CLOUDEVENT,
        Reason.UNKNOWN_TYPE,
        Reason.UNKNOWN_VERSION,
        Reason.INVALID,
        Reason.UNKNOWN_INSTRUMENT,
        Reason.OUT_OF_RANGE,
    }
    assert wanted <= set(reasons), reasons


def test_both_kafka_modes_make_the_same_fact_of_an_event() -> None:
    random = Random(20250303)
    for _ in range(EVENTS):
        event = {name: value for name, value in good_event(random).items() if value is not None}
        key, value, headers = record(event)
        structured = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
        line = json.dumps(event).encode()
        assert read(key, value, headers) == read(key, line, structured) == read_line(line)


def test_the_examples_are_judged_alike(schema: Draft202012Validator) -> None:
    for name, lines in examples().items():
        for line in lines.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                assert name == "bad"
                continue
            reason = verdict(event)
            if reason not in BEYOND_SCHEMAS:
                assert schema.is_valid(event) == (reason is None), line
