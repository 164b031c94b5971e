"""The published schemas, made from the models: JSON Schema 2020-12 of each type and of an event.

What a schema cannot say is judged by the service only: the clocks (``from_the_future``,
``too_late``), the size (``too_large``), the Kafka key (``key_mismatch``), JSON inside of
``data_base64``, and that a day exists where ``format`` is taken as a remark.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts.asyncapi import document
from rupture_watch.contracts.cases import CaseStanding, SafetyItem
from rupture_watch.contracts.envelope import StructuredEvent
from rupture_watch.contracts.examples import examples
from rupture_watch.contracts.findings import Alert
from rupture_watch.contracts.inputs import INPUTS
from rupture_watch.contracts.rulesets import RuleSetUsed
from rupture_watch.contracts.topics import OUTPUT_TYPES, Channel, EventType
from rupture_watch.contracts.writing import schema_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
EVENT: Final = "event.v1"

MODELS: Final[Mapping[str, Any]] = {
    **{name: one.model for name, one in INPUTS.items()},
    **dict.fromkeys(sorted(OUTPUT_TYPES[Channel.ALERTS]), Alert),
    EventType.CASE_STANDING.value: CaseStanding,
    EventType.SAFETY_ITEM.value: SafetyItem,
    EventType.RULESET_USED.value: RuleSetUsed,
}


class _Plain(GenerateJsonSchema):
    """Schemas without titles that only repeat a field's name, and with Markdown code marks."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's hook
        return False

    def typed_dict_schema(self, schema: Any) -> Schema:
        made = super().typed_dict_schema(schema)
        if "description" in made:
            made["description"] = made["description"].replace("``", "`")
        return made


def data_schemas(ref_template: str) -> tuple[dict[str, Schema], Schema]:
    """Return the schema of each type's data, and the definitions they refer to."""
    inputs = [(name, "validation", TypeAdapter(model)) for name, model in MODELS.items()]
    by_name, shared = TypeAdapter.json_schemas(
        inputs,  # type: ignore[arg-type]
        ref_template=ref_template,
        schema_generator=_Plain,
    )
    return {key[0]: schema for key, schema in by_name.items()}, shared.get("$defs", {})


def form_rules(registry: Registry) -> list[Schema]:
    """Return what the registry says of each instrument's codes and ranges."""
    rules: list[Schema] = [
        {"properties": {"instrument": {"enum": sorted(one.code for one in registry)}}}
    ]
    for instrument in registry:
        codes = registry.codes(instrument.code)
        assert codes is not None  # noqa: S101 - of the same registry
        low, high = codes.total
        rules.append(
            {
                "if": {"properties": {"instrument": {"const": instrument.code}}},
                "then": {
                    "properties": {
                        "scores": _codes(codes.scores),
                        "items": _codes(codes.items),
                        "total": {"minimum": low, "maximum": high},
                    }
                },
            }
        )
    return rules


def _codes(codes: Iterable[tuple[str, float, float]]) -> Schema:
    """Return the closed set of codes, grouped by their range."""
    ranges = groupby(codes, key=lambda code: code[1:])
    return {
        "patternProperties": {
            f"^({'|'.join(name for name, _, _ in group)})$": {"minimum": low, "maximum": high}
            for (low, high), group in ranges
        },
        "additionalProperties": False,
    }


def published(registry: Registry) -> dict[str, Schema]:
    """Return every JSON Schema by its name: one per type, and that of a whole input event."""
    by_type, shared = data_schemas("#/$defs/{model}")
    made = {}
    for name, schema in by_type.items():
        made[name] = {"$schema": DIALECT, "$id": schema_id(name), **_inlined(schema, shared)}
    form = made[EventType.SESSION_RATED.value]
    form["allOf"] = form_rules(registry)
    made[EVENT] = _event({name: made[name] for name in INPUTS})
    return made


def _inlined(schema: Schema, shared: Schema) -> Schema:
    """Return a schema on its own, with just the definitions that it needs."""
    if "$ref" in schema:
        schema = shared[schema["$ref"].rpartition("/")[2]]
    needed: dict[str, Schema] = {}
    pending = [schema]
    while pending:
        for name in _references(pending.pop()):
            if name not in needed:
                needed[name] = shared[name]
                pending.append(shared[name])
    return {**schema, **({"$defs": dict(sorted(needed.items()))} if needed else {})}


def _references(node: Any) -> Iterable[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].rpartition("/")[2]
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def _event(inputs: Mapping[str, Schema]) -> Schema:
    """Return the schema of a structured event of any input type, the data schemas bundled."""
    envelope = TypeAdapter(StructuredEvent).json_schema(schema_generator=_Plain)
    envelope["properties"]["type"] = {"enum": list(inputs)}
    data, encoded, null = {"type": "object"}, {"type": "string"}, {"type": "null"}
    plain = {"required": ["data"], "properties": {"data": data, "data_base64": null}}
    base64 = {"required": ["data_base64"], "properties": {"data": null, "data_base64": encoded}}
    return {
        "$schema": DIALECT,
        "$id": schema_id(EVENT),
        **envelope,
        "oneOf": [plain, base64],
        "allOf": [
            {
                "if": {"properties": {"type": {"const": name}}},
                "then": {"properties": {"data": {"anyOf": [null, {"$ref": schema_id(name)}]}}},
            }
            for name in inputs
        ],
        "$defs": dict(inputs),
    }


def files(registry: Registry | None = None) -> dict[str, str]:
    """Return every published file by its path below ``schemas/``."""
    registry = registry or Registry.default()
    made = {
        f"{name}.schema.json": json.dumps(schema, indent=2) + "\n"
        for name, schema in published(registry).items()
    }
    by_type, shared = data_schemas("#/components/schemas/{model}")
    made["asyncapi.yaml"] = document(by_type, shared, form_rules(registry))
    made.update({f"examples/{name}.jsonl": text for name, text in examples().items()})
    return made


def write(folder: Path, registry: Registry | None = None) -> list[Path]:
    """Write every published file below ``folder``; return their paths."""
    written = []
    for name, text in files(registry).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
