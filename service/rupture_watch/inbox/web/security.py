"""What protects every page: headers, and that a request was made by one of our own pages."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere, no frames."""
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
A_YEAR: Final = "max-age=31536000"


class ProtectiveHeaders:
    """Adds the headers to every answer; pages are never kept by a cache.

    Args:
        app: what is protected.
        https: whether browsers reach the page by TLS.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if not scope["path"].startswith("/static/"):
                    headers["cache-control"] = "no-store"
                if self._https:
                    headers["strict-transport-security"] = A_YEAR
            await send(message)

        await self._app(scope, receive, send_protected)


def masked(token: str) -> str:
    """Return a form's token: another one on each page, so that compression tells nothing of it."""
    salt = secrets.token_hex(8)
    return f"{salt}.{_mac(token, salt)}"


def fits(token: str, given: str) -> bool:
    """Tell whether a form's token was made of the session's."""
    salt, _, mac = given.partition(".")
    return bool(mac) and hmac.compare_digest(_mac(token, salt), mac)


def is_ours(request: Request, address: str) -> bool:
    """Tell whether a request comes from a page of ours, as far as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.url.netloc}"
    return origin is None or origin in (address, own)


def _mac(token: str, salt: str) -> str:
    return hmac.new(token.encode(), salt.encode(), "sha256").hexdigest()[:40]
