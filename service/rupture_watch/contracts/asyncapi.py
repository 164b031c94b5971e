"""The AsyncAPI document: every topic, what it carries and how it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import yaml
from pydantic import TypeAdapter

from rupture_watch.contracts.envelope import HeaderAttributes
from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import (
    DEFAULT_PREFIX,
    INPUT_TYPES,
    OUTPUT_TYPES,
    Channel,
    EventType,
)
from rupture_watch.contracts.writing import SOURCE, schema_id

if TYPE_CHECKING:
    from collections.abc import Mapping

Node: TypeAlias = dict[str, Any]

VERSION: Final = "3.1.0"
KAFKA_BINDING: Final = "0.5.0"

_ABOUT: Final = """\
Everything on these topics is a CloudEvents 1.0 event, except ticks and dead letters. The messages
below show Kafka's binary content mode: attributes as `ce_*` headers, data as the value. Structured
mode is read as well: `content-type` starting with `application/cloudevents`, the event as the
value (`event.v1.schema.json`). The record's key is the event's `subject`, the pseudonym of a case
(of rule sets: the hash that alerts name); the partitioner is murmur2. Identifiers are pseudonyms
made by the sender; no name and no free text is ever accepted. Unknown fields are ignored within a
version.
"""

_CHANNELS: Final[Mapping[Channel, tuple[str, str]]] = {
    Channel.RATINGS: ("Filled forms of any instrument.", "delete"),
    Channel.ATTENDANCE: ("What became of appointments.", "delete"),
    Channel.FRAME: ("Events of the frame, tags of sessions, endings of cases.", "delete"),
    Channel.REVIEWS: ("What clinicians did with alerts.", "delete"),
    Channel.TICKS: ("The virtual clock, one record per partition. Internal.", "delete"),
    Channel.ALERTS: ("Questions about the alliance, one open at a time per case.", "delete"),
    Channel.CASES: ("The present standing of each case; a null value erases it.", "compact"),
    Channel.SAFETY: ("A risk item was marked: which, never how.", "delete"),
    Channel.RULESETS: ("Each change of the rule set, whole; the key is its hash.", "delete"),
    Channel.DEAD_LETTERS: ("What was refused: key and value untouched.", "delete"),
}


def document(
    schemas: Mapping[str, Node], shared: Mapping[str, Node], form_rules: list[Node]
) -> str:
    """Return the document as YAML.

    ``schemas`` are those of the data by type, ``shared`` what they refer to below
    ``#/components/schemas``, ``form_rules`` what holds for forms besides.
    """
    components = {name: dict(schema) for name, schema in shared.items()}
    messages = {}
    for name, schema in schemas.items():
        payload = dict(schema)
        if name == EventType.SESSION_RATED:
            target = payload["$ref"].rpartition("/")[2] if "$ref" in payload else None
            (components[target] if target else payload)["allOf"] = form_rules
        messages[name] = _message(name, payload)
    messages |= {"tick": _tick(), "dead-letter": _dead_letter(), "redriven": _receipt()}
    content = {
        "asyncapi": VERSION,
        "info": {
            "title": "Rupture Watch",
            "version": "1.0.0",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.value: _channel(channel) for channel in Channel},
        "operations": {channel.value: _operation(channel) for channel in Channel},
        "components": {
            "messages": messages,
            "schemas": {**components, "InputHeaders": _input_headers(), "Headers": _headers()},
        },
    }
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


class _Dumper(yaml.SafeDumper):
    """Writes shared parts in full: a reader of the document should not chase anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Write what has several lines as several lines."""
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _types(channel: Channel) -> list[str]:
    if channel is Channel.TICKS:
        return ["tick"]
    if channel is Channel.DEAD_LETTERS:
        return ["dead-letter", "redriven"]
    return sorted({**INPUT_TYPES, **OUTPUT_TYPES}[channel])


def _channel(channel: Channel) -> Node:
    about, policy = _CHANNELS[channel]
    return {
        "address": f"{{prefix}}{channel.value}",
        "description": about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _types(channel)},
        "parameters": {
            "prefix": {"description": "Of this installation.", "default": DEFAULT_PREFIX}
        },
        "bindings": {
            "kafka": {
                "topicConfiguration": {"cleanup.policy": [policy]},
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _operation(channel: Channel) -> Node:
    action = "receive" if channel in INPUT_TYPES else "send"
    return {"action": action, "channel": {"$ref": f"#/channels/{channel.value}"}}


def _message(name: str, payload: Node) -> Node:
    is_input = any(name in types for types in INPUT_TYPES.values())
    headers = "InputHeaders" if is_input else "Headers"
    of_this_type = {"properties": {"ce_type": {"const": name}}}
    return {
        "name": name,
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "allOf": [{"$ref": f"#/components/schemas/{headers}"}, of_this_type],
        },
        "payload": payload,
        "bindings": {
            "kafka": {
                "key": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _input_headers() -> Node:
    schema = TypeAdapter(HeaderAttributes).json_schema()
    return {
        "type": "object",
        "required": schema["required"],
        "properties": {
            name: {key: value for key, value in field.items() if key != "title"}
            for name, field in schema["properties"].items()
        },
    }


def _headers() -> Node:
    properties = _input_headers()["properties"]
    names = ("ce_specversion", "ce_id", "ce_type", "ce_subject", "ce_time", "ce_traceparent")
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject"],
        "properties": {
            **{name: properties[name] for name in names},
            "ce_source": {"const": SOURCE},
            "ce_dataschema": {"type": "string", "pattern": f"^{schema_id('')}"},
        },
    }


def _tick() -> Node:
    return {
        "name": "tick",
        "payload": {
            "type": "object",
            "required": ["time"],
            "properties": {"time": {"type": "string", "format": "date-time"}},
        },
    }


def _dead_letter() -> Node:
    prefix = "__connect.errors."
    names = ("topic", "partition", "offset", "stage", "exception.class.name", "exception.message")
    text = {"type": "string"}
    return {
        "name": "dead-letter",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": ["x-rupture-watch-reason"],
            "properties": {
                **{f"{prefix}{name}": text for name in names},
                "x-rupture-watch-reason": {"enum": [reason.value for reason in Reason]},
                "x-rupture-watch-attempt": text,
            },
        },
        "payload": {"description": "The bytes of the refused record, untouched."},
    }


def _receipt() -> Node:
    text = {"type": "string"}
    return {
        "name": "redriven",
        "summary": "The record from this place was put back onto its topic; no key, no value.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": ["x-rupture-watch-redriven"],
            "properties": {
                "x-rupture-watch-redriven": text,
                "x-rupture-watch-attempt": text,
                "x-rupture-watch-reason": False,
            },
        },
        "payload": {"type": "null"},
    }
