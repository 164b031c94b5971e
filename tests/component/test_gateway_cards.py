"""CDS Hooks: cards of what is open, and feedback that becomes reviews."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any, get_args

import pytest

from rupture_watch.contracts.reviews import DismissalReason
from rupture_watch.contracts.writing import canonical
from rupture_watch.gateway.cards import summary
from tests.ehr_bodies import CANARY, PATIENT, body, encounter
from tests.gateway_edge import gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.gateway_edge import Gateway

SINCE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
SERVICE = "/cds-services/alliance-questions"
ALERT = "0123456789abcdef0123456789abcdef"
HEADLINE = (
    "Bond rating went 9.4, 9.2 and 5.9 over the last 3 rated sessions (29 Sep, 6 Oct and 13 Oct); "
    "usual level 9.2, usual spread 0.6, and two sessions were missed"
)


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, SINCE) as running:
        yield running


async def _ask(edge: Gateway, **changes: Any) -> Any:
    request = {
        "hook": "patient-view",
        "hookInstance": "test",
        "fhirServer": "http://ehr.example/fhir",
        "context": {"userId": "Practitioner/p", "patientId": PATIENT},
        "prefetch": {"item1": None},
        **changes,
    }
    return await edge.post(SERVICE, body(request), "application/json")


async def _open(edge: Gateway) -> str:
    """Let an alert be open in the case of our patient; return the case."""
    await edge.post("/fhir?backfill=true", body(encounter()), "application/fhir+json")
    case = edge.kept.records[0][1].key.decode()
    standing = {
        "case": case,
        "open_alerts": [
            {
                "alert_id": ALERT,
                "severity": 4,
                "rupture_type": "withdrawal",
                "headline": HEADLINE,
                "since": "2026-03-02T10:00:00Z",
            }
        ],
        "counts": {"facts": 1, "sessions": 1, "rated_sessions": 1},
        "last_seen": None,
    }
    alert = {
        "alert_id": ALERT,
        "revision": 2,
        "state": "open",
        "considerations": ["Ask what the last session was like."],
        "clears_when": "Clears when it is back.",
    }
    edge.told("alerts.v1", case, canonical(alert))
    edge.told("alerts.v1", case, canonical({**alert, "revision": 1, "considerations": ["Old"]}))
    edge.told("cases.v1", case, canonical(standing))
    return case


async def test_the_service_is_told_to_everybody(edge: Gateway) -> None:
    answer = await edge.client.get("/cds-services")
    [service] = answer.json()["services"]
    assert (service["hook"], service["id"]) == ("patient-view", "alliance-questions")
    assert "prefetch" not in service


@pytest.mark.parametrize("patient", [PATIENT, PATIENT.removeprefix("Patient/")])
async def test_a_card_is_a_question_in_less_than_140_characters(
    patient: str, edge: Gateway
) -> None:
    await _open(edge)
    answer = await _ask(edge, context={"userId": "p", "patientId": patient})
    [card] = answer.json()["cards"]
    assert len(card["summary"]) < 140
    assert card["detail"].startswith(HEADLINE)
    assert "- Ask what the last session was like." in card["detail"]
    assert card["indicator"] == "warning"
    assert uuid.UUID(card["uuid"]).hex == ALERT
    assert [one["code"] for one in card["overrideReasons"]] == list(get_args(DismissalReason))


async def test_where_nothing_is_open_there_is_no_card(edge: Gateway) -> None:
    assert (await _ask(edge)).json() == {"cards": []}
    case = await _open(edge)
    edge.told("cases.v1", case, None)
    assert (await _ask(edge)).json() == {"cards": []}


async def test_an_incomplete_memory_never_says_that_nothing_is_open(edge: Gateway) -> None:
    assert edge.edge.standings is not None
    edge.edge.standings.complete = False
    assert (await _ask(edge)).status_code == 503
    assert (await edge.client.get("/readyz")).status_code == 503


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"hook": "order-select"}, 422),
        ({"hook": None}, 422),
        ({"hookInstance": None}, 422),
        ({"context": None}, 422),
        ({"context": {"patientId": f"{CANARY}/../x"}}, 422),
        ({"context": {"patientId": 7}}, 422),
    ],
)
async def test_another_hook_or_no_patient_is_refused(
    changes: dict[str, Any], status: int, edge: Gateway
) -> None:
    answer = await _ask(edge, **changes)
    assert answer.status_code == status
    assert CANARY not in answer.text
    assert (await edge.post("/cds-services/other", b"{}", "application/json")).status_code == 404


def _answered(**changes: Any) -> dict[str, Any]:
    return {
        "feedback": [
            {
                "card": str(uuid.UUID(ALERT)),
                "outcome": "overridden",
                "outcomeTimestamp": "2026-03-02T11:00:00Z",
                **changes,
            }
        ]
    }


async def _answer(edge: Gateway, **changes: Any) -> Any:
    return await edge.post(f"{SERVICE}/feedback", body(_answered(**changes)), "application/json")


async def test_an_override_reason_is_a_dismissal_reason(edge: Gateway) -> None:
    case = await _open(edge)
    reason = {"reason": {"code": "good_sign"}, "userComment": f"{CANARY} says so"}
    answer = await _answer(edge, overrideReason=reason)
    assert answer.status_code == 200, answer.text
    topic, record = edge.kept.records[-1]
    assert (topic, record.key.decode()) == ("alliance.reviews.v1", case)
    assert edge.kept.data[-1] == {
        "alert_id": ALERT,
        "action": "dismissed",
        "reason_code": "good_sign",
    }
    assert CANARY not in str(record)
    await _answer(edge, overrideReason=reason)
    assert edge.kept.ids[-1] == edge.kept.ids[-2]


@pytest.mark.parametrize(
    "changes",
    [{}, {"outcome": "accepted"}, {"overrideReason": {"reason": {"code": "no idea"}}}],
    ids=["no reason", "accepted", "unknown reason"],
)
async def test_what_says_no_reason_has_only_been_seen(
    changes: dict[str, Any], edge: Gateway
) -> None:
    await _open(edge)
    assert (await _answer(edge, **changes)).status_code == 200
    assert edge.kept.data[-1] == {"alert_id": ALERT, "action": "acknowledged"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"card": str(uuid.UUID(int=7))}, "no_subject"),
        ({"card": CANARY}, "invalid"),
        ({"card": None}, "missing"),
        ({"outcome": "ignored"}, "invalid"),
        ({"outcomeTimestamp": None}, "missing"),
    ],
)
async def test_feedback_on_no_card_of_ours_is_refused(
    changes: dict[str, Any], reason: str, edge: Gateway
) -> None:
    await _open(edge)
    answer = await _answer(edge, **changes)
    assert answer.status_code == 422
    assert answer.json()["verdicts"][0]["reason"] == reason


def test_a_headline_is_cut_between_words() -> None:
    assert summary("short") == "short"
    assert len(summary(HEADLINE)) < 140
    assert summary(HEADLINE).endswith("...")
    assert HEADLINE.startswith(summary(HEADLINE).removesuffix("..."))
    assert len(summary("x" * 500)) == 139
