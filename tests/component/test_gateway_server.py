"""The gateway on a real socket: huge, slow and broken bodies, and what it never says."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import logging
from typing import TYPE_CHECKING

import httpx
import pytest

from rupture_watch import logs
from rupture_watch.gateway.measures import CATALOGUE
from tests.ehr_bodies import (
    CANARY,
    PATIENT,
    appointment,
    body,
    bundle,
    encounter,
    event,
    observation,
    response,
    siu,
)
from tests.gateway_edge import KeptEvents, listening, put_together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from rupture_watch.gateway.edge import Edge

SINCE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
LARGEST = 1_000_000


class Served:
    """A gateway on a port of its own."""

    def __init__(self, edge: Edge, kept: KeptEvents, key: str, port: int) -> None:
        self.edge, self.kept, self.key, self.port = edge, kept, key, port
        self.url = f"http://127.0.0.1:{port}"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    edge, kept, key = put_together(tmp_path, SINCE, largest_body=LARGEST, body_timeout=1.0)
    async with listening(edge) as port:
        yield Served(edge, kept, key, port)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    logs.configure("DEBUG", stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)


async def _raw(port: int, *pieces: bytes) -> bytes:
    """Send pieces as they are and return everything that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def _head(served: Served, more: str) -> bytes:
    return (
        f"POST /events HTTP/1.1\r\nHost: x\r\nX-Api-Key: {served.key}\r\n"
        f"Content-Type: application/cloudevents+json\r\n{more}\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("chunked", [False, True], ids=["stated", "chunked"])
async def test_ten_megabytes_are_refused_without_being_kept(
    served: Served, *, chunked: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b"x" * 65_536

    headers = {"x-api-key": served.key, "content-type": "application/cloudevents-batch+json"}
    content = pieces() if chunked else b"x" * 10_485_760
    async with httpx.AsyncClient(base_url=served.url) as client:
        answer = await client.post("/events", content=content, headers=headers)
        assert answer.status_code == 413


async def test_a_body_that_does_not_come_is_not_waited_for(served: Served) -> None:
    answer = await _raw(served.port, _head(served, "Content-Length: 400"), b'{"spec')
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"urn:rupture-watch:problem:request-timeout" in answer


async def test_a_length_that_is_none_gets_no_5xx(served: Served) -> None:
    for length in ("-1", "abc", "9" * 40, "1, 2"):
        answer = await _raw(served.port, _head(served, f"Content-Length: {length}"))
        assert answer[9:12] in (b"400", b"413"), answer


async def test_an_encoded_body_is_refused(served: Served) -> None:
    head = _head(served, "Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: 2")
    assert (await _raw(served.port, head, b"xx")).startswith(b"HTTP/1.1 415 ")


def _bodies() -> list[tuple[str, bytes, str]]:
    fhir, events = "application/fhir+json", "application/cloudevents+json"
    resources = [
        appointment(),
        appointment(status=CANARY),
        encounter(class_={"code": CANARY}),
        encounter(period={"start": CANARY}),
        response(questionnaire=CANARY),
        response(item=[{"linkId": CANARY, "answer": [{"valueString": CANARY}]}]),
        observation(valueString=CANARY),
        bundle(appointment(), {"resourceType": CANARY}),
        {"resourceType": CANARY},
    ]
    broken_events = [
        event(CANARY, subject=CANARY, source=f"/{CANARY}", data_={CANARY: CANARY}),
        event(type=CANARY),
        event(time=CANARY),
        event(data_={**event()["data"], "instrument": CANARY}),
        event(data_={**event()["data"], "scores": {CANARY: 1}}),
    ]
    hook = {"hook": "patient-view", "hookInstance": CANARY, "context": {"patientId": PATIENT}}
    feedback = {"feedback": [{"card": CANARY, "outcome": CANARY}]}
    cards = "/cds-services/alliance-questions"
    return [
        *(("/fhir?backfill=true", body(one), fhir) for one in resources),
        *(("/events", body(one), events) for one in broken_events),
        ("/hl7v2?backfill=true", siu("S26").encode(), "text/plain"),
        ("/hl7v2", siu(CANARY).encode(), "text/plain"),
        ("/hl7v2", f"{CANARY}\r".encode(), "text/plain"),
        (f"/fhir/{CANARY}", b"{}", fhir),
        (f"/{CANARY}", CANARY.encode(), "text/plain"),
        (cards, body(hook), "application/json"),
        (cards, body({**hook, "context": {"patientId": f"{CANARY}!"}}), "application/json"),
        (f"{cards}/feedback", body(feedback), "application/json"),
        ("/token", f"grant_type={CANARY}".encode(), "application/x-www-form-urlencoded"),
    ]


async def test_no_name_or_identifier_gets_into_a_log_a_metric_or_an_answer(
    written: io.StringIO, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with httpx.AsyncClient(base_url=served.url, headers={"x-api-key": served.key}) as client:
        for path, content, media in _bodies():
            answer = await client.post(path, content=content, headers={"content-type": media})
            assert answer.status_code < 500, path
            assert CANARY not in answer.text, path
            assert CANARY not in str(answer.headers)
        served.kept.away = True
        await client.post("/events", content=body(event()))

        def fail(*_args: object) -> None:
            raise RuntimeError(CANARY)

        monkeypatch.setattr(served.edge.mapper, "hl7v2", fail)
        answer = await client.post("/hl7v2", content=siu().encode())
        assert (answer.status_code, CANARY in answer.text) == (500, False)
        metrics = (await client.get("/metrics")).text
    assert CANARY not in metrics
    assert '"error": "RuntimeError"' in written.getvalue()
    for secret in (CANARY, served.key, "case-1"):
        assert secret not in written.getvalue()


async def test_every_metric_keeps_to_its_closed_set_of_labels(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url, headers={"x-api-key": served.key}) as client:
        for path, content, media in _bodies():
            await client.post(path, content=content, headers={"content-type": media})
    closed = {f"rupture_watch_{one.name}": one.labels for one in CATALOGUE}
    for family in served.edge.metrics.registry.collect():
        for sample in family.samples:
            name = family.name + ("_total" if family.type == "counter" else "")
            labels = {key: value for key, value in sample.labels.items() if key != "le"}
            assert set(labels) == set(closed[name])
            assert all(value in closed[name][key] for key, value in labels.items())
