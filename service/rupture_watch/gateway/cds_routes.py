"""CDS Hooks 2.0: discovery, ``patient-view`` and feedback."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field

from rupture_watch.gateway.answers import Receipt, body_of, documented, receipt
from rupture_watch.gateway.cards import SHORT, card
from rupture_watch.gateway.edge import Edge, edge_of, read_body
from rupture_watch.gateway.mapping.cds_hooks import HOOK, patient_of_request
from rupture_watch.gateway.mapping.tree import of_json
from rupture_watch.gateway.mapping.verdict import NotMapped, Why
from rupture_watch.gateway.problems import Problem, unavailable

if TYPE_CHECKING:
    from rupture_watch.gateway.standing import OpenAlert, Standings

READING: Final = "the present standing is still being read: ask again"
SERVICE: Final = "alliance-questions"
TITLE: Final = "Questions about the working alliance"
DESCRIPTION: Final = (
    "Shows what is open about the working alliance in this case: questions with evidence, each "
    "with what would clear it. Not for emergencies."
)

router = APIRouter(prefix="/cds-services", tags=["cds"])
discovery = APIRouter(prefix="/cds-services", tags=["cds"])


class Service(BaseModel):
    """One service of this endpoint."""

    hook: str
    id: str
    title: str
    description: str
    prefetch: dict[str, str] | None = None


class Services(BaseModel):
    """All services of this endpoint."""

    services: list[Service]


class CardSource(BaseModel):
    """Who says so."""

    label: str


class Coding(BaseModel):
    """A reason for which a card may be overridden."""

    code: str
    system: str
    display: str


class Card(BaseModel):
    """One open alert."""

    uuid: str
    summary: str = Field(max_length=SHORT - 1)
    detail: str
    indicator: str
    source: CardSource
    overrideReasons: list[Coding]  # noqa: N815 - as the specification spells it


class Cards(BaseModel):
    """What is open in a case; none where nothing is."""

    cards: list[Card]


ServiceId = Annotated[str, PathParameter(max_length=64)]


@discovery.get("", response_model=Services, response_model_exclude_none=True)
async def discover(request: Request) -> Services:
    """Tell which services there are; needs no key, as the specification has it."""
    systems = edge_of(request).mapper.profile.patient.systems
    prefetch = {"patient": "Patient/{{context.patientId}}"} if systems else None
    return Services(
        services=[
            Service(hook=HOOK, id=SERVICE, title=TITLE, description=DESCRIPTION, prefetch=prefetch)
        ]
    )


@router.post(
    "/{service}",
    response_model=Cards,
    responses=documented(404, 422),
    openapi_extra=body_of(["application/json"], {"type": "object"}),
)
async def ask(request: Request, service: ServiceId) -> Cards:
    """Answer `patient-view` with a card for each open alert of the patient's case."""
    edge = edge_of(request)
    await edge.admission.admit(request, "cds")
    standings = _standings(edge, service)
    node = await _node(request)
    run = edge.mapper.run(edge.intake.clock())
    try:
        identity = patient_of_request(run, node)
    except NotMapped as error:
        raise _refused(error) from None
    if not standings.complete:
        raise unavailable(READING)
    found: list[OpenAlert] = []
    for case in edge.mapper.keys.all_names(f"{run.profile.namespace}|{identity}"):
        found.extend(standings.open_alerts(case))
    return Cards(cards=[Card.model_validate(card(alert)) for alert in found])


@router.post(
    "/{service}/feedback",
    response_model=Receipt,
    responses={207: {"model": Receipt}, **documented(404, 422)},
    openapi_extra=body_of(["application/json"], {"type": "object"}),
)
async def feedback(request: Request, service: ServiceId) -> Response:
    """Take what clinicians did with cards: onto the topic of reviews.

    Overridden for one of our reasons, the alert is dismissed; otherwise it has been seen. Comments
    are left out.
    """
    edge = edge_of(request)
    await edge.admission.admit(request, "cds")
    standings = _standings(edge, service)
    body = await read_body(request)
    if not standings.complete:
        raise unavailable(READING)
    run = edge.mapper.run(edge.intake.clock())
    mapped = edge.mapper.cds_hooks(run, body, standings.case_of)
    return receipt(await edge.intake.take_mapped("feedback", mapped))


def _standings(edge: Edge, service: str) -> Standings:
    if service != SERVICE or edge.standings is None:
        raise Problem(HTTPStatus.NOT_FOUND, "not-found", "no such service")
    return edge.standings


async def _node(request: Request) -> dict[str, Any]:
    try:
        node = of_json(await read_body(request))
    except NotMapped as error:
        raise _refused(error) from None
    if not isinstance(node, dict):
        raise _refused(NotMapped(Why.UNREADABLE, "body"))
    return node


def _refused(error: NotMapped) -> Problem:
    unreadable = error.reason is Why.UNREADABLE
    status = HTTPStatus.BAD_REQUEST if unreadable else HTTPStatus.UNPROCESSABLE_ENTITY
    return Problem(status, "unreadable" if unreadable else "refused", str(error))
