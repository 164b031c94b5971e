"""Event numbers of FHIR subscriptions: a gap is found, and asked for where a server is named.

Only the address in the settings is ever asked, never one out of a notification.
"""

from __future__ import annotations

import json
import logging
import re
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp

if TYPE_CHECKING:
    from pathlib import Path

    from rupture_watch.gateway.mapping.verdict import Notice

logger = logging.getLogger(__name__)

MOST: Final = 1_000
"""Events that are asked for at once."""
_SUBSCRIPTION: Final = re.compile(r"Subscription/[A-Za-z0-9.-]{1,64}", re.ASCII)
_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.FORBIDDEN})
LARGEST: Final = 16 * 1024 * 1024


class Gap(NamedTuple):
    """Numbers of a subscription that never came, both ends included."""

    subscription: str
    first: int
    last: int


class NotFetched(Exception):
    """The FHIR server did not give what was asked for; ``is_gone``: nor will it ever."""

    def __init__(self, kind: str, *, is_gone: bool = False) -> None:
        super().__init__(kind)
        self.is_gone = is_gone


class EventNumbers:
    """The last event number up to which everything of a subscription has come.

    Of a subscription that is seen for the first time nothing is known to be missing, unless its
    first event is told. ``file`` keeps the numbers over restarts, under hashes of their names.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._last: dict[str, int] = {}
        self._ahead: dict[str, set[int]] = {}
        if file is not None and file.exists():
            try:
                kept = json.loads(file.read_text("utf-8"))
                self._last = {str(name): int(number) for name, number in kept.items()}
            except (OSError, ValueError, AttributeError, TypeError):
                logger.warning("the file of event numbers cannot be read: starting over")

    def gap(self, sender: str, notice: Notice) -> Gap | None:
        """Return what is missing before, or according to, a notification."""
        name = _name(sender, notice)
        last = self._last.get(name)
        if last is None:
            return None
        come = self._ahead.get(name, set()).union(one.number for one in notice.happenings)
        newest = max(come | {notice.latest or 0})
        missing = [number for number in _bounded(last, newest) if number not in come]
        if not missing:
            return None
        return Gap(notice.subscription, missing[0], missing[-1])

    def advance(self, sender: str, notice: Notice, *, filled: bool) -> None:
        """Note that a notification's events are written; over a gap only when it is filled."""
        name = _name(sender, notice)
        last = self._last.get(name)
        come = self._ahead.pop(name, set()).union(one.number for one in notice.happenings)
        newest = max(come | {notice.latest or 0})
        reached = max(newest, last or 0) if last is None or filled else last
        while reached + 1 in come:
            reached += 1
        if ahead := sorted(number for number in come if number > reached)[:MOST]:
            self._ahead[name] = set(ahead)
        if reached != last:
            self._last[name] = reached
            self._keep()

    def _keep(self) -> None:
        if self._file is None:
            return
        temporary = self._file.with_suffix(".new")
        try:
            temporary.write_text(json.dumps(self._last), "utf-8")
            temporary.replace(self._file)
        except OSError as error:
            logger.warning(
                "the file of event numbers cannot be written", extra={"error": type(error).__name__}
            )


def _bounded(last: int, newest: int) -> range:
    return range(last + 1, min(newest, last + MOST) + 1)


def _name(sender: str, notice: Notice) -> str:
    return sha256(f"{sender}|{notice.subscription}".encode("utf-8", "surrogatepass")).hexdigest()


class FhirServer:
    """The server that is asked for what is missing."""

    def __init__(self, base: str, token_file: Path | None) -> None:
        self._base = base
        self._token_file = token_file

    async def events(self, gap: Gap) -> bytes:
        """Return the notification of a gap's events, with their resources.

        Raises:
            NotFetched: no answer, or not that.
        """
        local = gap.subscription.rpartition("|")[2]
        if not _SUBSCRIPTION.fullmatch(local):
            raise NotFetched("no subscription of this server", is_gone=True)
        return await self._get(
            f"{local}/$events",
            {
                "eventsSinceNumber": str(gap.first),
                "eventsUntilNumber": str(gap.last),
                "content": "full-resource",
            },
        )

    async def resource(self, local: str) -> bytes:
        """Return a resource by its type and id.

        Raises:
            NotFetched: no answer, or not that.
        """
        return await self._get(local, {})

    async def _get(self, path: str, parameters: dict[str, str]) -> bytes:
        headers = {"Accept": "application/fhir+json"}
        if self._token_file is not None:
            headers["Authorization"] = f"Bearer {self._token_file.read_text('utf-8').strip()}"
        timeout = aiohttp.ClientTimeout(total=8)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.get(
                    f"{self._base}/{path}", params=parameters, allow_redirects=False
                ) as answer,
            ):
                if answer.status != HTTPStatus.OK:
                    raise NotFetched(str(answer.status), is_gone=answer.status in _GONE)
                body = await answer.content.read(LARGEST)
                if not answer.content.at_eof():
                    raise NotFetched("too large")
                return body
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotFetched(type(error).__name__) from error
