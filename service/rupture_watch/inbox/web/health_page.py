"""How well data arrive, for people; and two lines for machines."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response

from rupture_watch.inbox.access.roles import Right
from rupture_watch.inbox.cases import glancing, wellbeing
from rupture_watch.inbox.web.context import Context, needs
from rupture_watch.inbox.web.site import site_of

router = APIRouter()


@router.get("/health")
async def health(context: Annotated[Context, Depends(needs(Right.SEE_HEALTH))]) -> Response:
    """Show what arrives, what does not, and what was refused."""
    async with context.site.database.reading() as connection:
        senders = await wellbeing.senders(connection)
        reasons, letters = await wellbeing.refused(connection)
        stream_time = await glancing.stream_time(connection)
        complete = await wellbeing.completeness(connection, stream_time)
        canary = await wellbeing.last_canary(connection)
    return await context.page(
        "health.html", senders=senders, reasons=reasons, letters=letters, complete=complete,
        canary=canary, freshness=context.site.hub.freshness,
    )  # fmt: skip


@router.get("/livez")
async def alive() -> Response:
    """Answer: the event loop turns."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Answer whether the read model follows Kafka; the page works without, and says so."""
    stale = site_of(request).is_stale
    return PlainTextResponse("stale\n" if stale else "ok\n", 503 if stale else 200)
