"""Coming in and going out: sign-in, links that work once, sign-out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from rupture_watch.inbox.access import accounts, audit, signing_in
from rupture_watch.inbox.access.accounts import Unfit
from rupture_watch.inbox.access.roles import Role, home
from rupture_watch.inbox.web.context import (
    AnyContext,
    Context,
    Forged,
    NotThere,
    first_page,
    needs,
)
from rupture_watch.inbox.web.security import is_ours

router = APIRouter()

Text = Annotated[str, Form(max_length=256)]


def _check_origin(context: Context) -> None:
    if not is_ours(context.request, context.site.address):
        raise Forged


def _next(path: str) -> str:
    """Return where to go on, which is always a page of ours."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def _address_of(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"


@router.get("/sign-in")
async def sign_in_page(context: AnyContext, next: str = "/", ended: str = "") -> Response:  # noqa: A002 - the parameter's name
    """Ask who it is."""
    if context.session is not None:
        return context.back(first_page(context))
    async with context.site.database.reading() as connection:
        empty = await accounts.count(connection) == 0
    return await context.page(
        "sign_in.html", next=_next(next), ended=bool(ended), problem=None, empty=empty, login=""
    )


@router.post("/sign-in")
async def sign_in(
    context: AnyContext,
    login: Text,
    password: Text,
    next: Text = "/",  # noqa: A002 - as above
) -> Response:
    """Let somebody in whose password fits, unless too many did not."""
    _check_origin(context)
    keys = f"login {login.strip().lower()}", f"address {_address_of(context.request)}"
    database = context.site.database
    async with database.reading() as connection:
        limited = await signing_in.is_limited(connection, *keys)
        account = None if limited else await accounts.check(connection, login, password)
    if account is None:
        async with database.writing() as connection:
            if not limited:
                await signing_in.count_failure(connection, *keys)
            await audit.append(connection, "-", "sign_in_failed", limited=limited)
        return await context.page(
            "sign_in.html", status=429 if limited else 401, next=_next(next), ended=False,
            problem="limited" if limited else "wrong", empty=False, login=login,
        )  # fmt: skip
    async with database.writing() as connection:
        await signing_in.forget_failures(connection, keys[0])
        token = await _begin(connection, account.id, account.login)
    answer = context.back(_next(next) if next not in ("", "/") else home(account.role))
    return _with_cookie(context, answer, token)


@router.post("/sign-out")
async def sign_out(context: Annotated[Context, Depends(needs())]) -> Response:
    """End the session."""
    if context.session is not None:
        async with context.site.database.writing() as connection:
            await signing_in.close_session(connection, context.session)
            await audit.append(connection, context.account.login, "signed_out")
    answer = context.back("/sign-in")
    answer.delete_cookie(context.site.cookie, path="/", secure=context.site.https, httponly=True)
    return answer


@router.get("/once/{token}")
async def once_page(context: AnyContext, token: str) -> Response:
    """Show what a link is for; looking at it does not use it up."""
    async with context.site.database.reading() as connection:
        link = await signing_in.find_link(connection, token)
        person = await _person(connection, link)
    if link is None:
        return await context.page("used_link.html", status=410)
    return await context.page(
        "once.html", token=token, link=link, person=person, problem=None, given={}
    )


@router.post("/once/{token}")
async def once(
    context: AnyContext,
    token: str,
    login: Text = "",
    name: Text = "",
    password: Annotated[str, Form(max_length=1024)] = "",
) -> Response:
    """Use a link: make the first account, set a password, or just sign in."""
    _check_origin(context)
    database = context.site.database
    try:
        async with database.writing() as connection:
            account = await _used(connection, token, login, name, password)
            session = await _begin(connection, account.id, account.login)
    except NotThere:
        return await context.page("used_link.html", status=410)
    except Unfit as unfit:  # the transaction is undone: the link can be used again
        async with database.reading() as connection:
            link = await signing_in.find_link(connection, token)
            person = await _person(connection, link)
        given = {"login": login, "name": name}
        return await context.page(
            "once.html", status=422, token=token, link=link, person=person, problem=str(unfit),
            given=given,
        )  # fmt: skip
    return _with_cookie(context, context.back(home(account.role)), session)


async def _used(
    connection: AsyncConnection, token: str, login: str, name: str, password: str
) -> accounts.Account:
    link = await signing_in.use_link(connection, token)
    if link is None:
        raise NotThere
    user_id = await _follow(connection, link, login, name, password)
    account = await accounts.find(connection, user_id)
    if account is None or not account.active:
        raise NotThere
    return account


async def _follow(
    connection: AsyncConnection, link: signing_in.Link, login: str, name: str, password: str
) -> int:
    if link.purpose == "setup":
        if await accounts.count(connection):
            raise NotThere
        user_id = await accounts.create(connection, login, name, Role.LEAD, password)
        await audit.append(connection, login.strip().lower(), "added_user", role=Role.LEAD.value)
        return user_id
    if link.user_id is None:
        raise NotThere
    if link.purpose == "password":
        await accounts.set_password(connection, link.user_id, password)
        await signing_in.close_all(connection, link.user_id)
        person = await accounts.find(connection, link.user_id)
        await audit.append(connection, person.login if person else "-", "changed_password")
    return link.user_id


async def _person(connection: AsyncConnection, link: signing_in.Link | None) -> Any:
    if link is None or link.user_id is None:
        return None
    return await accounts.find(connection, link.user_id)


async def _begin(connection: AsyncConnection, user_id: int, login: str) -> str:
    token = await signing_in.open_session(connection, user_id)
    await audit.append(connection, login, "signed_in")
    return token


def _with_cookie(context: Context, answer: Response, token: str) -> Response:
    answer.set_cookie(
        context.site.cookie,
        token,
        max_age=signing_in.LONGEST // signing_in.SECOND,
        path="/",
        secure=context.site.https,
        httponly=True,
        samesite="lax",
    )
    return answer
