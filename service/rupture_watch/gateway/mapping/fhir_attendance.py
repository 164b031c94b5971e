"""FHIR Appointment and Encounter of R4, R4B and R5: one fact, whichever tells it.

Attendance is never inferred from ``participant.status``: in a no-show it may still be accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from rupture_watch.contracts.attendance import CancellationReason
from rupture_watch.gateway.mapping.attendance import Sight, event_of
from rupture_watch.gateway.mapping.moments import of_fhir
from rupture_watch.gateway.mapping.profile import NONE, Outcome, ReasonCode
from rupture_watch.gateway.mapping.reference import (
    Neighbours,
    first_reference,
    name_of,
    own_name,
    patient_of,
    patients_among,
)
from rupture_watch.gateway.mapping.tree import Node, codings, many, nodes, text
from rupture_watch.gateway.mapping.verdict import Event, NotMapped, Why, nothing

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.gateway.mapping.profile import Outcomes
    from rupture_watch.gateway.mapping.run import Run

REASON_CODES: Final = frozenset(get_args(CancellationReason))
_SERVICES: Final = (
    "serviceType",
    "serviceCategory",
    "specialty",
    "appointmentType",
    "type",
    "class",
)


def of_appointment(run: Run, resource: Node, neighbours: Neighbours) -> Event:
    """Return the event of an Appointment.

    Raises:
        NotMapped: refused, or nothing to tell.

    """
    outcome = _outcome(run, resource, run.profile.fhir.appointment_status, "Appointment")
    _only_our_services(run, resource, "Appointment")
    start = of_fhir(resource.get("start"))
    if start is None:
        raise NotMapped(Why.NO_START, "Appointment.start")
    patient = patient_of(run, patients_among(resource), "Appointment.participant", neighbours)
    name = own_name(resource)
    return event_of(
        run,
        run.names(patient),
        Sight(
            appointment=name,
            encounter=_encounter_of(run, name, neighbours),
            status=outcome.status,
            initiator=outcome.initiator,
            start=start,
            start_path="Appointment.start",
            recorded=last_updated(resource),
            done=_done(run, resource, outcome.status, name),
            reason=_reason(run, resource) if outcome.status in ("cancelled", "no_show") else None,
            version=version_of(resource),
            prefix="appt",
        ),
    )


def of_encounter(run: Run, resource: Node, neighbours: Neighbours) -> Event:
    """Return the event of an Encounter; with an appointment it is that appointment's.

    Raises:
        NotMapped: refused, or nothing to tell.

    """
    outcome = _outcome(run, resource, run.profile.fhir.encounter_status, "Encounter")
    _only_our_services(run, resource, "Encounter")
    address = first_reference(resource, "appointment")
    linked = name_of(run, address, neighbours) if address else None
    scheduled = of_fhir((neighbours.find(address) or {}).get("start"))
    start = scheduled if scheduled is not None else begun(resource)
    if start is None:
        raise NotMapped(Why.NO_START, "Encounter.period.start")
    patient = patient_of(run, nodes(resource, "subject"), "Encounter.subject", neighbours)
    name = own_name(resource)
    return event_of(
        run,
        run.names(patient),
        Sight(
            appointment=linked[1] if linked else None,
            encounter=name,
            status=outcome.status,
            initiator=outcome.initiator,
            start=start,
            start_path="Encounter.period.start",
            recorded=last_updated(resource),
            done=run.happened.get(name) if outcome.status in ("booked", "cancelled") else None,
            mode=_mode(run, resource),
            version=version_of(resource),
            prefix="enc",
        ),
    )


def begun(encounter: Node) -> Microseconds | None:
    """Return when an Encounter began: R4 ``period``, R5 ``actualPeriod``, else as planned."""
    for period in (*nodes(encounter, "actualPeriod"), *nodes(encounter, "period")):
        if (start := of_fhir(period.get("start"))) is not None:
            return start
    return of_fhir(encounter.get("plannedStartDate"))


def last_updated(resource: Node) -> Microseconds | None:
    """Return when the server last wrote the resource, or None."""
    return of_fhir(text(resource, "meta", "lastUpdated"))


def version_of(resource: Node) -> str:
    """Return what tells this version of a resource from its others, or nothing."""
    version = text(resource, "meta", "versionId") or ""
    return f"{version}@{text(resource, 'meta', 'lastUpdated') or ''}".strip("@")


def _outcome(run: Run, resource: Node, words: Outcomes, kind: str) -> Outcome:
    """Return what has become of it: by an attendance code where one stands, else by its status."""
    outcome = _attendance_code(run, resource)
    if outcome is None:
        status = text(resource, "status")
        if status is None:
            raise NotMapped(Why.MISSING, f"{kind}.status")
        outcome = words.get(status)
        if outcome is None:
            run.unmapped(f"{kind}.status", status, "refused")
            raise NotMapped(Why.UNMAPPED, f"{kind}.status")
    if outcome.status == NONE:
        raise nothing(Why.NOT_AN_OUTCOME, f"{kind}.status")
    return outcome


def _attendance_code(run: Run, resource: Node) -> Outcome | None:
    for extension in nodes(resource, "extension"):
        for name in ("valueCoding", "valueCodeableConcept"):
            for system, code in (
                pair for concept in many(extension, name) for pair in codings(concept)
            ):
                if system in run.profile.codes:
                    found = run.profile.codes[system].get(code)
                    if found is not None:
                        return found
                    run.unmapped(system, code, "status")
    return None


def _only_our_services(run: Run, resource: Node, kind: str) -> None:
    wanted = run.profile.services
    if not wanted:
        return
    for name in _SERVICES:
        for concept in many(resource, name):
            for system, code in codings(concept):
                if code in wanted or f"{system}|{code}" in wanted:
                    return
    raise nothing(Why.OTHER_SERVICE, f"{kind}.serviceType")


def _reason(run: Run, resource: Node) -> ReasonCode | None:
    """Return the first reason that the mapping knows; R4 spells the name with one ``l``."""
    concepts = [*many(resource, "cancelationReason"), *many(resource, "cancellationReason")]
    found = [pair for concept in concepts for pair in codings(concept)]
    for system, code in found:
        known = run.profile.reasons.get(system, {}).get(code)
        if known is not None:
            return with_code(known, code)
    for system, code in found:
        run.unmapped(system or "cancelationReason", code, "initiator unknown")
    return None


def with_code(reason: ReasonCode, code: str) -> ReasonCode:
    """Return a reason with its own code, if that is one of the contract and no other is named."""
    if reason.code is not None or code not in REASON_CODES:
        return reason
    return reason.model_copy(update={"code": code})


def _done(run: Run, resource: Node, status: str, name: str) -> Microseconds | None:
    """Return when the status came about, if the resource or its notification says so."""
    if status == "cancelled":
        told = of_fhir(resource.get("cancellationDate"))
        return told if told is not None else run.happened.get(name)
    if status == "booked":
        return of_fhir(resource.get("created"))
    return None


def _mode(run: Run, resource: Node) -> str | None:
    for concept in many(resource, "class"):
        for _system, code in codings(concept):
            if code in run.profile.modes:
                return run.profile.modes[code]
            run.unmapped("Encounter.class", code, "mode not said")
    return None


def _encounter_of(run: Run, appointment: str, neighbours: Neighbours) -> str | None:
    """Return the encounter of an appointment, if one of the same bundle names it."""
    for other in neighbours.of_kind("Encounter"):
        address = first_reference(other, "appointment")
        linked = name_of(run, address, neighbours) if address else None
        if linked is not None and linked[1] == appointment:
            return own_name(other)
    return None
