"""One case: its chart, the evidence, and what one can do."""

import asyncio
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from rupture_watch.inbox.access import accounts, audit
from rupture_watch.inbox.access.roles import Right
from rupture_watch.inbox.cases import dossier, glancing, listing
from rupture_watch.inbox.cases.dossier import Dossier
from rupture_watch.inbox.cases.judging import PICTURED, WHY, chart_of, why_of
from rupture_watch.inbox.deciding import Decision
from rupture_watch.inbox.web.context import Context, NotThere, needs, reference
from rupture_watch.inbox.web.words import ACTIONS, DISMISSALS

router = APIRouter(prefix="/cases/{ref}")

Reader = Annotated[Context, Depends(needs(Right.SEE_CASES))]
Answerer = Annotated[Context, Depends(needs(Right.ANSWER))]
Said = Annotated[str, Form(max_length=64)]
LONGEST_NOTE = 2_000


@router.get("")
async def case(
    context: Reader,
    ref: str,
    alert: Annotated[str, Query(max_length=32)] = "",
    said: Annotated[str, Query(max_length=20)] = "",
    why: Annotated[str, Query(max_length=64)] = "",
    do: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show a case.

    ``said`` is what was just done, ``why`` a session that is asked about, ``do`` what is to be
    done first.
    """
    found = await open_case(context, ref, alert or None, "viewed_case")
    chart = await chart_for(context, ref)
    answer = await _why(context, ref, why) if why else None
    async with context.site.database.reading() as connection:
        people = [
            one for one in await accounts.everybody(connection)
            if one.active and one.may(Right.ANSWER)
        ]  # fmt: skip
    link = context.site.settings.case_link
    return await context.page(
        "case.html", found=found, chart=chart, said=said, why=why, do=do, answer=answer,
        people=people, dismissals=DISMISSALS,
        link=link.replace("{ref}", ref) if link else None,
    )  # fmt: skip


class Answered(BaseModel):
    """The form with which an alert is answered; ``token`` is of the form that was sent."""

    csrf: str = ""
    alert_id: str = Field(pattern="^[0-9a-f]{32}$")
    action: str
    token: str = Field(min_length=8, max_length=64)
    reason_code: str = ""
    note: str = Field(default="", max_length=LONGEST_NOTE)
    back: str = ""
    query: str = Field(default="", max_length=300, pattern=r"^[A-Za-z0-9._=&+%-]*$")


@router.post("/decide")
async def decide(context: Answerer, ref: str, given: Annotated[Answered, Form()]) -> Response:
    """Answer an alert; the answer is said to be done once Kafka has acknowledged it."""
    alert_id, action, reason_code = given.alert_id, given.action, given.reason_code
    await _must_see(context, ref)
    if action not in ACTIONS or (action == "dismissed" and reason_code not in DISMISSALS):
        return context.back(f"/cases/{ref}?alert={alert_id}&said=reason")
    reason = reason_code if action == "dismissed" else None
    account = context.account
    async with context.site.database.writing() as connection:
        if not await _is_alert_of(connection, ref, alert_id):
            raise NotThere
        await audit.append(
            connection, account.login, "decided", ref, alert=alert_id, answer=action, reason=reason
        )
        if given.note.strip():
            await dossier.add_note(connection, account, ref, alert_id, given.note.strip())
    done = await context.site.decisions.take(
        Decision(ref, alert_id, action, reason, account.role, account.id, given.token)
    )
    if given.back == "inbox" and done:
        return context.back(f"/?{given.query}" if given.query else "/")
    return context.back(f"/cases/{ref}?alert={alert_id}&said={action if done else 'waiting'}")


@router.post("/note")
async def note(
    context: Answerer, ref: str, text: Annotated[str, Form(max_length=LONGEST_NOTE)] = ""
) -> Response:
    """Add context that stays here."""
    await _must_see(context, ref)
    if text.strip():
        async with context.site.database.writing() as connection:
            await dossier.add_note(connection, context.account, ref, None, text.strip())
            await audit.append(connection, context.account.login, "noted", ref)
    return context.back(f"/cases/{ref}?said=noted")


@router.post("/owner")
async def owner(context: Answerer, ref: str, user: Said = "") -> Response:
    """Take a case over, or hand it over: others' cases only by those who may."""
    await _must_see(context, ref)
    account = context.account
    async with context.site.database.writing() as connection:
        chosen = await accounts.find(connection, int(user)) if user.isdigit() else None
        if user and (chosen is None or not chosen.active or not chosen.may(Right.ANSWER)):
            raise NotThere
        await dossier.set_owner(connection, ref, None if chosen is None else chosen.id)
        await audit.append(
            connection, account.login, "handed_over", ref, to=chosen.login if chosen else None
        )
    if chosen is not None and chosen.id != account.id and not account.may(Right.SEE_ALL_CASES):
        return context.back("/")
    return context.back(f"/cases/{ref}?said=owner")


async def open_case(context: Context, ref: str, alert_id: str | None, action: str) -> Dossier:
    """Return a case that the reader may see; that it was seen is in the audit log."""
    ref = await _must_see(context, ref)
    async with context.site.database.reading() as connection:
        found = await dossier.dossier(connection, ref, alert_id)
    if found is None:
        raise NotThere
    async with context.site.database.writing() as connection:
        await dossier.mark_read(connection, context.account, found)
        await audit.append(connection, context.account.login, action, ref)
    return found


async def chart_for(context: Context, ref: str) -> dict[str, Any]:
    """Return the chart of a case, judged beside the page."""
    async with context.site.database.reading() as connection:
        lines = (await glancing.lines_of(connection, [ref])).get(ref, [])
        clock = await glancing.stream_time(connection)
    text = await asyncio.wait_for(
        context.site.pages.run(chart_of, context.site.ruleset, ref, lines, clock), PICTURED
    )
    found: dict[str, Any] = json.loads(text)
    return found


async def _why(context: Context, ref: str, session: str) -> dict[str, Any] | None:
    """Return why a session was, or was not, asked about; None: not found, or not in time."""
    async with context.site.database.reading() as connection:
        lines = (await glancing.lines_of(connection, [ref])).get(ref, [])
        clock = await glancing.stream_time(connection)
    run = context.site.background.run
    try:
        text = await asyncio.wait_for(
            run(why_of, context.site.ruleset, ref, lines, clock, session), WHY
        )
    except TimeoutError:
        return None
    async with context.site.database.writing() as connection:
        await audit.append(connection, context.account.login, "asked_why", ref)
    found: dict[str, Any] | None = json.loads(text)
    return found


async def _must_see(context: Context, ref: str) -> str:
    ref = reference(ref)
    async with context.site.database.reading() as connection:
        if not await listing.may_see(connection, context.account, ref):
            raise NotThere
    return ref


async def _is_alert_of(connection: Any, ref: str, alert_id: str) -> bool:
    found = await dossier.dossier(connection, ref, alert_id)
    return found is not None and any(one["alert_id"] == alert_id for one in found.alerts)
