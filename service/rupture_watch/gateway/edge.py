"""Everything that a request needs, put together once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from rupture_watch.gateway.problems import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

    from rupture_watch.gateway.admission import Admission
    from rupture_watch.gateway.clients import Clients
    from rupture_watch.gateway.intake import Intake
    from rupture_watch.gateway.mapping.mapper import Mapper
    from rupture_watch.gateway.notifications import Notifications
    from rupture_watch.gateway.settings import GatewaySettings
    from rupture_watch.gateway.standing import Standings
    from rupture_watch.gateway.tokens import Tokens
    from rupture_watch.gateway.writer import Writer
    from rupture_watch.metrics import Metrics


PATIENCE: Final = 16
"""Times the largest body that is read and thrown away: a sender that is cut off in the middle of
its body sees a broken connection and tries again, one that is answered knows why."""


@dataclass(slots=True)
class Edge:
    """The collaborators of all routes; ``standings`` is None where cards are off."""

    settings: GatewaySettings
    mapper: Mapper
    intake: Intake
    writer: Writer
    admission: Admission
    tokens: Tokens
    clients: Clients | None
    notifications: Notifications
    metrics: Metrics
    standings: Standings | None


def edge_of(request: Request) -> Edge:
    """Return what the application was built with."""
    edge: Edge = request.app.state.edge
    return edge


async def read_body(request: Request) -> bytes:
    """Return the body, as long as it is small and quick enough.

    Raises:
        Problem: 400, 408, 413 or 415.
    """
    settings = edge_of(request).settings
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "no encoding")
    pieces = bytearray()
    size = 0
    try:
        async with asyncio.timeout(settings.body_timeout):
            async for piece in request.stream():
                size += len(piece)
                if size <= settings.largest_body:
                    pieces += piece
                elif size > PATIENCE * settings.largest_body:
                    break
    except TimeoutError:
        if size <= settings.largest_body:
            raise Problem(
                HTTPStatus.REQUEST_TIMEOUT, "request-timeout", headers={"Connection": "close"}
            ) from None
    except ClientDisconnect:
        raise Problem(HTTPStatus.BAD_REQUEST, "incomplete") from None
    if size > settings.largest_body:
        raise _too_large(settings.largest_body)
    return bytes(pieces)


def _too_large(limit: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        f"at most {limit} bytes",
        headers={"Connection": "close"},
    )
