"""HL7 v2 over MLLP: one message after another, each acknowledged once Kafka has its event.

An acknowledgement says AA when the event is written, or when the message tells nothing; AR when the
message is of a kind that is not taken here; AE otherwise: the content is at fault, or Kafka is away
and the sender should try again. Source: HL7 v2.5.1, chapters 2.9 and 2.15.5; MLLP release 1.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.gateway.mapping.er7 import END, START
from rupture_watch.gateway.mapping.verdict import Verdict, Why
from rupture_watch.gateway.writer import Unavailable

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from rupture_watch.gateway.edge import Edge

logger = logging.getLogger(__name__)

DOOR: Final = "mllp"
MOST_CONNECTIONS: Final = 64
GRACE: Final = 20
"""Seconds at the end for messages under way; longer than an acknowledgement may take."""
# HL7 table 0357.
_REQUIRED, _TYPE, _EVENT, _VALUE, _INTERNAL = "101", "200", "201", "103", "207"
_SAFE: Final = re.compile(r"[A-Za-z0-9 ._/-]{1,199}", re.ASCII)
_LOCATION: Final = re.compile(r"([A-Z][A-Z0-9]{2})-(\d+)(?:\.(\d+))?", re.ASCII)
_HEADER_FIELDS: Final = 12


class Header(NamedTuple):
    """Fields of a message header that its answer repeats; what is odd in them is left out."""

    sender: str
    sender_facility: str
    receiver: str
    receiver_facility: str
    trigger: str
    control: str
    version: str


class Listener:
    """Serves MLLP connections; messages of one connection are taken in their order."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._open: dict[asyncio.Task[None], bool] = {}
        self._closing = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends, falls silent or talks nonsense."""
        task = asyncio.current_task()
        if task is None or self._closing or len(self._open) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._open[task] = False
        try:
            while (message := await self._next(reader)) is not None:
                self._open[task] = True
                writer.write(START + await self.answer(message) + END)
                await writer.drain()
                self._open[task] = False
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass
        except asyncio.LimitOverrunError:
            logger.warning("an MLLP message is too long: connection closed")
        finally:
            del self._open[task]
            writer.close()

    async def close(self) -> None:
        """Answer every message that has come in, then end all connections."""
        self._closing = True
        for task, is_busy in self._open.items():
            if not is_busy:
                task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=GRACE)

    async def _next(self, reader: asyncio.StreamReader) -> bytes | None:
        if self._closing:
            return None
        async with asyncio.timeout(self._edge.settings.mllp_idle):
            first = await reader.read(1)
            while first in (b"\r", b"\n"):
                first = await reader.read(1)
            if first != START:  # the end, or something else than MLLP
                return None
            frame = await reader.readuntil(END)
        return frame.removesuffix(END)

    async def answer(self, message: bytes) -> bytes:
        """Take one message and return its acknowledgement."""
        edge = self._edge
        header = header_of(message)
        run = edge.mapper.run(edge.intake.clock())
        try:
            taken = await edge.intake.take_mapped(DOOR, edge.mapper.hl7v2(run, message))
        except Unavailable:
            return self._acknowledged("AE", header, _INTERNAL, "")
        except Exception:
            logger.critical("internal error", exc_info=True)
            return self._acknowledged("AE", header, _INTERNAL, "")
        refused = [one for one in taken.verdicts if one.outcome == "refused"]
        if not refused:
            return self._acknowledged("AA", header)
        code, error = _kind(refused[0])
        return self._acknowledged(code, header, error, refused[0].message or "")

    def _acknowledged(
        self, code: str, header: Header, error: str | None = None, message: str = ""
    ) -> bytes:
        self._edge.metrics.count("gateway_requests_total", door=DOOR, answer=code.lower())
        moment = dt.datetime.fromtimestamp(self._edge.intake.clock() / 1_000_000, dt.UTC)
        return acknowledgement(code, header, moment, error, message)


def header_of(message: bytes) -> Header:
    """Return what an answer repeats of a header, also of one that cannot be read otherwise."""
    line = re.split(rb"[\r\n]", message.lstrip(b"\r\n"), maxsplit=1)[0].decode("utf-8", "replace")
    bar = line[3:4] or "|"
    fields = [one if _SAFE.fullmatch(one.partition("^")[0]) else "" for one in line.split(bar)]
    fields += [""] * (_HEADER_FIELDS - len(fields))
    kind = line.split(bar)[8] if line.count(bar) >= 8 else ""  # noqa: PLR2004 - MSH-9
    trigger = kind.split("^")[1] if kind.count("^") else ""
    names = [one.partition("^")[0] for one in fields]
    return Header(
        sender=names[2],
        sender_facility=names[3],
        receiver=names[4],
        receiver_facility=names[5],
        trigger=trigger if re.fullmatch("[A-Z][0-9A-Z]{2}", trigger) else "",
        control=names[9],
        version=names[11] if re.fullmatch(r"2(\.\d){0,2}", names[11]) else "2.5.1",
    )


def acknowledgement(
    code: str, header: Header, moment: dt.datetime, error: str | None, message: str
) -> bytes:
    """Return an ACK; its ERR segment tells where and which kind, never what was there."""
    kind = f"ACK^{header.trigger}^ACK" if header.trigger else "ACK"
    sent = moment.strftime("%Y%m%d%H%M%S+0000")
    segments = [
        "|".join(
            (
                "MSH|^~\\&",
                header.receiver,
                header.receiver_facility,
                header.sender,
                header.sender_facility,
                sent,
                "",
                kind,
                f"{header.control}A"[:50] if header.control else moment.strftime("%H%M%S%f"),
                "P",
                header.version,
            )
        ),
        f"MSA|{code}|{header.control}",
    ]
    if error is not None:
        found = _LOCATION.match(message)
        place = f"{found[1]}^1^{found[2]}" if found else ""
        segments.append(f"ERR||{place}|{error}^^HL70357|E")
    return "".join(f"{segment}\r" for segment in segments).encode("ascii", "replace")


def _kind(verdict: Verdict) -> tuple[str, str]:
    """Return the acknowledgement code and the error code of a refusal."""
    if verdict.reason == Why.UNSUPPORTED.value:
        wrong_event = (verdict.message or "").startswith("MSH-9.2")
        return "AR", _EVENT if wrong_event else _TYPE
    if verdict.reason in (Why.MISSING.value, Why.NO_START.value, Why.NO_SUBJECT.value):
        return "AE", _REQUIRED
    return "AE", _VALUE


@asynccontextmanager
async def listening(
    edge: Edge, *, host: str, port: int, tls: ssl.SSLContext | None
) -> AsyncIterator[str]:
    """Listen for MLLP connections; yield ``host:port``.

    Raises:
        OSError: the address cannot be listened on.
    """
    listener = Listener(edge)
    server = await asyncio.start_server(
        listener.serve, host, port, limit=edge.settings.largest_body, ssl=tls
    )
    async with server:
        bound_host, bound_port = server.sockets[0].getsockname()[:2]
        try:
            yield f"{bound_host}:{bound_port}"
        finally:
            server.close()
            await listener.close()
