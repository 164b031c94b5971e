"""HL7 v2 over MLLP: acknowledged with AA only when the event is written."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from hl7apy.parser import parse_message  # type: ignore[import-untyped]

from rupture_watch.gateway.mllp import header_of, listening
from tests.ehr_bodies import CANARY, siu
from tests.gateway_edge import KeptEvents, put_together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from rupture_watch.gateway.edge import Edge
    from rupture_watch.kafka.binary_mode import BinaryEvent

SINCE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Edge, KeptEvents]:
    edge, kept, _ = put_together(tmp_path, SINCE, largest_body=20_000)
    return edge, kept


class Line:
    """One connection of a sender."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, text: str) -> str:
        self.writer.write(b"\x0b" + text.encode() + b"\x1c\r")
        frame = await asyncio.wait_for(self.reader.readuntil(b"\x1c\r"), 10)
        assert frame.startswith(b"\x0b")
        return frame[1:-2].decode()


@pytest.fixture
async def line(parts: tuple[Edge, KeptEvents]) -> AsyncIterator[Line]:
    async with listening(parts[0], host="127.0.0.1", port=0, tls=None) as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
        yield Line(reader, writer)
        writer.close()


async def test_messages_of_one_connection_are_acknowledged_in_order(
    line: Line, parts: tuple[Edge, KeptEvents]
) -> None:
    for number in range(5):
        told = parse_message(await line.send(siu("S26", MSH_10=f"M{number}")), find_groups=False)
        assert told.msa.msa_1.to_er7() == "AA"
        assert told.msa.msa_2.to_er7() == f"M{number}"
        assert told.msh.msh_9.to_er7() == "ACK^S26^ACK"
        assert told.msh.msh_3.to_er7() == "RW"
        assert told.msh.msh_5.to_er7() == "SCH"
    assert [one["status"] for one in parts[1].data] == ["no_show"] * 5


@pytest.mark.parametrize(
    ("text", "code", "error"),
    [
        (siu("S16"), "AR", "201"),
        (siu("S26", MSH_9="ADT^A60^ADT_A60"), "AR", "200"),
        (siu("S26", TQ1_7=""), "AE", "101"),
        (siu("S26", PID_3=""), "AE", "101"),
        (siu("S26", TQ1_7="20260309100000+0000"), "AE", "103"),
        ("PID|1", "AE", "103"),
        ("", "AE", "103"),
        (f"MSH|{CANARY}", "AE", "103"),
    ],
)
async def test_what_is_not_taken_is_told_with_its_place_and_kind(
    text: str, code: str, error: str, line: Line, parts: tuple[Edge, KeptEvents]
) -> None:
    told = await line.send(text)
    segments = dict(one.split("|", 1) for one in told.split("\r") if one)
    assert segments["MSA"].startswith(code)
    assert f"|{error}^^HL70357|E" in segments["ERR"]
    assert CANARY not in told
    assert parts[1].records == []


async def test_a_change_that_tells_nothing_is_accepted(line: Line) -> None:
    assert "MSA|AA|M1" in await line.send(siu("S14", SCH_25="Booked"))


async def test_while_kafka_is_away_no_message_is_accepted(
    line: Line, parts: tuple[Edge, KeptEvents]
) -> None:
    parts[1].away = True
    told = await line.send(siu("S26"))
    assert "MSA|AE|M1" in told
    assert "|207^^HL70357|E" in told
    parts[1].away = False
    assert "MSA|AA|M1" in await line.send(siu("S26"))
    assert len(parts[1].records) == 1


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.1\r\n\r\n", b"\x0b" + b"x" * 30_000, b"\x0bMSH|", b""]
)
async def test_nonsense_and_silence_end_the_connection(sent: bytes, tmp_path: Path) -> None:
    edge, _, _ = put_together(tmp_path, SINCE, largest_body=20_000, mllp_idle=0.5)
    async with listening(edge, host="127.0.0.1", port=0, tls=None) as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
        writer.write(sent)
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()


async def test_with_tls_a_client_without_certificate_is_not_heard(
    parts: tuple[Edge, KeptEvents],
) -> None:
    authority = trustme.CA()
    server, client = (
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
        ssl.create_default_context(),
    )
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(server)
    authority.configure_trust(client)
    server.verify_mode = ssl.CERT_REQUIRED
    async with listening(parts[0], host="127.0.0.1", port=0, tls=server) as address:
        port = int(address.rpartition(":")[2])
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await Line(*await asyncio.open_connection("127.0.0.1", port, ssl=client)).send(siu())
        authority.issue_cert("ehr@example.org").configure_cert(client)
        line = Line(*await asyncio.open_connection("127.0.0.1", port, ssl=client))
        assert "MSA|AA|M1" in await line.send(siu())
        line.writer.close()


async def test_at_the_end_a_message_under_way_is_answered_and_idle_lines_are_closed(
    parts: tuple[Edge, KeptEvents], monkeypatch: pytest.MonkeyPatch
) -> None:
    edge, kept = parts
    reached, go_on = asyncio.Event(), asyncio.Event()
    write = kept.write

    async def slowly(events: Sequence[tuple[str, BinaryEvent]]) -> None:
        reached.set()
        await go_on.wait()
        await write(events)

    monkeypatch.setattr(kept, "write", slowly)
    async with listening(edge, host="127.0.0.1", port=0, tls=None) as address:
        port = int(address.rpartition(":")[2])
        busy = Line(*await asyncio.open_connection("127.0.0.1", port))
        idle = Line(*await asyncio.open_connection("127.0.0.1", port))
        told = asyncio.create_task(busy.send(siu("S26")))
        await reached.wait()
        asyncio.get_running_loop().call_later(0.1, go_on.set)
    assert "MSA|AA|M1" in await told
    assert await idle.reader.read() == b""
    assert len(kept.records) == 1
    for line in (busy, idle):
        line.writer.close()


def test_odd_header_fields_are_not_repeated() -> None:
    header = header_of(f"MSH|^~\\&|A\x07B|{CANARY * 40}|C|D|||SIU^S26|\r<x>|P|9".encode())
    assert header.sender == ""
    assert header.sender_facility == ""
    assert header.version == "2.5.1"
