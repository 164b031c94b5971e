"""How what became of a body is answered."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from pydantic import BaseModel, Field
from starlette.responses import Response

from rupture_watch.gateway.problems import (
    MEDIA_TYPE,
    Problem,
    VerdictLine,
    lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.gateway.edge import Edge
    from rupture_watch.gateway.intake import Taken
    from rupture_watch.gateway.subscriptions import Gap

_encode = msgspec.json.Encoder().encode

UNPROCESSABLE: Final = HTTPStatus.UNPROCESSABLE_ENTITY


class OpenGap(BaseModel):
    """Event numbers of a subscription that never came."""

    first: int
    last: int


class Receipt(BaseModel):
    """What became of a body, once Kafka has acknowledged all events of it.

    ``written`` counts events on topics; the verdicts are those on the first thousand things.
    """

    written: int = Field(ge=0)
    refused: int = Field(ge=0)
    verdicts: list[VerdictLine]
    gap: OpenGap | None = None


def receipt(taken: Taken, gap: Gap | None = None) -> Response:
    """Return 200, 207 where a part was refused, or a problem where nothing else was left.

    Raises:
        Problem: 400 where a body could not be read, 422 where all of it was refused.
    """
    outcomes = Counter(one.outcome for one in taken.verdicts)
    refused = outcomes["refused"]
    if refused == len(taken.verdicts) and refused:
        unreadable = all(one.reason in ("unreadable", "bad_json") for one in taken.verdicts)
        status = HTTPStatus.BAD_REQUEST if unreadable else UNPROCESSABLE
        kind = "unreadable" if unreadable else "refused"
        raise Problem(status, kind, taken.verdicts[0].message, verdicts=taken.verdicts)
    content: dict[str, Any] = {
        "written": taken.written,
        "refused": refused,
        "verdicts": lines(taken.verdicts),
    }
    if gap is not None:
        content["gap"] = {"first": gap.first, "last": gap.last}
    return Response(
        _encode(content),
        HTTPStatus.MULTI_STATUS if refused else HTTPStatus.OK,
        media_type="application/json",
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a route for its description: these, and what any may end with."""
    problem = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}}
    always = (400, 401, 403, 405, 408, 413, 415, 429, 500, 503)
    return {
        status: {**problem, "description": HTTPStatus(status).phrase}
        for status in sorted({*statuses, *always})
    }


def body_of(media: Iterable[str], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a request body that is read by hand."""
    return {
        "requestBody": {
            "required": True,
            "content": {one: {"schema": schema} for one in media},
        }
    }


def count_answer(edge: Edge, door: str, status: int) -> None:
    """Count one answer by its class."""
    edge.metrics.count("gateway_requests_total", door=door, answer=f"{status // 100}xx")
