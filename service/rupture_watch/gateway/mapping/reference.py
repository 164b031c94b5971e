"""References of FHIR: what they name, and whose a resource is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rupture_watch.gateway.mapping.tree import Node, many, nodes, text
from rupture_watch.gateway.mapping.verdict import NotMapped, Why

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.gateway.mapping.run import Run

PATIENT: Final = "Patient"
_LITERAL: Final = re.compile(
    r"(?:https?://(?P<base>[^?#]+)/)?(?P<kind>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9.-]{1,64})"
    r"(?:/_history/[A-Za-z0-9.-]{1,64})?",
    re.ASCII,
)


class Neighbours:
    """The resources that came together in one bundle, found by address or by type and id."""

    def __init__(self, entries: Mapping[str, Node] | None = None) -> None:
        self._by_address: dict[str, Node] = {}
        self._all = list((entries or {}).values())
        for address, resource in (entries or {}).items():
            self._by_address.setdefault(_plain(address), resource)
            kind, name = text(resource, "resourceType"), text(resource, "id")
            if kind and name:
                self._by_address.setdefault(f"{kind}/{name}", resource)

    def find(self, reference: str | None) -> Node | None:
        """Return the resource of a reference; the scheme of an address makes no difference."""
        if reference is None:
            return None
        found = self._by_address.get(_plain(reference))
        if found is None and (literal := _LITERAL.fullmatch(reference)):
            found = self._by_address.get(f"{literal['kind']}/{literal['id']}")
        return found

    def of_kind(self, kind: str) -> list[Node]:
        """Return all resources of a type."""
        return [one for one in self._all if text(one, "resourceType") == kind]


def _plain(address: str) -> str:
    return re.sub(r"^https?://", "", address, flags=re.IGNORECASE).partition("/_history/")[0]


def name_of(run: Run, reference: str, neighbours: Neighbours) -> tuple[str, str] | None:
    """Return the type and the name, within its server, of what a reference leads to, or None."""
    if reference.startswith(("urn:uuid:", "urn:oid:")):
        target = neighbours.find(reference)
        kind, name = text(target, "resourceType"), text(target, "id")
        if target is None or kind is None:
            return None
        return kind, f"{kind}/{name or reference.rpartition(':')[2]}"
    literal = _LITERAL.fullmatch(reference)
    if literal is None:
        return None
    local = f"{literal['kind']}/{literal['id']}"
    base = literal["base"]
    if base is None or base in {_plain(one).rstrip("/") for one in run.profile.fhir.bases}:
        return literal["kind"], local
    run.tally.assumed["foreign_server"] += 1
    return literal["kind"], f"{base}|{local}"


def own_name(resource: Node) -> str:
    """Return the name of a resource within its server: type and id, else its first identifier.

    Raises:
        NotMapped: ``missing``.

    """
    kind = text(resource, "resourceType")
    if (name := text(resource, "id")) is not None:
        return f"{kind}/{name}"
    for identifier in nodes(resource, "identifier"):
        if (value := text(identifier, "value")) is not None:
            return f"{kind}?{text(identifier, 'system') or ''}|{value}"
    raise NotMapped(Why.MISSING, f"{kind}.id")


def patient_of(run: Run, references: list[Node], path: str, neighbours: Neighbours) -> str:
    """Return the identity of the one patient that these references name.

    Where the mapping asks for identifier systems, only those count: a case must not be known by
    its record number today and by its row number tomorrow.

    Raises:
        NotMapped: ``no_subject``.

    """
    found = {
        identity
        for reference in references
        if (identity := _identity(run, reference, neighbours)) is not None
    }
    if len(found) != 1:
        raise NotMapped(Why.NO_SUBJECT, path)
    return found.pop()


def _identity(run: Run, reference: Node, neighbours: Neighbours) -> str | None:
    address = text(reference, "reference")
    named = name_of(run, address, neighbours) if address else None
    if named is not None and named[0] != PATIENT:
        return None
    patient = neighbours.find(address)
    identifiers = [*nodes(reference, "identifier"), *nodes(patient, "identifier")]
    if run.profile.patient.systems:
        return preferred(run, [_identifier(one) for one in identifiers])
    if named is not None:
        return named[1]
    kind = text(reference, "type")
    if address is None and kind in (None, PATIENT):
        for system, value in map(_identifier, nodes(reference, "identifier")):
            if value:
                return f"{run.domain(system)}|{value}"
    return None


def preferred(run: Run, identifiers: list[tuple[str, str]]) -> str | None:
    """Return the identity by the best of the identifier systems that the mapping names."""
    for wanted in run.profile.patient.systems:
        for system, value in identifiers:
            if system == wanted and value:
                return f"{run.domain(system)}|{value}"
    return None


def _identifier(node: Node) -> tuple[str, str]:
    return text(node, "system") or "", text(node, "value") or ""


def patients_among(resource: Node) -> list[Node]:
    """Return the references to patients among an appointment's participants, and its subject."""
    actors = nodes(resource, "participant", "actor")
    # By identifier alone an actor may be anybody, unless it says what it is.
    told = [one for one in actors if text(one, "reference") or text(one, "type") == PATIENT]
    return [*told, *nodes(resource, "subject")]


def first_reference(resource: Node, name: str) -> str | None:
    """Return the first literal reference under a name."""
    for one in many(resource, name):
        if (found := text(one, "reference")) is not None:
            return found
    return None
