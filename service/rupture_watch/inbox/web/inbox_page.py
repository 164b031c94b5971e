"""The inbox, and what is told to browsers that look on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from rupture_watch.inbox.access import signing_in
from rupture_watch.inbox.access.roles import Right
from rupture_watch.inbox.cases import listing, wellbeing
from rupture_watch.inbox.cases.listing import Cursor, Filters
from rupture_watch.inbox.web.context import Context, needs
from rupture_watch.inbox.web.words import SECTIONS

router = APIRouter()

STATES = ("new", "acknowledged", "repair", "ended")
GATHER = 0.3
"""Seconds in which changes are gathered before a browser is told."""
PING = 20
AGAIN = 60.0
"""Seconds after which it is looked whether the session still lasts."""

Reader = Annotated[Context, Depends(needs(Right.SEE_CASES))]


def asked(
    state: str = "",
    severity: Annotated[int, Query(ge=0, le=4)] = 0,
    section: str = "",
    mine: str = "",
    due: str = "",
    q: Annotated[str, Query(max_length=64)] = "",
) -> Filters:
    """Return the filters of an address; what is not known is left out."""
    return Filters(
        state if state in STATES else "",
        severity,
        section if section in SECTIONS else "",
        bool(mine),
        bool(due),
        q.strip(),
    )


@router.get("/")
async def inbox(
    context: Reader,
    filters: Annotated[Filters, Depends(asked)],
    part: str = "",
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Show what needs somebody now; ``part`` and ``after`` name a further page of one part."""
    account = context.account
    cursor = _cursor(after)
    names = [part] if part in listing.PARTS else list(listing.PARTS)
    parts, noted, found = [], [], []
    async with context.site.database.reading() as connection:
        if filters.state == "ended":
            parts.append(await listing.ended(connection, account, filters, context.now))
        else:
            for name in names:
                parts.append(  # noqa: PERF401 - one connection, one after the other
                    await listing.part(connection, account, filters, name, context.now, cursor)
                )
        if not filters.are_any and not part:
            noted = await listing.noted(connection, account, context.now)
        if filters.search and not any(one.rows for one in parts):
            found = await listing.find_cases(connection, account, filters.search)
        canary = await wellbeing.last_canary(connection)
    return await context.page(
        "inbox.html", filters=filters, parts=parts, noted=noted, found=found, canary=canary,
        is_empty=not any(one.rows for one in parts), single=bool(part), sections=SECTIONS,
    )  # fmt: skip


def _cursor(text: str) -> Cursor | None:
    severity, _, rest = text.partition(".")
    since, _, alert_id = rest.partition(".")
    if not (severity.isdigit() and since.isdigit() and alert_id):
        return None
    return Cursor(int(severity), int(since), alert_id)


@router.get("/live")
async def live(
    request: Request,
    context: Reader,
    since: Annotated[int, Query(ge=0)] = 0,
    case: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Tell a browser what changed since the page was made, in all or in one case."""
    events = _events(context, request.cookies.get(context.site.cookie, ""), since, case or None)
    return EventSourceResponse(events, ping=PING, headers={"x-accel-buffering": "no"})


async def _events(
    context: Context, token: str, since: int, ref: str | None
) -> AsyncIterator[ServerSentEvent]:
    hub = context.site.hub
    told = listing.News(0, 0)
    with hub.listening() as listener:
        while not hub.closing.is_set():
            if (found := await _news(context, token, since, ref)) is None:
                yield ServerSentEvent(event="bye", data="{}")
                return
            if found != told:
                told = found
                yield ServerSentEvent(event="alerts", data=json.dumps(found._asdict()))
            with suppress(TimeoutError):
                await asyncio.wait_for(listener.pending.wait(), AGAIN)
            await asyncio.sleep(GATHER)
            listener.pending.clear()


async def _news(context: Context, token: str, since: int, ref: str | None) -> listing.News | None:
    """Return what changed that the reader may see; None: not signed in any more."""
    async with context.site.database.reading() as connection:
        if await signing_in.find_session(connection, token) is None:
            return None
        return await listing.news(connection, context.account, since, ref)
