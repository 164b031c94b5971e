"""FHIR: a resource, a Bundle or a notification, in JSON or XML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rupture_watch.gateway.mapping import privacy
from rupture_watch.gateway.mapping.fhir_attendance import of_appointment, of_encounter
from rupture_watch.gateway.mapping.fhir_forms import of_observation, of_response
from rupture_watch.gateway.mapping.notification import QUIET, notice_of
from rupture_watch.gateway.mapping.reference import Neighbours, name_of
from rupture_watch.gateway.mapping.tree import Node, kind_of, many, of_json, of_xml, text
from rupture_watch.gateway.mapping.verdict import (
    Event,
    Mapped,
    NotMapped,
    Verdict,
    Why,
    nothing,
)

if TYPE_CHECKING:
    from rupture_watch.gateway.mapping.instruments import FormKeys
    from rupture_watch.gateway.mapping.run import Run

READ: Final = ("Appointment", "Encounter", "QuestionnaireResponse", "Observation")
MOST_ENTRIES: Final = 10_000
_NOTIFYING: Final = frozenset({"SubscriptionStatus", "Parameters"})
_MAY_NOTIFY: Final = frozenset({"subscription-notification", "history", "batch"})


def parse(body: bytes) -> Node:
    """Return the resource of a body; XML is told from JSON by its first character.

    Raises:
        NotMapped: ``unreadable``.

    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    resource = of_xml(body) if start == b"<" else of_json(body)
    if not isinstance(resource, dict):
        raise NotMapped(Why.UNREADABLE, "resource")
    return resource


def map_fhir(run: Run, keys: FormKeys, resource: Node) -> Mapped:
    """Map a resource or everything in a Bundle; each of its parts has a verdict of its own."""
    mapped = Mapped(tally=run.tally)
    try:
        if kind_of(resource) == "Bundle":
            _map_bundle(run, keys, resource, mapped)
        else:
            _map_one(run, keys, resource, Neighbours(), mapped, where="")
    except NotMapped as error:
        mapped.verdicts.append(verdict(_kind(resource), error))
    return mapped


def _map_bundle(run: Run, keys: FormKeys, bundle: Node, mapped: Mapped) -> None:
    entries = [entry for entry in many(bundle, "entry") if isinstance(entry, dict)]
    if not entries:
        raise nothing(Why.NO_NEWS, "Bundle.entry")
    if len(entries) > MOST_ENTRIES:
        raise NotMapped(Why.UNSUPPORTED, "Bundle.entry")
    resources = [entry.get("resource") for entry in entries]
    neighbours = Neighbours(
        {
            text(entry, "fullUrl") or f"entry:{number}": resource
            for number, (entry, resource) in enumerate(zip(entries, resources, strict=True))
            if isinstance(resource, dict)
        }
    )
    first = resources[0]
    if (
        isinstance(first, dict)
        and _kind(first) in _NOTIFYING
        and text(bundle, "type") in _MAY_NOTIFY
    ):
        mapped.notice = notice_of(run, first, neighbours)
        if mapped.notice.kind in QUIET:
            raise nothing(Why.NO_NEWS, "SubscriptionStatus.type")
    mentioned: set[str] = set()
    for number, (entry, resource) in enumerate(zip(entries, resources, strict=True)):
        where = f"entry.{number}."
        if isinstance(resource, dict):
            _map_one(run, keys, resource, neighbours, mapped, where=where)
        elif (address := text(entry, "fullUrl") or text(entry, "request", "url")) is not None:
            _to_fetch(run, address, neighbours, mapped, where)
            mentioned.add(address)
    _fetch_focus(run, neighbours, mapped)


def _fetch_focus(run: Run, neighbours: Neighbours, mapped: Mapped) -> None:
    """Ask for what a notification is about, where it does not bring it along."""
    for happening in mapped.notice.happenings if mapped.notice else ():
        if happening.focus is not None and neighbours.find(happening.focus) is None:
            _to_fetch(run, happening.focus, neighbours, mapped, "notificationEvent.focus.")


def _to_fetch(run: Run, address: str, neighbours: Neighbours, mapped: Mapped, where: str) -> None:
    named = name_of(run, address, neighbours)
    local = named[1].rpartition("|")[2] if named else None
    if named is None or local is None or named[0] not in READ:
        mapped.verdicts.append(verdict("entry", NotMapped(Why.MISSING, "resource"), where=where))
    elif local not in mapped.to_fetch:
        mapped.to_fetch.append(local)
        mapped.verdicts.append(
            verdict(named[0], NotMapped(Why.NOT_FETCHED, "resource"), where=where)
        )


def _map_one(
    run: Run,
    keys: FormKeys,
    resource: Node,
    neighbours: Neighbours,
    mapped: Mapped,
    *,
    where: str,
) -> None:
    kind = _kind(resource)
    privacy.count_fhir(resource, run.tally.dropped)
    try:
        event = _event(run, keys, kind, resource, neighbours, alone=not where)
    except NotMapped as error:
        mapped.verdicts.append(verdict(kind, error, where=where))
    else:
        mapped.events.append(event)
        mapped.verdicts.append(Verdict(kind, "mapped"))


def _event(
    run: Run, keys: FormKeys, kind: str, resource: Node, neighbours: Neighbours, *, alone: bool
) -> Event:
    if kind == "Appointment":
        return of_appointment(run, resource, neighbours)
    if kind == "Encounter":
        return of_encounter(run, resource, neighbours)
    if kind == "QuestionnaireResponse":
        return of_response(run, keys, resource, neighbours)
    if kind == "Observation":
        return of_observation(run, keys, resource, neighbours)
    if alone or kind in ("Bundle", ""):
        raise NotMapped(Why.UNSUPPORTED, "resourceType")
    raise nothing(Why.OTHER_RESOURCE, "resourceType")


def verdict(what: str, error: NotMapped, *, where: str = "") -> Verdict:
    """Return the verdict on a thing of which no event comes."""
    outcome = "refused" if error.refused else "no_event"
    known = what if what in READ or what in ("Bundle", "entry") else "resource"
    return Verdict(known, outcome, error.reason.value, f"{where}{error.path}: {error.reason}")


def _kind(resource: object) -> str:
    return text(resource, "resourceType") or ""
