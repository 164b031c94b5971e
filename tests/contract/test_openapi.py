"""The published description of the gateway is that of its routes, and valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from rupture_watch.contracts.inputs import INPUTS
from rupture_watch.gateway import openapi
from rupture_watch.gateway.fhir_answers import MEDIA_TYPE as FHIR
from rupture_watch.gateway.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def committed(repository: Path) -> Path:
    return repository / "schemas" / openapi.FILE


@pytest.fixture
def document(committed: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(committed.read_text("utf-8"))
    return content


def test_the_committed_description_is_that_of_the_routes(committed: Path, tmp_path: Path) -> None:
    made = openapi.write(tmp_path).read_text("utf-8")
    assert committed.read_text("utf-8") == made, "run `rupture-watch schemas`"


def test_every_schema_is_one_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert name
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas


def test_every_event_type_is_described(document: dict[str, Any]) -> None:
    event = document["components"]["schemas"]["Event"]["properties"]
    assert event["type"]["enum"] == sorted(INPUTS)
    assert len(event["data"]["anyOf"]) == len(INPUTS)


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and path not in ("/token", "/readyz"):
                    media = set(answer["content"]) - {FHIR}
                    assert media == {MEDIA_TYPE}, (path, status)
                    assert (FHIR in answer["content"]) == path.startswith("/fhir")


def test_every_way_in_asks_for_a_key(document: dict[str, Any]) -> None:
    open_doors = {"/livez", "/readyz", "/metrics", "/token", "/cds-services"}
    open_doors |= {"/.well-known/smart-configuration", "/fhir/metadata"}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert bool(operation.get("security")) == (path not in open_doors), path
    assert len(open_doors & document["paths"].keys()) == len(open_doors)


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [one for child in node.values() for one in _references(child)]
    if isinstance(node, list):
        return [one for child in node for one in _references(child)]
    return []
