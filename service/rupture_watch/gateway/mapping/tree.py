"""A FHIR resource as a plain tree, out of JSON or XML, read without trusting its shape.

The published models of FHIR are of no help at this edge: they know R5, R4B and STU3, not R4, take
a status that does not exist, and refuse what real senders write around the few fields that count.
So a tree is what JSON says, XML is brought to the same shape, and every read says what it expects.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from xml.etree.ElementTree import ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from rupture_watch.gateway.mapping.verdict import NotMapped, Why

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Node: TypeAlias = dict[str, Any]

FHIR: Final = "{http://hl7.org/fhir}"
DEEPEST: Final = 60
_CONTAINERS: Final = frozenset({"resource", "contained"})
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d{0,15})(\.\d{1,15})?", re.ASCII)

_decode = msgspec.json.Decoder().decode


def of_json(body: bytes) -> Any:
    """Return what a JSON text says.

    Raises:
        NotMapped: ``unreadable``.

    """
    try:
        return _decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise NotMapped(Why.UNREADABLE, "json") from None


def of_xml(body: bytes) -> Node:
    """Return a resource in XML as JSON would write it; every number stays text.

    Entities, external or not, are refused with everything else that is no plain XML.

    Raises:
        NotMapped: ``unreadable``.

    """
    try:
        root = fromstring(body.strip(), forbid_dtd=True)
        return _resource(root, 0)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        raise NotMapped(Why.UNREADABLE, "xml") from None


def _resource(element: Element, depth: int) -> Node:
    if not element.tag.startswith(FHIR):
        raise NotMapped(Why.UNREADABLE, "xml")
    return {"resourceType": element.tag.removeprefix(FHIR), **_children(element, depth)}


def _children(element: Element, depth: int) -> Node:
    if depth > DEEPEST:
        raise NotMapped(Why.UNREADABLE, "xml")
    node: Node = {}
    if (url := element.get("url")) is not None:  # of an extension, the one attribute of its kind
        node["url"] = url
    for child in element:
        if not child.tag.startswith(FHIR):
            continue  # a comment, or the XHTML of the narrative
        name = child.tag.removeprefix(FHIR)
        value = _value(child, name, depth)
        known = node.get(name)
        if known is None:
            node[name] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            node[name] = [known, value]
    return node


def _value(element: Element, name: str, depth: int) -> Any:
    if name in _CONTAINERS and len(element) == 1:
        return _resource(element[0], depth + 1)
    plain = element.get("value")
    return plain if plain is not None else _children(element, depth + 1)


def many(node: object, name: str) -> list[Any]:
    """Return what stands under a name as a list, whether it is one, several or none."""
    value = node.get(name) if isinstance(node, dict) else None
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def nodes(node: object, *path: str) -> list[Node]:
    """Return all nodes at the end of a path of names; what is no node is passed over."""
    found: list[Any] = [node]
    for name in path:
        found = [child for one in found for child in many(one, name)]
    return [one for one in found if isinstance(one, dict)]


def text(node: object, *path: str) -> str | None:
    """Return the first string at the end of a path, or None."""
    *way, last = path
    for one in nodes(node, *way):
        for value in many(one, last):
            if isinstance(value, str) and value:
                return value
    return None


def number(value: object) -> float | None:
    """Return a number, also one that XML or a ``valueString`` wrote as text; 0 is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 2**53 else None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return None


def codings(concept: object) -> list[tuple[str, str]]:
    """Return the (system, code) pairs of a Coding or CodeableConcept; no system is ``""``."""
    if not isinstance(concept, dict):
        return []
    found = many(concept, "coding") if "coding" in concept else [concept]
    return [
        (text(coding, "system") or "", code)
        for coding in found
        if (code := text(coding, "code")) is not None
    ]


def kind_of(node: object) -> str:
    """Return the resource type.

    Raises:
        NotMapped: ``unreadable``: it has none.

    """
    kind = text(node, "resourceType")
    if kind is None:
        raise NotMapped(Why.UNREADABLE, "resourceType")
    return kind
