"""``POST /fhir`` and ``POST /hl7v2``: what an EHR system speaks."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi import Path as PathParameter
from starlette.responses import JSONResponse

from rupture_watch.gateway.answers import Receipt, body_of, documented, receipt
from rupture_watch.gateway.edge import edge_of, read_body
from rupture_watch.gateway.fhir_answers import capabilities, outcome, wants_fhir
from rupture_watch.gateway.mapping.fhir import READ
from rupture_watch.gateway.problems import Problem, unavailable
from rupture_watch.gateway.writer import Unavailable

if TYPE_CHECKING:
    from rupture_watch.gateway.intake import Taken
    from rupture_watch.gateway.subscriptions import Gap

FHIR_JSON: Final = "application/fhir+json"
FHIR_XML: Final = "application/fhir+xml"
_FHIR: Final = (FHIR_JSON, FHIR_XML, "application/json", "application/xml", "text/xml", "")
HL7V2: Final = "application/hl7-v2"
_HL7V2: Final = (HL7V2, "x-application/hl7-v2+er7", "text/plain", "application/octet-stream", "")

router = APIRouter(tags=["ehr"])
discovery = APIRouter(tags=["ehr"])


class FhirResponse(JSONResponse):
    """A resource of FHIR in JSON."""

    media_type = FHIR_JSON


Backfill = Annotated[bool, Query(description="History sent late on purpose.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=255,
        pattern="^[!-~]+$",
        description="Names this delivery. It tells two deliveries of equal content apart where the "
        "resource has no version of its own; otherwise a repeat is the same event anyway.",
    ),
]
Kind = Annotated[str, PathParameter(pattern="^[A-Z][A-Za-z]{1,63}$")]
Name = Annotated[str, PathParameter(pattern="^[A-Za-z0-9.-]{1,64}$")]
_FHIR_BODY: Final = body_of([FHIR_JSON, FHIR_XML], {"type": "object"})
_OUTCOME: Final = {"schema": {"type": "object", "description": "OperationOutcome"}}
_FHIR_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    status: {**answer, "content": {**answer.get("content", {}), FHIR_JSON: _OUTCOME}}
    for status, answer in (
        *((status, {"model": Receipt}) for status in (200, 207)),
        *documented(422).items(),
    )
}


@router.post("/fhir", response_model=Receipt, responses=_FHIR_ANSWERS, openapi_extra=_FHIR_BODY)
async def take_fhir(
    request: Request, *, backfill: Backfill = False, idempotency_key: IdempotencyKey = None
) -> Response:
    """Take a resource, a Bundle or a Subscription notification of FHIR R4, R4B or R5.

    Read are Appointment, Encounter, QuestionnaireResponse and Observation; anything else in a
    Bundle is passed over. A gap in the event numbers of a subscription is filled from the server
    that the gateway knows, or told as `gap`.
    """
    return await _take_fhir(request, "Bundle", backfill, idempotency_key)


@router.post(
    "/fhir/{kind}", response_model=Receipt, responses=_FHIR_ANSWERS, openapi_extra=_FHIR_BODY
)
async def create_fhir(
    request: Request,
    kind: Kind,
    *,
    backfill: Backfill = False,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take a resource as a FHIR client creates it."""
    return await _take_fhir(request, kind, backfill, idempotency_key)


@router.put(
    "/fhir/{kind}/{name}",
    response_model=Receipt,
    responses=_FHIR_ANSWERS,
    openapi_extra=_FHIR_BODY,
)
async def update_fhir(
    request: Request,
    kind: Kind,
    name: Name,  # noqa: ARG001 - part of the address
    *,
    backfill: Backfill = False,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take a resource as a FHIR client, or a rest-hook subscription, puts it."""
    return await _take_fhir(request, kind, backfill, idempotency_key)


async def _take_fhir(
    request: Request,
    kind: str,
    backfill: bool,  # noqa: FBT001 - a parameter of the query
    version: str | None,
) -> Response:
    if not wants_fhir(request.headers.get("accept", "")):
        taken, gap = await _taken(request, kind, version or "", backfill=backfill)
        return receipt(taken, gap)
    try:
        taken, gap = await _taken(request, kind, version or "", backfill=backfill)
        answer = receipt(taken, gap)
    except Problem as problem:
        told = problem
    except Unavailable:
        told = unavailable()
    else:
        status = HTTPStatus(answer.status_code)
        return outcome(status, f"{taken.written} written", taken.verdicts)
    return outcome(told.status, told.detail or told.kind, told.verdicts, told.headers)


async def _taken(
    request: Request, kind: str, version: str, *, backfill: bool
) -> tuple[Taken, Gap | None]:
    edge = edge_of(request)
    client = await edge.admission.admit(request, "fhir")
    _only(request, _FHIR)
    if kind not in (*READ, "Bundle"):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", "resourceType: unsupported")
    body = await read_body(request)
    run = edge.mapper.run(edge.intake.clock(), backfill=backfill, version=version)
    return await edge.notifications.take("fhir", client.name, run, body)


@discovery.get("/fhir/metadata", response_class=FhirResponse)
async def metadata() -> FhirResponse:
    """Tell FHIR clients what can be sent here; needs no key, as the specification has it."""
    return FhirResponse(capabilities())


@router.post(
    "/hl7v2",
    response_model=Receipt,
    responses={207: {"model": Receipt}, **documented(422)},
    openapi_extra=body_of([HL7V2, "text/plain"], {"type": "string"}),
)
async def take_hl7v2(request: Request, *, backfill: Backfill = False) -> Response:
    """Take HL7 v2 SIU messages (S12-S15, S17, S26), one or more, in ER7."""
    edge = edge_of(request)
    await edge.admission.admit(request, "hl7v2")
    _only(request, _HL7V2)
    body = await read_body(request)
    run = edge.mapper.run(edge.intake.clock(), backfill=backfill)
    return receipt(await edge.intake.take_mapped("hl7v2", edge.mapper.hl7v2(run, body)))


def _only(request: Request, media: tuple[str, ...]) -> None:
    stated = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if stated not in media:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", ", ".join(media[:2])
        )
