"""The application: routes, what protects them, and how failures look."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from rupture_watch.inbox.web import (
    case_page,
    entering,
    health_page,
    help_page,
    inbox_page,
    repairs_page,
    rules_page,
    settings_page,
    sheet_page,
)
from rupture_watch.inbox.web.context import (
    HTMX,
    Forged,
    NotAllowed,
    NotThere,
    SignInNeeded,
    context,
)
from rupture_watch.inbox.web.security import ProtectiveHeaders
from rupture_watch.inbox.web.site import STATIC, Site, site_of

if TYPE_CHECKING:
    from starlette.types import Scope

log = logging.getLogger(__name__)

WORTH_PACKING = 1_000
"""Bytes from which an answer is compressed."""


class LastingFiles(StaticFiles):
    """Static files; their addresses carry a fingerprint, so browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file."""
        answer = await super().get_response(path, scope)
        answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer


def create_app(site: Site) -> FastAPI:
    """Return the application around a site; whoever serves it runs the rest of the site."""
    app = FastAPI(title="Rupture Watch", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = site
    for module in (
        entering, inbox_page, case_page, sheet_page, repairs_page, rules_page, health_page,
        settings_page, help_page,
    ):  # fmt: skip
        app.include_router(module.router)
    STATIC.mkdir(exist_ok=True)
    app.mount("/static", LastingFiles(directory=STATIC), name="static")
    app.add_exception_handler(SignInNeeded, _sign_in)
    app.add_exception_handler(NotAllowed, _not_allowed)
    app.add_exception_handler(Forged, _forged)
    app.add_exception_handler(NotThere, _not_there)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(GZipMiddleware, minimum_size=WORTH_PACKING, compresslevel=4)
    app.add_middleware(ProtectiveHeaders, https=site.https)
    return app


async def _sign_in(request: Request, _error: Exception) -> Response:
    """Send the browser to the sign-in; a part of a page sends the whole browser there."""
    site = site_of(request)
    had_one = site.cookie in request.cookies
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = quote(path, safe="/") if request.method == "GET" else "/"
    address = f"/sign-in?next={back}" + ("&ended=1" if had_one else "")
    if request.headers.get(HTMX):
        return Response(status_code=200, headers={"hx-redirect": address})
    return RedirectResponse(address, 303)


async def _not_allowed(request: Request, _error: Exception) -> Response:
    return await _failure(request, 403, "rights")


async def _forged(request: Request, _error: Exception) -> Response:
    return await _failure(request, 403, "form")


async def _not_there(request: Request, _error: Exception) -> Response:
    return await _failure(request, 404, "missing")


async def _not_understood(request: Request, _error: Exception) -> Response:
    return await _failure(request, 422, "input")


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return await _failure(request, status, "missing" if status == 404 else "input")  # noqa: PLR2004


async def _broken(request: Request, error: Exception) -> Response:
    log.error("a page failed", exc_info=error)
    try:
        return await _failure(request, 500, "broken")
    except Exception:  # noqa: BLE001 - the database itself may be what failed
        return Response("Something went wrong here. Nothing was changed.\n", 500)


async def _failure(request: Request, status: int, what: str) -> Response:
    found = await context(request)
    return await found.page("failure.html", status=status, what=what)
