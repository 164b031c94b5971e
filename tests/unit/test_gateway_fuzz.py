"""Whatever is sent, the mapping answers: an event of the contract, or a reason without a value."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rupture_watch.contracts.wire import microseconds
from rupture_watch.gateway.mapping.mapper import Mapper, guess
from rupture_watch.gateway.mapping.profile import load
from rupture_watch.gateway.mapping.pseudonyms import Keyring
from tests.ehr_bodies import (
    CANARY,
    PATIENT,
    appointment,
    body,
    bundle,
    encounter,
    event,
    notification,
    observation,
    response,
    siu,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rupture_watch.gateway.mapping.verdict import Mapped

MAPPER = Mapper(load(), Keyring.example())
RECEIVED = microseconds("2026-03-02T12:00:00Z")
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e300,
    2**70,
    "",
    CANARY,
    "\ud800",
    "0",
    "NaN",
    "2026-03-02",
    "2026-13-45T99:99:99Z",
    "urn:uuid:",
    "http://",
    "Patient/",
    [],
    [[]],
    {},
    [None],
    {"": {}},
    [{"coding": "x"}],
    {"coding": [[], None, {"code": 7}]},
    {"reference": 7},
    {"reference": ["Patient/1"]},
)
CARD = "0123456789abcdef0123456789abcdef"
FHIR = (
    appointment(),
    appointment(status="cancelled", cancelationReason={"coding": [{"system": "s", "code": "c"}]}),
    encounter(appointment=[{"reference": "Appointment/1"}]),
    response(),
    observation(valueCodeableConcept={"coding": [{"code": "LA6568-5"}]}),
    bundle(appointment(), encounter(), response(), observation()),
    notification(3, encounter(), focus=f"Encounter/{CANARY}-e1"),
    notification(3, kind="heartbeat"),
)
OTHERS = (
    event(),
    [event("a"), event("b", data_={"session_id": "s", CANARY: CANARY})],
    {"hook": "patient-view", "hookInstance": "h", "context": {"patientId": PATIENT}},
    {
        "feedback": [
            {"card": CARD, "outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z"}
        ]
    },
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    children = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, child in children:
        found += _places(child, (*path, key))
    return found


def _mutated(value: Any, seed: int) -> Any:
    """Return a copy with some places deleted, replaced, wrapped, doubled or swapped."""
    dice = random.Random(seed)
    value = copy.deepcopy(value)
    for _ in range(dice.randint(1, 5)):
        places = _places(value)
        if not places:
            break
        *way, last = dice.choice(places)
        holder = value
        for step in way:
            holder = holder[step]
        change = dice.randrange(5)
        if change == 0:
            del holder[last]
        elif change == 1:
            holder[last] = copy.deepcopy(dice.choice(ODD))
        elif change == 2:
            holder[last] = [holder[last]]
        elif change == 3:
            holder[last] = [holder[last], copy.deepcopy(holder[last])]
        elif isinstance(holder, dict):
            holder[dice.choice(list(holder))] = copy.deepcopy(holder[last])
    return value


def _json(value: Any) -> bytes:
    return body(value)


def _xml(value: Any) -> bytes:
    """Write a resource as FHIR's XML would, with whatever stands in it."""

    def write(name: str, node: Any) -> str:
        if not name.isidentifier():
            return ""
        if isinstance(node, list):
            return "".join(write(name, one) for one in node)
        if not isinstance(node, dict):
            text = str(node).encode("utf-8", "replace").decode()
            return f"<{name} value={quoteattr(text)}/>"
        inner = "".join(write(key, one) for key, one in node.items() if key != "resourceType")
        kind = node.get("resourceType")
        if isinstance(kind, str) and kind.isidentifier():
            inner = f'<{kind} xmlns="http://hl7.org/fhir">{inner}</{kind}>'
            return inner if name == "root" else f"<{name}>{inner}</{name}>"
        return f"<{name}>{inner}</{name}>"

    return write("root", value).encode()


def _holds(mapped: Mapped) -> None:
    """Every event is the contract's, every reason is told without a value."""
    assert len(mapped.verdicts) >= len(mapped.events)
    for one in mapped.events:
        line = msgspec.json.encode(one)
        MAPPER.reader.read_line(line)
        assert CANARY.encode() not in line
    for verdict in mapped.verdicts:
        assert (verdict.outcome == "mapped") == (verdict.reason is None)
        assert CANARY not in str(verdict)


@pytest.mark.parametrize("write", [_json, _xml], ids=["JSON", "XML"])
@given(index=st.integers(0, len(FHIR) - 1), seed=st.integers(0, 2**32))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_broken_resource_is_mapped_or_refused(
    write: Callable[[Any], bytes], index: int, seed: int
) -> None:
    text = write(_mutated(FHIR[index], seed))
    _holds(MAPPER.fhir(MAPPER.run(RECEIVED), text))


@given(index=st.integers(0, len(OTHERS) - 1), seed=st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_a_broken_event_or_request_is_taken_or_refused(index: int, seed: int) -> None:
    text = body(_mutated(OTHERS[index], seed))
    _holds_but_pseudonyms(MAPPER.cloudevents(MAPPER.run(), text))
    _holds(MAPPER.cds_hooks(MAPPER.run(), text, lambda _alert: "case-1"))


def _holds_but_pseudonyms(mapped: Mapped) -> None:
    """An event of the contract brings its own pseudonyms, whatever these are."""
    for one in mapped.events:
        MAPPER.reader.read_line(msgspec.json.encode(one))


@given(
    trigger=st.sampled_from(["S12", "S13", "S14", "S15", "S16", "S17", "S26", "A08", ""]),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=400, deadline=None)
def test_a_broken_message_is_mapped_or_refused(trigger: str, seed: int) -> None:
    dice = random.Random(seed)
    text = bytearray(siu(trigger).encode())
    for _ in range(dice.randint(1, 12)):
        place = dice.randrange(len(text) + 1)
        change = dice.randrange(3)
        if change == 0:
            del text[place : place + dice.randint(1, 9)]
        elif change == 1:
            text[place:place] = dice.choice(
                [b"|", b"^", b"\r", b"~", b"\\T\\", b"\xff", b"\n\n", b"0"]
            )
        else:
            text[place : place + 1] = bytes([dice.randrange(256)])
    _holds(MAPPER.hl7v2(MAPPER.run(RECEIVED), bytes(text)))


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_have_an_answer_in_every_format(text: bytes) -> None:
    guess(text)
    for mapped in (
        MAPPER.fhir(MAPPER.run(), text),
        MAPPER.hl7v2(MAPPER.run(), text),
        MAPPER.cloudevents(MAPPER.run(), text),
        MAPPER.cds_hooks(MAPPER.run(), text),
    ):
        assert mapped.verdicts
        assert mapped.events == []


@pytest.mark.parametrize(
    "opening", [b"[", b'{"a":', b'{"item":[', b"<a xmlns='http://hl7.org/fhir'>"]
)
def test_any_depth_has_an_answer(opening: bytes) -> None:
    text = opening * 20_000
    assert MAPPER.fhir(MAPPER.run(), text).verdicts[0].outcome == "refused"
    assert MAPPER.cloudevents(MAPPER.run(), text).verdicts[0].outcome == "refused"


@pytest.mark.parametrize("depth", [10, 300, 900])
def test_a_form_nested_to_any_depth_has_an_answer(depth: int) -> None:
    deep = b'[{"item":' * depth + b"[]" + b"}]" * depth
    text = body(response(item="deep")).replace(b'"deep"', deep)
    assert MAPPER.fhir(MAPPER.run(), text).verdicts
