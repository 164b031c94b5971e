"""What the service really says, from events to alerts, fits the published schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from rupture_watch.contracts import schemas, writing
from rupture_watch.contracts.cases import CaseLine, CaseStanding
from rupture_watch.contracts.example_story import a_v_that_repairs
from rupture_watch.contracts.findings import Alert
from rupture_watch.contracts.topics import OUTPUT_TYPES, Channel
from rupture_watch.contracts.wire import microseconds
from rupture_watch.operations.replay import Replay
from rupture_watch.operations.simulate import simulate
from rupture_watch.rulesets import load_catalogue
from tests.contract.events import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rupture_watch.effects import Message

CASES, WEEKS, SEED = 40, 20, 7


@pytest.fixture(scope="module")
def validators() -> Mapping[str, Draft202012Validator]:
    published = schemas.published(REGISTRY)
    return {name: Draft202012Validator(schema) for name, schema in published.items()}


def run(events: Iterable[dict[str, Any]]) -> tuple[list[Message], list[dict[str, Any]]]:
    replay = Replay(load_catalogue(None))
    messages = [message for one in events for message in replay.feed(msgspec.json.encode(one))]
    messages += replay.finish(microseconds("2026-12-31T00:00:00Z"))
    return messages, [json.loads(line) for line in replay.cases]


def type_of(message: Message) -> str:
    return dict(message.headers)["ce_type"].decode()


def test_the_example_of_a_v_is_raised_amended_and_repaired() -> None:
    messages, _ = run(a_v_that_repairs())
    changes = [type_of(message).split(".")[-2] for message in messages]
    assert changes[0] == "raised"
    assert changes[-1] == "repaired"
    assert set(changes) <= {"raised", "amended", "repaired"}


def test_every_alert_and_standing_of_a_clinic_fits_its_schema_and_its_model(
    validators: Mapping[str, Draft202012Validator],
) -> None:
    messages, standings = run(simulate(CASES, WEEKS, SEED))
    model = TypeAdapter(Alert)
    assert {type_of(message) for message in messages} <= OUTPUT_TYPES[Channel.ALERTS]
    assert len(messages) > CASES / 2
    for message in messages:
        data = json.loads(message.value or b"null")
        problems = [error.message for error in validators[type_of(message)].iter_errors(data)]
        assert problems == []
        assert model.validate_python(data) == data, "a field that the contract does not know"
    standing = TypeAdapter(CaseLine)
    for line in standings:
        assert standing.validate_python(line) == line


def test_every_published_standing_of_a_clinic_fits_its_schema_and_its_model(
    validators: Mapping[str, Draft202012Validator],
) -> None:
    replay = Replay(load_catalogue(None))
    for one in simulate(CASES, WEEKS, SEED):
        for _ in replay.feed(msgspec.json.encode(one)):
            pass
    standing = TypeAdapter(CaseStanding)
    opened = 0
    for key in replay.shard.cases():
        value, _ = writing.standing(replay.shard.case(key))
        data = json.loads(value)
        assert validators["org.rupturewatch.case.standing.v1"].is_valid(data)
        assert standing.validate_python(data) == data
        opened += len(data["open_alerts"])
    assert opened
