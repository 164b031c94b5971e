"""What this page is, and its keys."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from rupture_watch.inbox.web.context import Context, needs

router = APIRouter()


@router.get("/help")
async def help_page(context: Annotated[Context, Depends(needs())]) -> Response:
    """Show the keys, and how an alert is to be read."""
    return await context.page("help.html")
