"""FHIR QuestionnaireResponse and Observation: one form, whichever tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rupture_watch.contracts.topics import EventType
from rupture_watch.gateway.mapping.answers import Answers, read_answers
from rupture_watch.gateway.mapping.fhir_attendance import begun, last_updated, version_of
from rupture_watch.gateway.mapping.instruments import FormKey, observed
from rupture_watch.gateway.mapping.moments import of_fhir
from rupture_watch.gateway.mapping.reference import (
    Neighbours,
    first_reference,
    name_of,
    patient_of,
)
from rupture_watch.gateway.mapping.tree import Node, many, nodes, text
from rupture_watch.gateway.mapping.values import value_of
from rupture_watch.gateway.mapping.verdict import Event, NotMapped, Why, nothing

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.gateway.mapping.instruments import FormKeys
    from rupture_watch.gateway.mapping.run import Run

_RESPONSE: Final = {
    "completed": "final",
    "amended": "amended",
    "entered-in-error": "entered-in-error",
}
_UNFINISHED: Final = frozenset({"in-progress", "stopped"})
_OBSERVATION: Final = {
    "final": "final",
    "amended": "amended",
    "corrected": "amended",
    "entered-in-error": "entered-in-error",
}
_NOT_YET: Final = frozenset({"registered", "preliminary", "cancelled", "unknown"})
_RESPONDENTS: Final = {
    "Patient": "client",
    "Practitioner": "therapist",
    "PractitionerRole": "therapist",
    "RelatedPerson": "observer",
}
_URI: Final = "questionnaire-uri"


def of_response(run: Run, keys: FormKeys, resource: Node, neighbours: Neighbours) -> Event:
    """Return the event of a QuestionnaireResponse.

    Raises:
        NotMapped: refused, or nothing to tell.

    """
    what = "QuestionnaireResponse"
    status = _status(run, resource, _RESPONSE, _UNFINISHED, what)
    key = keys.by_questionnaire(_questionnaire(resource))
    if key is None:
        if address := _questionnaire(resource):
            run.unmapped("questionnaire", address, "refused")
        raise NotMapped(Why.UNKNOWN_INSTRUMENT, f"{what}.questionnaire")
    authored = of_fhir(resource.get("authored"))
    recorded = last_updated(resource)
    happened = authored if authored is not None else recorded
    if happened is None:
        raise NotMapped(Why.MISSING, f"{what}.authored")
    answers = read_answers(run, key, resource)
    if answers.is_empty and status != "entered-in-error":
        raise NotMapped(Why.NO_VALUE, f"{what}.item")
    return _form(
        run,
        key,
        resource,
        neighbours,
        what=what,
        status=status,
        happened=happened,
        recorded=recorded,
        respondent=_respondent(run, resource, neighbours) or key.respondent,
        answers=answers,
        prefix="qr",
    )


def of_observation(run: Run, keys: FormKeys, resource: Node, neighbours: Neighbours) -> Event:
    """Return the event of an Observation that states a score.

    Raises:
        NotMapped: refused, or nothing to tell.

    """
    what = "Observation"
    status = _status(run, resource, _OBSERVATION, _NOT_YET, what)
    key, score = observed(run, keys, resource)
    for address in (text(one, "reference") for one in nodes(resource, "derivedFrom")):
        source = neighbours.find(address)
        if source is not None and text(source, "resourceType") == "QuestionnaireResponse":
            raise nothing(Why.SAME_FACT, f"{what}.derivedFrom")
    happened = _effective(resource)
    if happened is None:
        raise NotMapped(Why.MISSING, f"{what}.effectiveDateTime")
    value = value_of(resource, key.answers)
    answers = Answers()
    if value is not None:
        answers = Answers(total=value) if score is None else Answers(scores={score: value})
    if answers.is_empty and status != "entered-in-error":
        raise NotMapped(Why.NO_VALUE, f"{what}.value")
    recorded = last_updated(resource)
    return _form(
        run,
        key,
        resource,
        neighbours,
        what=what,
        status=status,
        happened=happened,
        recorded=recorded if recorded is not None else of_fhir(resource.get("issued")),
        respondent=key.respondent,
        answers=answers,
        prefix="obs",
    )


def _form(  # noqa: PLR0913 - a form is made of all these
    run: Run,
    key: FormKey,
    resource: Node,
    neighbours: Neighbours,
    *,
    what: str,
    status: str,
    happened: Microseconds,
    recorded: Microseconds | None,
    respondent: str,
    answers: Answers,
    prefix: str,
) -> Event:
    patient = patient_of(run, nodes(resource, "subject"), f"{what}.subject", neighbours)
    names = run.names(patient)
    address = first_reference(resource, "encounter")
    named = name_of(run, address, neighbours) if address else None
    met = begun(neighbours.find(address) or {})
    if answers.is_empty:  # a form taken back says no more than which one it was
        answers = Answers(total=run.registry.get(key.instrument).total.low)
    data = {
        "session_id": run.session(
            names, happened if met is None else met, named[1] if named else None
        ),
        "instrument": key.instrument,
        "respondent": respondent,
        "status": status,
        "scores": answers.scores or None,
        "items": answers.items or None,
        "total": answers.total,
        "missing_items": answers.missing or None,
    }
    return run.event(
        EventType.SESSION_RATED,
        names,
        prefix=prefix,
        happened=happened,
        recorded=recorded,
        version=version_of(resource),
        data=data,
    )


def _status(
    run: Run, resource: Node, words: dict[str, str], unfinished: frozenset[str], what: str
) -> str:
    status = text(resource, "status")
    if status is None:
        raise NotMapped(Why.MISSING, f"{what}.status")
    if status in unfinished:
        raise nothing(Why.NOT_COMPLETE, f"{what}.status")
    if status not in words:
        run.unmapped(f"{what}.status", status, "refused")
        raise NotMapped(Why.UNMAPPED, f"{what}.status")
    return words[status]


def _questionnaire(resource: Node) -> str:
    """Return the address of the questionnaire without its version, or of its document."""
    if address := text(resource, "questionnaire"):
        return address.partition("|")[0]
    for extension in nodes(resource, "_questionnaire", "extension"):
        if (text(extension, "url") or "").endswith(_URI):
            return text(extension, "valueUri") or ""
    return ""


def _respondent(run: Run, resource: Node, neighbours: Neighbours) -> str | None:
    """Return who answered, if it is said; ``author`` only tells who wrote it down."""
    address = first_reference(resource, "source")
    named = name_of(run, address, neighbours) if address else None
    return _RESPONDENTS.get(named[0]) if named else None


def _effective(resource: Node) -> Microseconds | None:
    for name in ("effectiveDateTime", "effectiveInstant"):
        if (moment := of_fhir(resource.get(name))) is not None:
            return moment
    for period in many(resource, "effectivePeriod"):
        for end in ("end", "start"):
            if (moment := of_fhir(text(period, end))) is not None:
                return moment
    return None
