"""The published schemas are those of the models, and hold what was promised before."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from rupture_watch.contracts import schemas
from rupture_watch.contracts.examples import by_type, examples, refused
from rupture_watch.contracts.inputs import INPUTS
from rupture_watch.contracts.reading import Rejected, read_line
from rupture_watch.contracts.topics import INPUT_TYPES, OUTPUT_TYPES, Channel
from rupture_watch.contracts.writing import schema_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(repository: Path) -> Path:
    return repository / "schemas"


@pytest.fixture
def document(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((folder / "asyncapi.yaml").read_text())
    return content


def test_the_committed_files_are_those_that_the_models_make(folder: Path, tmp_path: Path) -> None:
    made = schemas.write(tmp_path)
    committed = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    committed = {path for path in committed if path.name != "openapi.yaml"}
    assert committed == {path.relative_to(tmp_path) for path in made}
    for path in made:
        name = path.relative_to(tmp_path)
        assert (folder / name).read_bytes() == path.read_bytes(), (
            f"run `rupture-watch schemas`: {name}"
        )


def test_every_type_of_the_contract_has_a_schema_under_its_own_id(folder: Path) -> None:
    types = {name for one in (INPUT_TYPES, OUTPUT_TYPES) for some in one.values() for name in some}
    for name in types:
        schema = json.loads((folder / f"{name}.schema.json").read_text())
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == schema_id(name)


def test_every_input_type_is_read_and_has_an_example() -> None:
    types = {name for some in INPUT_TYPES.values() for name in some}
    assert set(INPUTS) == types == {name.value for name in by_type()}


def test_a_form_is_held_against_its_instrument_by_the_schema_alone(folder: Path) -> None:
    path = folder / "org.rupturewatch.session.rated.v1.schema.json"
    schema = Draft202012Validator(json.loads(path.read_text()))
    form = {"session_id": "s", "instrument": "SRS", "respondent": "client"}
    assert schema.is_valid({**form, "scores": {"goals": 10}})
    assert not schema.is_valid({**form, "scores": {"goals": 10.5}})
    assert not schema.is_valid({**form, "scores": {"bond": 9}})
    assert not schema.is_valid({**form, "total": 41})
    assert not schema.is_valid({**form, "instrument": "SRS-9", "total": 4})
    assert not schema.is_valid(form)


def test_committed_examples_are_still_read(folder: Path) -> None:
    files = {path.stem: path.read_bytes() for path in (folder / "examples").glob("*.jsonl")}
    assert set(files) >= {"a_v_that_repairs", "bad", "session.rated.v1"}
    for name, content in files.items():
        if name != "bad":
            assert [read_line(line).fact for line in content.splitlines()]


def test_what_was_ever_accepted_is_accepted_still(repository: Path, folder: Path) -> None:
    """Lines of ``kept`` are only ever added, with each release: evolution is additive."""
    schema = Draft202012Validator(json.loads((folder / "event.v1.schema.json").read_text()))
    kept = list((repository / "tests" / "contract" / "kept").glob("*.jsonl"))
    assert kept
    for line in (line for path in kept for line in path.read_bytes().splitlines()):
        assert read_line(line).fact
        assert schema.is_valid(json.loads(line))


def test_each_line_of_the_bad_example_is_refused_for_another_reason() -> None:
    lines = examples()["bad"].splitlines()
    assert len(lines) == len(refused())
    for line, (reason, _) in zip(lines, refused(), strict=True):
        with pytest.raises(Rejected) as caught:
            read_line(line.encode())
        assert caught.value.reason == reason
    assert len({reason for reason, _ in refused()}) == len(lines)


def test_asyncapi_s_own_parser_reads_the_document_without_a_remark(
    repository: Path, folder: Path, program: Callable[[str], str]
) -> None:
    script = repository / "tests" / "contract" / "asyncapi.js"
    command = [program("node"), str(script), str(folder / "asyncapi.yaml")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["problems"] == []
    assert found["version"] == "3.1.0"
    channels = {
        name.removeprefix("{prefix}"): set(types) for name, types in found["channels"].items()
    }
    internal = {Channel.TICKS: {"tick"}, Channel.DEAD_LETTERS: {"dead-letter", "redriven"}}
    assert channels == {
        channel.value: set(types)
        for channel, types in {**INPUT_TYPES, **OUTPUT_TYPES, **internal}.items()
    }


def test_every_message_says_its_type_and_its_key(document: dict[str, Any]) -> None:
    for name, message in document["components"]["messages"].items():
        if name in ("tick", "dead-letter", "redriven"):
            continue
        parts = message["headers"]["allOf"]
        assert {"properties": {"ce_type": {"const": name}}} in parts
        assert message["bindings"]["kafka"]["key"]["type"] == "string"


def test_the_document_takes_an_example_of_each_type_for_its_own_message_only(
    document: dict[str, Any],
) -> None:
    root = {"components": document["components"], "$schema": schemas.DIALECT}
    for event_type, events in by_type().items():
        for event in events:
            headers = {
                f"ce_{name}": str(value).lower() if isinstance(value, bool) else value
                for name, value in event.items()
                if name != "data"
            }
            matching = [
                name
                for name, message in document["components"]["messages"].items()
                if "allOf" in message.get("headers", {})
                and Draft202012Validator(root | message["headers"]).is_valid(headers)
                and Draft202012Validator(root | message["payload"]).is_valid(event["data"])
            ]
            assert matching == [event_type.value]
