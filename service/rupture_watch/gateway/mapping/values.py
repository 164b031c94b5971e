"""The number that an answer or an observation holds, however FHIR wrapped it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rupture_watch.gateway.mapping.tree import Node, codings, many, nodes, number

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN: Final = ("valueDecimal", "valueInteger", "valueString")
_CODED: Final = ("valueCoding", "valueCodeableConcept")
# Extensions by which a coded answer carries its own weight.
_WEIGHTS: Final = ("itemWeight", "ordinalValue")


def folded(code: str) -> str:
    """Return a code without regard to case, hyphens and underscores."""
    return re.sub(r"[-_\s]+", " ", code).strip().casefold()


def value_of(node: Node, answers: Mapping[str, float]) -> float | None:
    """Return the number under ``value[x]``; None where there is none. Zero is a number."""
    for name in _PLAIN:
        for value in many(node, name):
            if (plain := number(value)) is not None:
                return plain
    for quantity in nodes(node, "valueQuantity"):
        if (plain := number(quantity.get("value"))) is not None:
            return plain
    for name in _CODED:
        for concept in many(node, name):
            if (worth := _worth(concept, answers)) is not None:
                return worth
    return None


def _worth(concept: object, answers: Mapping[str, float]) -> float | None:
    """Return what a coded answer counts: by the instrument's table, else by its own weight."""
    for _system, code in codings(concept):
        if (worth := answers.get(folded(code))) is not None:
            return worth
    return _weight(concept)


def _weight(concept: object) -> float | None:
    for extension in many(concept, "extension"):
        address = extension.get("url") if isinstance(extension, dict) else None
        if isinstance(address, str) and address.endswith(_WEIGHTS):
            return number(extension.get("valueDecimal"))
    return None


def coded(node: Node) -> str | None:
    """Return the code of a coded answer, for the report of what the mapping does not know."""
    for name in _CODED:
        for concept in many(node, name):
            for _system, code in codings(concept):
                return code
    return None
