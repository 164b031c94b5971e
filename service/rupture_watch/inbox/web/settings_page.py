"""Own settings, accounts, and the audit log."""

import json
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import Response
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rupture_watch.inbox.access import accounts, audit, signing_in
from rupture_watch.inbox.access.accounts import Unfit
from rupture_watch.inbox.access.roles import Right, Role, is_role
from rupture_watch.inbox.storage.local_schema import audit as audit_table
from rupture_watch.inbox.storage.local_schema import users
from rupture_watch.inbox.web.context import Context, NotThere, needs
from rupture_watch.inbox.web.language import LANGUAGES

router = APIRouter()

Anybody = Annotated[Context, Depends(needs())]
Manager = Annotated[Context, Depends(needs(Right.MANAGE_USERS))]
Auditor = Annotated[Context, Depends(needs(Right.SEE_AUDIT))]
Text = Annotated[str, Form(max_length=256)]
PAGE = 100


@router.get("/settings")
async def settings(context: Anybody, said: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Show own settings, and to those who may the accounts."""
    return await _page(context, said=said)


@router.post("/settings")
async def own(context: Anybody, language: Text = "", zone: Text = "") -> Response:
    """Choose language and time zone."""
    chosen = zone if zone in available_timezones() else None
    async with context.site.database.writing() as connection:
        await connection.execute(
            update(users)
            .where(users.c.id == context.account.id)
            .values(language=language if language in LANGUAGES else None, zone=chosen)
        )
        await audit.append(connection, context.account.login, "changed_settings")
    return context.back("/settings?said=saved")


@router.post("/settings/password")
async def password(context: Anybody, old: Text = "", new: Text = "") -> Response:
    """Change the own password; every other session of the person ends."""
    account = context.account
    async with context.site.database.reading() as connection:
        fits = await accounts.check(connection, account.login, old)
    if fits is None:
        return await _page(context, status=422, problem="old")
    try:
        async with context.site.database.writing() as connection:
            await accounts.set_password(connection, account.id, new)
            await signing_in.close_all(connection, account.id)
            token = await signing_in.open_session(connection, account.id)
            await audit.append(connection, account.login, "changed_password")
    except Unfit:
        return await _page(context, status=422, problem="password")
    answer = context.back("/settings?said=saved")
    answer.set_cookie(
        context.site.cookie, token, path="/", secure=context.site.https, httponly=True,
        samesite="lax", max_age=signing_in.LONGEST // signing_in.SECOND,
    )  # fmt: skip
    return answer


@router.post("/settings/users")
async def add(context: Manager, login: Text = "", name: Text = "", role: Text = "") -> Response:
    """Add an account; its person sets the password by a link that works once."""
    try:
        async with context.site.database.writing() as connection:
            user_id = await accounts.create(connection, login, name, role)
            link = await signing_in.make_link(connection, "password", user_id)
            await audit.append(
                connection, context.account.login, "added_user", user=login.strip().lower(),
                role=role,
            )  # fmt: skip
    except Unfit as unfit:
        return await _page(context, status=422, problem=str(unfit))
    return await _page(context, link=link, whose=name)


@router.post("/settings/users/{user_id}")
async def change(context: Manager, user_id: int, role: Text = "", does: Text = "") -> Response:
    """Change a role, end or renew an account, or make a new link."""
    account = context.account
    link, whose = None, ""
    async with context.site.database.writing() as connection:
        person = await accounts.find(connection, user_id)
        if person is None:
            raise NotThere
        whose = person.name
        if does == "link":
            link = await signing_in.make_link(connection, "password", user_id)
            await audit.append(connection, account.login, "made_link", user=person.login)
        elif does in ("end", "renew") or is_role(role):
            if await _is_last_lead(connection, person, role, does):
                return await _page(context, status=422, problem="last_lead")
            await _change(connection, account.login, person, role, does)
    if link is not None:
        return await _page(context, link=link, whose=whose)
    return context.back("/settings?said=saved")


async def _change(
    connection: AsyncConnection, actor: str, person: accounts.Account, role: str, does: str
) -> None:
    values: dict[str, Any] = (
        {"active": does == "renew"} if does in ("end", "renew") else {"role": role}
    )
    await connection.execute(update(users).where(users.c.id == person.id).values(**values))
    if does == "end":
        await signing_in.close_all(connection, person.id)
    await audit.append(connection, actor, "changed_user", user=person.login, **values)


async def _is_last_lead(
    connection: AsyncConnection, person: accounts.Account, role: str, does: str
) -> bool:
    """Tell whether nobody would be left who manages accounts."""
    if not person.is_lead or not person.active or does == "renew":
        return False
    if does != "end" and role == Role.LEAD:
        return False
    query = select(func.count()).where(users.c.role == Role.LEAD.value, users.c.active)
    return int(await connection.scalar(query) or 0) <= 1


@router.get("/audit")
async def audit_log(
    context: Auditor, before: Annotated[int, Query(ge=0)] = 0, check: str = ""
) -> Response:
    """Show the audit log, newest first; on request check its chain."""
    verdict = None
    async with context.site.database.reading() as connection:
        query = select(audit_table).order_by(audit_table.c.seq.desc()).limit(PAGE + 1)
        if before:
            query = query.where(audit_table.c.seq < before)
        rows = [dict(row) for row in (await connection.execute(query)).mappings()]
        if check:
            verdict = await audit.verify(connection)
    for row in rows:
        row["detail"] = json.loads(row["detail"])
    return await context.page(
        "audit.html", rows=rows[:PAGE], more=rows[PAGE - 1]["seq"] if len(rows) > PAGE else None,
        verdict=verdict,
    )  # fmt: skip


async def _page(context: Context, *, status: int = 200, **values: Any) -> Response:
    people: list[accounts.Account] = []
    if context.may(Right.MANAGE_USERS):
        async with context.site.database.reading() as connection:
            people = await accounts.everybody(connection)
    shown = {"said": "", "problem": None, "link": None, "whose": ""} | values
    return await context.page(
        "settings.html", status=status, people=people, zones=sorted(available_timezones()),
        roles=[role.value for role in Role], **shown,
    )  # fmt: skip
