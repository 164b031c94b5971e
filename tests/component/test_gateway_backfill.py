"""Gaps in notifications are filled, from the one FHIR server that the gateway knows."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from rupture_watch.gateway.mapping.verdict import Happening, Notice
from rupture_watch.gateway.subscriptions import EventNumbers, Gap
from tests.ehr_bodies import CANARY, body, bundle, encounter, notification
from tests.gateway_edge import gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.gateway_edge import Gateway

SINCE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
FHIR = "application/fhir+json"


class Server:
    """A FHIR server that has encounters 1 to 9, one for each event of its subscription."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.url = ""

    async def events(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        assert request.headers["authorization"] == "Bearer token-of-ours"
        first, last = (int(request.query[f"events{end}Number"]) for end in ("Since", "Until"))
        sent = notification(last)
        status = sent["entry"][0]["resource"]
        status["type"] = "query-event"
        status["notificationEvent"] = [
            {"eventNumber": str(n), "focus": {"reference": f"Encounter/e{n}"}}
            for n in range(first, last + 1)
        ]
        sent["entry"] += bundle(*(_held(n) for n in range(first, last + 1)))["entry"]
        return web.json_response(sent, status=self.status)

    async def encounter(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        return web.json_response(_held(int(request.match_info["n"])), status=self.status)


def _held(number: int) -> dict[str, Any]:
    day = f"2026-03-{number:02d}"
    return encounter(
        id=f"e{number}",
        period={"start": f"{day}T10:00:00Z"},
        meta={"lastUpdated": f"{day}T11:00:00Z"},
    )


def _told(number: int, *, with_resource: bool = True) -> bytes:
    sent = notification(number, _held(number), focus=f"Encounter/e{number}")
    if not with_resource:
        del sent["entry"][1]["resource"]
    return body(sent)


@asynccontextmanager
async def _serving() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/fhir/Subscription/s1/$events", server.events)
    app.router.add_get("/fhir/Encounter/e{n}", server.encounter)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/fhir"
    try:
        yield server
    finally:
        await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with _serving() as running:
        yield running


@pytest.fixture
async def edge(server: Server, tmp_path: Path) -> AsyncIterator[Gateway]:
    token = tmp_path / "token"
    token.write_text("token-of-ours\n")
    async with gateway(
        tmp_path,
        SINCE,
        fhir_server=server.url,
        fhir_token_file=token,
        subscriptions_file=tmp_path / "numbers.json",
    ) as running:
        yield running


async def _send(edge: Gateway, content: bytes) -> Any:
    answer = await edge.post("/fhir?backfill=true", content, FHIR)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _days(edge: Gateway) -> list[str]:
    return [one["scheduled_start"][8:10] for one in edge.kept.data]


async def test_a_gap_is_filled_before_the_answer(edge: Gateway, server: Server) -> None:
    for number in (1, 2, 6):
        assert "gap" not in await _send(edge, _told(number))
    [asked] = server.asked
    assert "eventsSinceNumber=3&eventsUntilNumber=5" in asked
    assert sorted(_days(edge)) == ["01", "02", "03", "04", "05", "06"]
    await _send(edge, _told(7))
    assert len(server.asked) == 1
    metrics = (await edge.client.get("/metrics")).text
    assert 'rupture_watch_gateway_notification_gaps_total{result="filled"} 1.0' in metrics


async def test_a_heartbeat_uncovers_what_never_came(edge: Gateway, server: Server) -> None:
    await _send(edge, _told(1))
    await _send(edge, body(notification(3, kind="heartbeat")))
    assert len(server.asked) == 1
    assert _days(edge) == ["01", "02", "03"]


async def test_a_gap_that_cannot_be_filled_is_told_and_tried_again(
    edge: Gateway, server: Server
) -> None:
    await _send(edge, _told(1))
    server.status = 500
    assert (await _send(edge, _told(4)))["gap"] == {"first": 2, "last": 3}
    server.status = 200
    assert "gap" not in await _send(edge, _told(5))
    assert sorted(_days(edge)) == ["01", "02", "03", "04", "05"]


async def test_a_resource_that_is_only_named_is_fetched(edge: Gateway, server: Server) -> None:
    receipt = await _send(edge, _told(1, with_resource=False))
    assert receipt["written"] == 1
    assert server.asked == ["/fhir/Encounter/e1"]


@pytest.mark.parametrize(("status", "answered"), [(404, 207), (410, 207), (500, 503), (302, 503)])
async def test_what_does_not_come_is_refused_for_good_or_for_now(
    status: int, answered: int, edge: Gateway, server: Server
) -> None:
    server.status = status
    two = json.loads(_told(1, with_resource=False))
    two["entry"].append(bundle(_held(2))["entry"][0])
    answer = await edge.post("/fhir?backfill=true", body(two), FHIR)
    assert answer.status_code == answered, answer.text
    assert len(edge.kept.records) == (1 if answered == 207 else 0)


async def test_only_the_server_of_the_settings_is_ever_asked(edge: Gateway, server: Server) -> None:
    sent = json.loads(_told(1, with_resource=False))
    elsewhere = "http://127.0.0.1:1/evil/Encounter/e4"
    sent["entry"][0]["resource"]["notificationEvent"][0]["focus"]["reference"] = elsewhere
    sent["entry"][1]["fullUrl"] = elsewhere
    await _send(edge, body(sent))
    assert server.asked == ["/fhir/Encounter/e4"]


def _notice(*numbers: int, latest: int | None = None) -> Notice:
    happenings = tuple(Happening(number, None) for number in numbers)
    return Notice("Subscription/1", "event-notification", happenings, latest)


def test_numbers_are_kept_over_a_restart_without_naming_anything(tmp_path: Path) -> None:
    file = tmp_path / "numbers.json"
    EventNumbers(file).advance(CANARY, _notice(7), filled=True)
    assert CANARY not in file.read_text()
    again = EventNumbers(file)
    assert again.gap(CANARY, _notice(9)) == Gap("Subscription/1", 8, 8)
    assert again.gap("another sender", _notice(9)) is None


@pytest.mark.parametrize("text", ["", "[]", '{"a": "b"}', "\x00"])
def test_a_broken_file_of_numbers_starts_over(text: str, tmp_path: Path) -> None:
    file = tmp_path / "numbers.json"
    file.write_text(text)
    numbers = EventNumbers(file)
    assert numbers.gap("s", _notice(9)) is None
    numbers.advance("s", _notice(9), filled=True)
    assert EventNumbers(file).gap("s", _notice(10, latest=12)) == Gap("Subscription/1", 11, 12)


def test_numbers_that_come_out_of_order_close_their_gap_themselves() -> None:
    numbers = EventNumbers()
    numbers.advance("s", _notice(1), filled=True)
    for number, gap in ((4, (2, 3)), (3, (2, 2)), (2, None)):
        found = numbers.gap("s", _notice(number))
        assert (found and (found.first, found.last)) == gap
        numbers.advance("s", _notice(number), filled=found is None)
    assert numbers.gap("s", _notice(5)) is None
