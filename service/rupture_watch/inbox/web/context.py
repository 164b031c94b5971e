"""One request: who asks, in which language, with which rights; and how it is answered."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from rupture_watch.inbox.access import signing_in
from rupture_watch.inbox.access.accounts import Account
from rupture_watch.inbox.access.roles import Right, home
from rupture_watch.inbox.cases import wellbeing
from rupture_watch.inbox.web import language as languages
from rupture_watch.inbox.web.rendering import render
from rupture_watch.inbox.web.security import fits, is_ours, masked
from rupture_watch.inbox.web.site import Site, site_of

REF: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
ZONE_COOKIE: Final = "rupture-watch-zone"
HTMX: Final = "hx-request"


class SignInNeeded(Exception):
    """Nobody is signed in, or not any more."""


class NotAllowed(Exception):
    """The person has no right to this."""


class Forged(Exception):
    """The request was not made by a page of ours, or by one of another session."""


class NotThere(Exception):
    """There is no such thing, or not for this person."""


@dataclass(slots=True)
class Context:
    """What a page needs to answer one request."""

    request: Request
    site: Site
    session: signing_in.Session | None
    language: str
    formats: languages.Formats

    @property
    def account(self) -> Account:
        """Return who is signed in."""
        if self.session is None:
            raise SignInNeeded
        return self.session.account

    def may(self, right: Right) -> bool:
        """Tell whether the person may do that."""
        return self.session is not None and self.session.account.may(right)

    def csrf(self) -> str:
        """Return a token for the forms of this answer."""
        return masked(self.session.csrf if self.session is not None else "")

    def once(self) -> str:
        """Return a name for one form: sent twice, it is taken once."""
        return secrets.token_urlsafe(12)

    @property
    def now(self) -> int:
        """Return the present in microseconds."""
        return time.time_ns() // 1_000

    async def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Answer with a page."""
        stale = self.site.is_stale
        last: int | None = None
        if self.session is not None:
            async with self.site.database.reading() as connection:
                last = await wellbeing.last_event(connection)
        html = render(self, template, stale=stale, last_event=last, **values)
        return HTMLResponse(html, status)

    def back(self, path: str) -> Response:
        """Send the browser on to a page after something was done."""
        return RedirectResponse(path, 303)


async def context(request: Request) -> Context:
    """Return the context of a request, signed in or not."""
    site = site_of(request)
    session = await _session(request, site)
    own = session.account.language if session is not None else None
    language = languages.chosen(
        own, request.headers.get("accept-language", ""), site.settings.language
    )
    zone = session.account.zone if session is not None else None
    zone = zone or _known_zone(request.cookies.get(ZONE_COOKIE)) or site.settings.zone
    return Context(request, site, session, language, languages.Formats(language, zone))


AnyContext = Annotated[Context, Depends(context)]


def needs(right: Right | None = None) -> Callable[[Request], Awaitable[Context]]:
    """Return a dependency that lets in whoever is signed in and has ``right``.

    A request that changes something must come from a page of ours, and carry its token.
    """

    async def checked(request: Request) -> Context:
        found = await context(request)
        if found.session is None:
            raise SignInNeeded
        if right is not None and not found.may(right):
            raise NotAllowed
        if request.method not in ("GET", "HEAD"):
            await check_form(found)
        return found

    checked.right = right  # type: ignore[attr-defined]
    return checked


async def check_form(found: Context) -> None:
    """Raise :class:`Forged` unless the form was made by a page of this session."""
    if not is_ours(found.request, found.site.address):
        raise Forged
    form = await found.request.form()
    token = str(form.get("csrf", ""))
    if found.session is None or not fits(found.session.csrf, token):
        raise Forged


def reference(text: str) -> str:
    """Return a case reference out of an address; raise :class:`NotThere` where it is none."""
    if REF.fullmatch(text) is None:
        raise NotThere
    return text


def first_page(found: Context) -> str:
    """Return where a person begins."""
    return home(found.account.role)


async def _session(request: Request, site: Site) -> signing_in.Session | None:
    token = request.cookies.get(site.cookie)
    if not token:
        return None
    async with site.database.reading() as connection:
        found = await signing_in.find_session(connection, token)
    if found is None:
        return None
    session, seen = found
    if signing_in.now() - seen > signing_in.SEEN_EVERY:
        async with site.database.writing() as connection:
            await signing_in.see(connection, session)
    return session


def _known_zone(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, LookupError):
        return None
