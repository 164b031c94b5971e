"""Probes, metrics, and the token endpoint of SMART backend services."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import JSONResponse, PlainTextResponse

from rupture_watch.gateway.answers import body_of, documented
from rupture_watch.gateway.edge import edge_of, read_body
from rupture_watch.gateway.tokens import ALGORITHMS, LIFE

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM: Final = "application/x-www-form-urlencoded"
BEARER: Final = "bearer"
SCOPE: Final = "system/*.cu"

router = APIRouter()


class AccessToken(BaseModel):
    """A token for the `Authorization` header, good for five minutes."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class TokenError(BaseModel):
    """RFC 6749, section 5.2."""

    error: str


@router.get("/livez", tags=["ops"], response_class=PlainTextResponse)
async def livez() -> PlainTextResponse:
    """Answer while the process turns."""
    return PlainTextResponse("ok\n")


@router.get(
    "/readyz",
    tags=["ops"],
    response_class=PlainTextResponse,
    responses={503: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def readyz(request: Request) -> PlainTextResponse:
    """Answer whether events can be taken, and cards be told."""
    edge = edge_of(request)
    ready = edge.writer.ready and (edge.standings is None or edge.standings.complete)
    edge.metrics.level("gateway_ready", int(ready))
    return PlainTextResponse("ok\n" if ready else "no\n", status_code=200 if ready else 503)


@router.get("/metrics", tags=["ops"], response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Return every metric in Prometheus' text format."""
    edge = edge_of(request)
    edge.metrics.level("gateway_ready", int(edge.writer.ready))
    return Response(edge.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get("/.well-known/smart-configuration", tags=["token"])
async def smart_configuration(request: Request) -> dict[str, Any]:
    """Tell a SMART backend service where and how to ask for a token."""
    base = request.app.state.url
    return {
        "token_endpoint": f"{base}/token",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": [SCOPE],
        "capabilities": ["client-confidential-asymmetric"],
    }


@router.post(
    "/token",
    tags=["token"],
    response_model=AccessToken,
    responses={**documented(), 400: {"model": TokenError}, 401: {"model": TokenError}},
    openapi_extra=body_of(
        [FORM],
        {
            "type": "object",
            "required": ["grant_type", "client_assertion_type", "client_assertion"],
            "properties": {
                "grant_type": {"const": "client_credentials"},
                "client_assertion_type": {"const": ASSERTION},
                "client_assertion": {"type": "string"},
                "scope": {"type": "string"},
            },
        },
    ),
)
async def token(request: Request) -> Response:
    """Exchange a client's signed assertion for an access token (SMART backend services)."""
    edge = edge_of(request)
    body = await read_body(request)
    try:
        form = parse_qs(body.decode("ascii"), max_num_fields=10)
    except ValueError:
        return _error("invalid_request")
    if form.get("grant_type") != ["client_credentials"]:
        return _error("unsupported_grant_type")
    assertion = form.get("client_assertion", [""])
    if form.get("client_assertion_type") != [ASSERTION] or len(assertion) != 1:
        return _error("invalid_request")
    client = await edge.tokens.client_of_assertion(assertion[0])
    if client is None:
        edge.metrics.count("gateway_denied_total")
        return _error("invalid_client", HTTPStatus.UNAUTHORIZED)
    edge.admission.limit(client)
    granted = AccessToken(
        access_token=edge.tokens.issue(client), token_type=BEARER, expires_in=LIFE, scope=SCOPE
    )
    return JSONResponse(granted.model_dump(), headers={"Cache-Control": "no-store"})


def _error(kind: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> JSONResponse:
    return JSONResponse({"error": kind}, status_code=status)
