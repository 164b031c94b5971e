"""Requests made up from the gateway's own description: no 5xx, nothing that is not described."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks

from rupture_watch.gateway.app import build
from tests.gateway_edge import URL, put_together

if TYPE_CHECKING:
    from schemathesis import BaseSchema, Case

load_all_checks()
CHECKS = schemathesis.checks.CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "unsupported_method",
    ]
)
FILE = Path(__file__).parents[2] / "schemas" / "openapi.yaml"
OPERATIONS = [
    (path, method)
    for path, operations in yaml.safe_load(FILE.read_text("utf-8"))["paths"].items()
    for method in operations
]


class Described(NamedTuple):
    """The description as the application serves it, and a key to get in with."""

    schema: BaseSchema
    key: str


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Described:
    since = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    edge, _, key = put_together(tmp_path_factory.mktemp("gateway"), since)
    return Described(schemathesis.openapi.from_asgi("/openapi.json", build(edge, URL)), key)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(
    ("path", "method"), OPERATIONS, ids=[f"{method} {path}" for path, method in OPERATIONS]
)
def test_a_made_up_request_is_answered_as_described(
    path: str, method: str, mode: GenerationMode, described: Described
) -> None:
    operation = described.schema[path][method.upper()]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    def answered(case: Case[Any]) -> None:
        case.call_and_validate(headers={"X-Api-Key": described.key}, checks=CHECKS)  # type: ignore[arg-type] # as it names them

    try:
        answered()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # a request without parts cannot be wrong
