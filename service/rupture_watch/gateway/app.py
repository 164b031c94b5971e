"""The HTTP application: routes, how failures are answered, what is counted, how it is described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from rupture_watch import __version__
from rupture_watch.gateway import cds_routes, ehr_routes, events_route, ops_routes, problems
from rupture_watch.gateway.answers import count_answer
from rupture_watch.gateway.writer import Unavailable

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rupture_watch.gateway.edge import Edge

TITLE: Final = "Rupture Watch gateway"
DESCRIPTION: Final = (
    "Events in: CloudEvents of the contract, FHIR, HL7 v2 and CDS Hooks. Every answer waits for "
    "Kafka's acknowledgement. Refusals name field paths and kinds of faults, never values."
)
_KEY = Security(APIKeyHeader(name="X-Api-Key", auto_error=False))
_BEARER = Security(HTTPBearer(auto_error=False))
_DOORS: Final = {"events": "events", "fhir": "fhir", "hl7v2": "hl7v2", "token": "token"}


class Counting:
    """Counts every answer by door and class; a plain layer, for it must cost next to nothing."""

    def __init__(self, app: ASGIApp, edge: Edge) -> None:
        self._app = app
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and look at the status of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def look(message: Message) -> None:
            if message["type"] == "http.response.start":
                count_answer(self._edge, _door(scope["path"]), message["status"])
            await send(message)

        await self._app(scope, receive, look)


def _door(path: str) -> str:
    first = path.split("/")[1]
    if first == "cds-services":
        return "feedback" if path.endswith("/feedback") else "cds"
    return _DOORS.get(first, "other")


def build(edge: Edge | None, url: str = "http://localhost") -> FastAPI:
    """Return the application; without an edge it can only be described."""
    app = FastAPI(
        title=TITLE,
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,  # pages load scripts from elsewhere
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    for router in (events_route.router, ehr_routes.router, cds_routes.router):
        app.include_router(router, dependencies=[_KEY, _BEARER])
    app.include_router(cds_routes.discovery)
    app.include_router(ehr_routes.discovery)
    app.include_router(ops_routes.router)
    problems.install(app)

    async def on_unavailable(_request: Request, _error: Exception) -> Response:
        return problems.response(problems.unavailable())

    app.add_exception_handler(Unavailable, on_unavailable)
    app.state.url = url
    if edge is not None:
        app.state.edge = edge
        app.add_middleware(Counting, edge=edge)
    plain = app.openapi

    def described() -> dict[str, Any]:
        from rupture_watch.gateway.openapi import completed  # noqa: PLC0415 - needed seldom

        if app.openapi_schema is None:
            app.openapi_schema = completed(plain())
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign] # as FastAPI's own documentation does
    return app
