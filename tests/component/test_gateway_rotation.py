"""Keys change, cases do not: what the gateway reads off the topics decides under which key."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from rupture_watch.gateway.keyfile import stanza
from rupture_watch.gateway.mapping.pseudonyms import Key, Keyring
from tests.ehr_bodies import PATIENT, body, encounter
from tests.gateway_edge import gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.gateway_edge import Gateway

SINCE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
OLD, NEW = b"k" * 32, b"n" * 32


@pytest.fixture
async def rotated(tmp_path: Path) -> AsyncIterator[Gateway]:
    file = tmp_path / "both.toml"
    later = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    file.write_text(stanza("new", NEW, later) + stanza("old", OLD, SINCE))
    async with gateway(tmp_path, SINCE, keys_file=file) as running:
        yield running


def _case(secret: bytes, patient: str = PATIENT) -> str:
    return Keyring([Key("k", secret, 0)]).names(f"|{patient}", None).case


async def _send(edge: Gateway, patient: str = PATIENT, identity: str = "e1") -> str:
    sent = encounter(id=identity, subject={"reference": patient})
    answer = await edge.post("/fhir?backfill=true", body(sent), "application/fhir+json")
    assert answer.status_code == 200, answer.text
    return edge.kept.records[-1][1].key.decode()


@pytest.mark.parametrize("topic", ["cases.v1", "ratings.v1", "attendance.v1"])
async def test_a_case_that_was_ever_written_keeps_its_pseudonym(
    topic: str, rotated: Gateway
) -> None:
    rotated.told(topic, _case(OLD), b'{"open_alerts": []}')
    assert await _send(rotated) == _case(OLD)


async def test_a_new_case_is_minted_with_the_new_key_and_stays_with_it(rotated: Gateway) -> None:
    assert await _send(rotated) == _case(NEW)
    assert await _send(rotated, identity="e2") == _case(NEW)
    assert await _send(rotated, "Patient/other") == _case(NEW, "Patient/other")


async def test_an_erased_case_that_comes_back_is_a_new_one(rotated: Gateway) -> None:
    rotated.told("cases.v1", _case(OLD), b'{"open_alerts": []}')
    rotated.told("cases.v1", _case(OLD), None)
    assert await _send(rotated) == _case(NEW)


async def test_until_all_cases_are_known_nothing_is_taken_under_the_wrong_key(
    rotated: Gateway,
) -> None:
    assert rotated.edge.standings is not None
    rotated.edge.standings.complete = False
    sent = encounter(subject={"reference": PATIENT})
    answer = await rotated.post("/fhir?backfill=true", body(sent), "application/fhir+json")
    assert answer.status_code == 503
    assert rotated.kept.records == []
