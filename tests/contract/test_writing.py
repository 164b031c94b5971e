"""What is written is canonical: the same content is always the same bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from rupture_watch.alliance.facts import Form
from rupture_watch.alliance.telling import AlertEvent
from rupture_watch.contracts import schemas, writing
from rupture_watch.contracts.cases import SafetyItem
from rupture_watch.contracts.findings import Alert
from rupture_watch.contracts.reading import read_line
from rupture_watch.contracts.wire import microseconds
from tests.contract.events import REGISTRY
from tests.contract.poison import DATA, structured

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ALERT: dict[str, Any] = {
    "alert_id": "0f" * 16,
    "revision": 2,
    "state": "open",
    "reason": "new_evidence",
    "severity": 3,
    "rupture_type": "withdrawal",
    "lead": "A5",
    "findings": [
        {
            "rule": "falling-bond",
            "rule_version": "1.0.0",
            "concept": {"id": "A5", "section": "Introduction"},
            "type": "withdrawal",
            "source": "ratings",
            "severity": 3,
            "status": "holds",
            "trigger": {
                "kind": "form",
                "fact": "s-7/SRS/client",
                "session_id": "s-7",
                "time": "2025-10-13T14:50:00Z",
            },
            "evidence": [
                {
                    "fact": "s-7/SRS/client",
                    "time": "2025-10-13T14:50:00Z",
                    "measure": "bond",
                    "value": 5.9,
                    "baseline": 9.2,
                    "spread": 0.7,
                    "z": -4.5,
                }
            ],
            "statement": "The bond rating fell over the last three rated sessions.",
        }
    ],
    "ruleset": "3f5a0d1c9be2477d",
    "missing": [{"what": "client_form", "fact": "a-6", "time": "2025-10-06T14:00:00Z"}],
    "late": [],
    "headline": "The bond rating fell.",
    "considerations": ["Worth asking about the last session?"],
    "clears_when": "The rating regains half of its fall.",
    "causation": ["form-7"],
}

json_numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(
    allow_nan=False, allow_infinity=False
)
json_values = st.recursive(
    st.none() | st.booleans() | json_numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_canonical_json_says_the_same_as_the_value(value: Any) -> None:
    assert json.loads(writing.canonical(value)) == value


@given(json_values)
def test_canonical_json_of_what_was_read_again_is_the_same(value: Any) -> None:
    written = writing.canonical(value)
    assert writing.canonical(json.loads(written)) == written


@given(st.dictionaries(st.text(), json_values, max_size=6), st.randoms())
def test_the_order_of_keys_changes_nothing(value: dict[str, Any], random: Any) -> None:
    keys = list(value)
    random.shuffle(keys)
    assert writing.canonical({key: value[key] for key in keys}) == writing.canonical(value)


def test_three_and_three_point_nought_are_the_same_bytes() -> None:
    assert writing.canonical([3.0, -0.0, 36.4, 1e16]) == b"[3,0,36.4,1e16]"
    assert writing.canonical((3, {"b": 1, "a": "é"})) == '[3,{"a":"é","b":1}]'.encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_lacks_is_never_written(number: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinite"):
        writing.canonical({"evidence": [{"value": number}]})


def test_an_alert_is_named_by_its_id_and_revision() -> None:
    time = microseconds("2025-10-13T14:50:00Z")
    event = AlertEvent("amended", ALERT["alert_id"], 2, "case-1", time, ALERT)
    value, headers = writing.alert(event, TRACE)
    assert value == writing.canonical(ALERT)
    assert dict(headers) == {
        "ce_specversion": b"1.0",
        "ce_id": f"{ALERT['alert_id']}-2".encode(),
        "ce_source": b"/rupture-watch",
        "ce_type": b"org.rupturewatch.alert.amended.v1",
        "ce_subject": b"case-1",
        "ce_time": b"2025-10-13T14:50:00Z",
        "ce_dataschema": b"urn:rupture-watch:schema:org.rupturewatch.alert.amended.v1",
        "ce_traceparent": TRACE.encode(),
        "content-type": b"application/json",
    }


def test_the_structured_line_holds_the_same_event_with_sorted_keys() -> None:
    time = microseconds("2025-10-13T14:50:00.25Z")
    event = AlertEvent("raised", ALERT["alert_id"], 1, "case-1", time, ALERT)
    value, headers = writing.alert(event, None)
    line = writing.structured(value, headers)
    content = json.loads(line)
    assert list(content) == sorted(content)
    assert content["data"] == ALERT
    assert content["time"] == "2025-10-13T14:50:00.250000Z"
    assert content["datacontenttype"] == "application/json"
    assert line == writing.canonical(content)


def test_a_tombstone_has_a_structured_line_too() -> None:
    assert writing.structured(None, [("ce_subject", b"case-1")]) == b'{"subject":"case-1"}'


def test_an_alert_is_held_by_its_model_and_its_schema_alike() -> None:
    validator = Draft202012Validator(
        schemas.published(REGISTRY)["org.rupturewatch.alert.raised.v1"]
    )
    model = TypeAdapter(Alert)
    assert model.validate_python(ALERT) == ALERT
    assert validator.is_valid(ALERT)
    bare = {"alert_id": "0f" * 16, "revision": 3, "reason": "late_data", "findings": []}
    assert validator.is_valid({**bare, "state": "retracted"})
    assert not validator.is_valid({**bare, "state": "open"})


def test_a_safety_event_says_which_item_and_never_its_value() -> None:
    items = {str(number): 2 for number in range(1, 10)}
    data = {name: value for name, value in DATA.items() if name != "scores"}
    event = structured(data={**data, "instrument": "PHQ-9", "items": items})
    fact = read_line(json.dumps(event).encode()).fact
    assert isinstance(fact, Form)
    value, headers = writing.safety_item("case-1", fact, 9)
    assert TypeAdapter(SafetyItem).validate_json(value) == {
        "form": "s-1/PHQ-9/client",
        "session_id": "s-1",
        "instrument": "PHQ-9",
        "respondent": "client",
        "item": 9,
        "time": "2025-09-01T14:50:00Z",
    }
    assert (value, headers) == writing.safety_item("case-1", fact, 9)
    assert dict(headers)["ce_id"] != dict(writing.safety_item("case-1", fact, 8)[1])["ce_id"]
