"""Web hooks against a real receiver that checks them with the standard's own library."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiohttp import ThreadedResolver

from rupture_watch.delivery.channels.webhook import LOOK_EVERY
from rupture_watch.delivery.log.listing import attempts, disabled, retry
from tests.receivers.alerts import STATEMENT, alert_id, revision
from tests.receivers.office import at_work, hook, in_folder
from tests.receivers.sink import SECRET, Answer, Sink, listening

if TYPE_CHECKING:
    from pathlib import Path

NEXT = "whsec_" + base64.b64encode(b"the next secret of thirty-two b.").decode()
CASE = "case-canary-4711"


async def test_a_message_is_thin_signed_and_named_without_its_alert(tmp_path: Path) -> None:
    made = revision(CASE)
    async with (
        listening(Sink()) as sink,
        at_work(in_folder(tmp_path), hook(tmp_path, sink.url)) as office,
    ):
        await office.note(made)
        await office.settled()
    assert sink.forged == 0
    [message] = sink.taken
    assert message.body == {
        "type": "org.rupturewatch.alert.raised.v1",
        "timestamp": "2025-10-09T08:54:20Z",
        "data": {"alert_id": alert_id(CASE), "revision": 1, "state": "open"},
    }
    [headers] = sink.requests
    sent = " ".join(headers.values())
    assert alert_id(CASE) not in sent
    assert CASE not in sent
    assert STATEMENT not in str(message.body)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


async def test_a_signature_is_the_hmac_of_id_time_and_body(tmp_path: Path) -> None:
    bodies: list[bytes] = []

    class Listener(Sink):
        async def handle(self, request: Any) -> Any:
            bodies.append(await request.read())
            return await super().handle(request)

    async with (
        listening(Listener()) as sink,
        at_work(in_folder(tmp_path), hook(tmp_path, sink.url)) as office,
    ):
        await office.note(revision(CASE))
        await office.settled()
    [headers] = sink.requests
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + bodies[0]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


async def test_what_an_endpoint_includes_is_what_it_gets(tmp_path: Path) -> None:
    async with listening(Sink()) as sink:
        endpoint = hook(
            tmp_path,
            sink.url,
            include=["case", "severity", "link"],
            link="https://inbox.example/",
        )
        async with at_work(in_folder(tmp_path), endpoint) as office:
            await office.note(revision(CASE))
            await office.settled()
    [message] = sink.taken
    assert message.body["data"] == {
        "alert_id": alert_id(CASE),
        "revision": 1,
        "state": "open",
        "case": CASE,
        "severity": 3,
        "link": "https://inbox.example/",
    }


async def test_during_a_rotation_both_secrets_verify_and_no_restart_is_needed(
    tmp_path: Path,
) -> None:
    old, new = Sink(SECRET), Sink(NEXT)
    async with listening(old), listening(new):
        first = hook(tmp_path, old.url, name="old")
        second = hook(tmp_path, new.url, name="new", secrets_file=first.secrets_file)
        async with at_work(in_folder(tmp_path), first, second) as office:
            first.secrets_file.write_text(f"{NEXT}\n{SECRET}\n", "ascii")
            await asyncio.sleep(LOOK_EVERY)  # for so long a change may go unnoticed
            await office.note(revision(CASE))
            await office.settled()
            first.secrets_file.write_text("not a secret", "ascii")
            await asyncio.sleep(LOOK_EVERY)
            await office.note(revision(CASE, 2, "amended"))
            await office.settled()
    assert [len(sink.taken) for sink in (old, new)] == [2, 2]
    assert old.forged == new.forged == 0


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308])
async def test_a_redirection_is_a_failure_and_is_not_followed(tmp_path: Path, status: int) -> None:
    async with listening(Sink()) as inner, listening(Sink()) as sink:
        sink.answer = lambda _: Answer(status, {"Location": inner.url})
        async with at_work(in_folder(tmp_path), hook(tmp_path, sink.url)) as office:
            await office.note(revision(CASE))
            [row] = await office.settled()
    assert (row.state, row.last_result) == ("failed", "redirected")
    assert inner.requests == []


async def test_a_receiver_is_left_alone_for_as_long_as_it_asks(tmp_path: Path) -> None:
    said: list[float] = []

    def busy_once(_: object) -> Answer:
        said.append(time.monotonic())
        return Answer(429, {"Retry-After": "1"}) if len(said) == 1 else Answer()

    async with listening(Sink()) as sink:
        sink.answer = busy_once
        async with at_work(in_folder(tmp_path), hook(tmp_path, sink.url)) as office:
            await office.note(revision(CASE))
            await sink.until(lambda: len(said) == 1)
            await office.note(revision("another"))
            await office.settled()
    assert len(said) == 3
    assert min(said[1:]) - said[0] >= 1.0


async def test_what_is_under_way_when_an_endpoint_says_that_it_is_gone_has_failed_with_it(
    tmp_path: Path,
) -> None:
    async with listening(Sink()) as sink:
        sink.answer = lambda _: Answer(503, after=0.3) if len(sink.requests) > 1 else Answer(410)
        async with at_work(in_folder(tmp_path), hook(tmp_path, sink.url)) as office:
            await office.note(*(revision(f"case-{n}") for n in range(40)))
            rows = await office.settled()
    assert {row.state for row in rows} == {"failed"}
    assert {row.last_result for row in rows} <= {"gone", "disabled"}


async def test_an_endpoint_that_is_gone_is_disabled_until_somebody_retries(tmp_path: Path) -> None:
    async with listening(Sink()) as sink:
        sink.answer = lambda _: Answer(410)
        async with at_work(in_folder(tmp_path), hook(tmp_path, sink.url)) as office:
            await office.note(revision(CASE))
            await office.settled()
            await office.note(revision(CASE, 2, "amended"), revision("another"))
            rows = await office.settled()
            assert {row.state for row in rows} == {"failed"}
            assert {row.last_result for row in rows} == {"gone", "disabled"}
            assert len(sink.requests) == 1
            assert await disabled(office.engine) == ["hook"]
            sink.answer = lambda _: Answer()
            retried = await retry(office.engine, 0)
            assert (retried.again, retried.overtaken, retried.forgotten) == (3, 0, 0)
            await office.settled()
    assert [one.body["data"]["revision"] for one in sink.taken if one.alert[0] == alert_id(CASE)]
    assert len(sink.taken) == 3


@pytest.mark.parametrize(
    ("host", "result"),
    [
        ("localhost", "forbidden"),
        ("127.0.0.1", "forbidden"),
        ("0x7f.1", "forbidden"),
        ("[::ffff:127.0.0.1]", "forbidden"),
        ("127.1", "unreachable"),  # the client takes such for no name at all
        ("2130706433", "unreachable"),
    ],
)
async def test_whatever_leads_inside_is_refused_when_it_is_connected_to(
    tmp_path: Path, host: str, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with listening(Sink()) as sink:
        url = sink.url.replace("127.0.0.1", host)
        public = hook(tmp_path, "http://hook.example/", allow_networks=[])
        endpoint = public.model_copy(update={"url": url})  # past the look at the configuration
        async with at_work(in_folder(tmp_path), endpoint) as office:
            await office.note(revision(CASE))
            [row] = await office.settled()
    assert (row.state, row.last_result) == ("failed", result)
    assert sink.requests == []


async def test_a_name_that_moves_inside_between_look_and_connection_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["93.184.215.14"])

    async def rebinding(self: object, host: str, port: int = 0, family: int = 0) -> Any:  # noqa: ARG001
        address = next(answers, "127.0.0.1")
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
        ]

    monkeypatch.setattr(ThreadedResolver, "resolve", rebinding)
    next(answers)  # whoever looked before has seen the public address
    async with listening(Sink()) as sink:
        port = sink.url.split(":")[2].split("/")[0]
        endpoint = hook(tmp_path, f"http://rebinding.example:{port}/hook", allow_networks=[])
        async with at_work(in_folder(tmp_path), endpoint) as office:
            await office.note(revision(CASE))
            [row] = await office.settled()
    assert (row.state, row.last_result) == ("failed", "forbidden")
    assert sink.requests == []


async def test_a_certificate_is_checked_against_the_endpoint_s_authority(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(trust)
    for name, one in (("ours", authority), ("theirs", stranger)):
        one.cert_pem.write_to_path(str(tmp_path / f"{name}.pem"))
    async with listening(Sink(), host="127.0.0.1", trust=trust) as sink:
        url = sink.url.replace("127.0.0.1", "localhost")
        good = hook(tmp_path, url, name="good", ca_file=tmp_path / "ours.pem")
        bad = hook(tmp_path, url, name="bad", ca_file=tmp_path / "theirs.pem")
        async with at_work(in_folder(tmp_path), good, bad) as office:
            await office.note(revision(CASE))
            rows = {row.endpoint: row for row in await office.settled()}
    assert rows["good"].state == "delivered"
    assert (rows["bad"].state, rows["bad"].last_result) == ("failed", "untrusted")


async def test_a_receiver_that_hangs_is_given_up_after_the_time_limit(tmp_path: Path) -> None:
    async with listening(Sink()) as sink:
        sink.answer = lambda _: Answer(after=30.0)
        endpoint = hook(tmp_path, sink.url, timeout=0.1, retries=[])
        async with at_work(in_folder(tmp_path), endpoint) as office:
            await office.note(revision(CASE))
            [row] = await office.settled()
            [one] = await attempts(office.engine, row.id)
    assert (row.state, one.result, one.number) == ("failed", "timed_out", 1)
    assert 0.1e6 <= one.ended_at - one.started_at < 5e6


async def test_an_answer_without_end_costs_no_memory_and_counts_by_its_status(
    tmp_path: Path,
) -> None:
    written = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                written += 65_536
                await writer.drain()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        endpoint = hook(tmp_path, f"http://127.0.0.1:{port}/hook")
        async with at_work(in_folder(tmp_path), endpoint) as office:
            await office.note(revision(CASE))
            [row] = await office.settled()
    assert row.state == "delivered"
    assert written < 50_000_000
