"""Repairs: those under way, and those that ended."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from rupture_watch.inbox.access.roles import Right
from rupture_watch.inbox.cases import aggregates, repairing
from rupture_watch.inbox.web.context import Context, needs

router = APIRouter()


@router.get("/repairs")
async def repairs(context: Annotated[Context, Depends(needs(Right.SEE_CASES))]) -> Response:
    """Show repairs, and for whoever leads how they go in the service as a whole."""
    account = context.account
    async with context.site.database.reading() as connection:
        running = await repairing.under_way(connection, account, context.now)
        ended = await repairing.ended(connection, account)
        figures = None
        if account.may(Right.SEE_AGGREGATES):
            figures = await aggregates.repair_figures(connection, context.now)
    return await context.page("repairs.html", running=running, ended=ended, figures=figures)
