"""Answers that say no, as RFC 9457 has them: field paths and kinds of faults, never values."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request

    from rupture_watch.gateway.mapping.verdict import Verdict

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
TYPE: Final = "urn:rupture-watch:problem:"
COME_AGAIN: Final = 5
"""Seconds after which a sender is told to try again while Kafka is away."""
_SHOWN: Final = 1_000


class VerdictLine(BaseModel):
    """What became of one event, resource or message of a body."""

    index: int = Field(ge=0, description="Its place in the body, from 0.")
    outcome: str = Field(pattern="^(mapped|no_event|refused)$")
    reason: str | None = None
    message: str | None = Field(default=None, description="Field paths and kinds of faults.")


class ProblemDetails(BaseModel):
    """RFC 9457, with the verdicts as an extension where there are any."""

    type: str
    title: str
    status: int
    detail: str | None = None
    verdicts: list[VerdictLine] | None = None


class Problem(Exception):
    """Ends a request; ``kind`` names what is wrong, in words that hold no value of the body."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str | None = None,
        *,
        verdicts: Sequence[Verdict] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.verdicts = verdicts
        self.headers = headers


UNWRITTEN: Final = "not known to be written: send it again, a repeat changes nothing"


def unavailable(detail: str = UNWRITTEN) -> Problem:
    """Return that something that is needed is away for now."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        detail,
        headers={"Retry-After": str(COME_AGAIN)},
    )


def lines(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return verdicts as :class:`VerdictLine` describes them, the first thousand of them."""
    return [
        {"index": place, "outcome": one.outcome}
        if one.reason is None
        else {
            "index": place,
            "outcome": one.outcome,
            "reason": one.reason,
            "message": one.message,
        }
        for place, one in enumerate(verdicts[:_SHOWN])
    ]


def response(problem: Problem) -> JSONResponse:
    """Return the answer of a problem."""
    content: dict[str, Any] = {
        "type": TYPE + problem.kind,
        "title": problem.status.phrase,
        "status": int(problem.status),
    }
    if problem.detail is not None:
        content["detail"] = problem.detail
    if problem.verdicts:
        content["verdicts"] = lines(problem.verdicts)
    return JSONResponse(
        content,
        status_code=problem.status,
        headers=dict(problem.headers or {}),
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Answer every failure of this application as a problem."""

    async def on_problem(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)  # noqa: S101 - registered for it alone
        return response(error)

    async def on_http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
        status = HTTPStatus(error.status_code)
        kind = status.name.lower().replace("_", "-")
        return response(Problem(status, kind, headers=error.headers))

    async def on_parameters(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
        faults = [f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in error.errors()]
        return response(
            Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "parameters", "; ".join(faults[:5]))
        )

    async def on_defect(_request: Request, error: Exception) -> JSONResponse:
        logger.critical("internal error", exc_info=error)
        return response(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error"))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_parameters)
    app.add_exception_handler(Exception, on_defect)
