"""``POST /events``: CloudEvents over HTTP, structured, binary or a batch."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response

from rupture_watch.contracts.reading import MAX_BYTES
from rupture_watch.contracts.reasons import Rejected
from rupture_watch.gateway.answers import Receipt, body_of, documented, receipt
from rupture_watch.gateway.edge import edge_of, read_body
from rupture_watch.gateway.intake import Taken
from rupture_watch.gateway.mapping.cloudevents import of_headers
from rupture_watch.gateway.mapping.mapper import EVENT, rejected
from rupture_watch.gateway.problems import Problem

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
JSON: Final = "application/json"
MOST: Final = 5_000
"""Events of one batch that are taken at most."""
_ATTRIBUTE: Final = re.compile("ce-([a-z0-9]{1,20})")

router = APIRouter(tags=["events"])
_decode = msgspec.json.Decoder().decode


@router.post(
    "/events",
    response_model=Receipt,
    responses={207: {"model": Receipt}, **documented(422)},
    openapi_extra={
        **body_of([STRUCTURED], {"$ref": "#/components/schemas/Event"}),
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {"schema": {"$ref": "#/components/schemas/Event"}},
                BATCH: {
                    "schema": {
                        "type": "array",
                        "maxItems": MOST,
                        "items": {"$ref": "#/components/schemas/Event"},
                    }
                },
                JSON: {"schema": {"type": "object"}},
            },
        },
    },
)
async def take_events(request: Request) -> Response:
    """Write CloudEvents of the contract; answered once Kafka has acknowledged every one.

    Structured (`application/cloudevents+json`), a batch (`application/cloudevents-batch+json`), or
    binary: the data as body and the attributes as headers `ce-id`, `ce-source` and so on. An event
    is known by (`source`, `id`): sent again, it changes nothing. Fields that the contract does not
    have are left out.
    """
    edge = edge_of(request)
    await edge.admission.admit(request, "events")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await read_body(request)
    if media == BATCH:
        events = _batch(body)
    elif media == STRUCTURED:
        events = [_structured(body)]
    elif "ce-specversion" in request.headers:
        attributes = {
            found[1]: value
            for name, value in request.headers.items()
            if (found := _ATTRIBUTE.fullmatch(name))
        }
        if media:
            attributes["datacontenttype"] = media
        events = [_binary(attributes, body)]
    else:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            f"{STRUCTURED}, {BATCH}, or headers ce-*",
        )
    return receipt(await edge.intake.take_events("events", events))


def _batch(body: bytes) -> list[Any]:
    found = _json(body)
    if not isinstance(found, list):
        raise Problem(HTTPStatus.BAD_REQUEST, "unreadable", "batch: list_type")
    if len(found) > MOST:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", f"at most {MOST} events a batch"
        )
    return found


def _structured(body: bytes) -> Any:
    _small(body)
    return _json(body)


def _binary(attributes: dict[str, str], body: bytes) -> dict[str, Any]:
    _small(body)
    try:
        return of_headers(attributes, body)
    except Rejected as refused:
        taken = Taken([rejected(EVENT, refused)], 0)
        raise Problem(
            HTTPStatus.BAD_REQUEST, "unreadable", refused.message, verdicts=taken.verdicts
        ) from None


def _small(body: bytes) -> None:
    if len(body) > MAX_BYTES:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", f"at most {MAX_BYTES} bytes an event"
        )


def _json(body: bytes) -> Any:
    try:
        return _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Problem(HTTPStatus.BAD_REQUEST, "unreadable", "body: json_invalid") from None
