"""The OpenAPI description of the gateway, with the events of the contract in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from rupture_watch.contracts.inputs import INPUTS
from rupture_watch.contracts.schemas import data_schemas
from rupture_watch.gateway.problems import ProblemDetails

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "openapi.yaml"
_REFERENCE: Final = "#/components/schemas/{model}"


def completed(description: dict[str, Any]) -> dict[str, Any]:
    """Return FastAPI's description with the models of the contract, and without its own 422."""
    by_type, shared = data_schemas(_REFERENCE)
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(shared)
    schemas["ProblemDetails"] = ProblemDetails.model_json_schema(ref_template=_REFERENCE)
    schemas["ProblemDetails"].pop("$defs", None)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Event"] = {
        "type": "object",
        "description": "A structured CloudEvent of the contract; `schemas/` holds it in full.",
        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string"},
            "source": {"type": "string"},
            "type": {"enum": sorted(INPUTS)},
            "subject": {"type": "string", "description": "The pseudonym of the case."},
            "time": {"type": "string", "format": "date-time"},
            "recordedtime": {"type": "string", "format": "date-time"},
            "backfill": {"type": "boolean"},
            "traceparent": {"type": "string"},
            "datacontenttype": {"const": "application/json"},
            "data": {"anyOf": [by_type[name] for name in sorted(INPUTS)]},
        },
    }
    return description


def text() -> str:
    """Return the description as it is published."""
    from rupture_watch.gateway.app import build  # noqa: PLC0415 - the two describe each other

    return yaml.safe_dump(build(None).openapi(), sort_keys=False, width=100)


def write(folder: Path) -> Path:
    """Write the description below a folder; return its path."""
    path = folder / FILE
    path.write_text(text(), encoding="utf-8")
    return path
