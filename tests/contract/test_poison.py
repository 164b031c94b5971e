"""Every kind of bad record is refused with its reason, and says nothing of what it held."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.contracts.reading import Reader, Rejected, read, read_line
from rupture_watch.contracts.reasons import Reason, Stage
from rupture_watch.contracts.ticks import read_tick
from tests.contract.events import REGISTRY
from tests.contract.poison import DATA, KEY, POISON, STRUCTURED, Poison, data, headers, structured

CANARY: Final = "Zebedee-Canary"
FROM_READING: Final = set(Reason) - {Reason.RULE_ERROR, Reason.STATE_TOO_LARGE}


def refusal(poison: Poison) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read(poison.key, poison.value, poison.headers, expected=poison.expected)
    return caught.value


@pytest.mark.parametrize("poison", POISON, ids=lambda poison: poison.name)
def test_each_poison_is_refused_with_its_reason(poison: Poison) -> None:
    refused = refusal(poison)
    assert refused.reason == poison.reason, refused.message
    assert refused.message
    assert refused.kind
    assert refused.stage in Stage


def test_the_corpus_is_large_and_covers_every_reason_of_reading() -> None:
    assert len(POISON) >= 60
    assert {poison.reason for poison in POISON} == FROM_READING


def test_the_record_that_the_poison_is_made_from_is_good() -> None:
    plain = read(KEY, data(), headers())
    assert plain == read(KEY, json.dumps(structured()).encode(), STRUCTURED)
    assert plain.fact.event_id == "form-1"


CARRIERS: Final[list[dict[str, Any]]] = [
    *({**structured(), name: CANARY + " é"} for name in structured() if name != "data"),
    *(structured(data={**DATA, name: CANARY}) for name in DATA),
    structured(data={**DATA, CANARY: CANARY, "total": "x"}),
    structured(data={**DATA, "scores": {CANARY: 3}}),
    structured(data={**DATA, "scores": {CANARY: CANARY}}),
    structured(data={**DATA, "items": {CANARY: 1e300}}),
    structured(data={**DATA, "instrument": CANARY}),
    structured(data={**DATA, "scores": {"goals": CANARY}}),
    structured(data=CANARY),
    structured(data=[CANARY]),
    structured(data=None, data_base64=CANARY),
]


@pytest.mark.parametrize("event", CARRIERS, ids=range(len(CARRIERS)))
def test_a_refusal_never_shows_a_value(event: dict[str, Any]) -> None:
    line = json.dumps(event).encode()
    assert CANARY.encode() in line
    with pytest.raises(Rejected) as caught:
        read(CANARY.encode(), line, STRUCTURED)
    shown = f"{caught.value!r} {caught.value.kind} {caught.value.message} {vars(caught.value)}"
    assert CANARY.lower() not in shown.lower()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@given(
    st.none() | st.binary(max_size=40),
    st.none() | st.binary(max_size=200),
    st.lists(
        st.tuples(
            st.sampled_from([name for name, _ in headers()]) | st.text(max_size=12),
            st.none() | st.binary(max_size=40) | st.sampled_from([v for _, v in headers()]),
        ),
        max_size=10,
    ),
)
def test_no_record_raises_anything_but_a_refusal(
    key: bytes | None, value: bytes | None, pairs: list[tuple[str, bytes | None]]
) -> None:
    with pytest.raises(Rejected) as caught:
        read(key, value, pairs)
    assert caught.value.reason in FROM_READING


@given(st.binary(max_size=400))
def test_no_value_behind_good_headers_raises_anything_but_a_refusal(value: bytes) -> None:
    with pytest.raises(Rejected):
        read(KEY, value, headers())
    with pytest.raises(Rejected):
        read_line(value)
    with pytest.raises(Rejected):
        read_tick(value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["SRS", "client", "bond", "2025-09-01T14:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.sampled_from(list(DATA)), json_values, st.sampled_from(list(structured())), json_values)
def test_any_json_in_any_field_is_accepted_or_refused(
    field: str, value: Any, attribute: str, text: Any
) -> None:
    reader = Reader(REGISTRY)
    for event in (
        structured(data={**DATA, field: value}),
        structured(**{attribute: text}),
    ):
        try:
            incoming = reader.read_line(json.dumps(event).encode())
        except Rejected as refused:
            assert refused.reason in FROM_READING  # noqa: PT017 - acceptance is as good
        else:
            assert incoming.case == event["subject"]
