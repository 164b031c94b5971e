"""The simulated clinic: reproducible, accepted by the contract, and as realistic as it says."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from rupture_watch.contracts.reading import read_line
from rupture_watch.contracts.reasons import Rejected
from rupture_watch.operations.simulate import Clinic, Label, simulate
from rupture_watch.operations.simulate.disorder import CLOCKS, FAULTS, reason_of
from rupture_watch.operations.simulate.episodes import Kind

if TYPE_CHECKING:
    from rupture_watch.operations.simulate.wire import Event


def lines(events: list[Event]) -> list[bytes]:
    return [json.dumps(event).encode() for event in events]


@pytest.fixture(scope="module")
def clinic() -> tuple[list[Event], list[Label]]:
    labels: list[Label] = []
    return list(simulate(500, 30, 11, bad_share=0.02, labels=labels.append)), labels


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert lines(list(simulate(30, 12, 5))) == lines(list(simulate(30, 12, 5)))


def test_another_seed_gives_another_clinic() -> None:
    assert lines(list(simulate(30, 12, 5))) != lines(list(simulate(30, 12, 6)))


def test_more_cases_change_nothing_about_what_happens_to_a_client() -> None:
    def history(cases: int) -> list[Event]:
        return [e for e in simulate(cases, 20, 3) if e["subject"].startswith("c00004-")]

    assert len(history(6)) > 20
    assert history(6) == history(60)


def test_wrong_data_come_on_top_of_the_good() -> None:
    def good(share: float) -> list[bytes]:
        events = [e for e in simulate(40, 12, 3, bad_share=share) if reason_of(e["id"]) is None]
        return sorted(lines(events))

    assert good(0.0) == good(0.2)


def test_events_come_in_order_of_arrival_and_none_after_the_end() -> None:
    end = datetime(2025, 3, 1, tzinfo=UTC)
    arrivals = list(Clinic(cases=60, weeks=12, seed=2, end=end).arrivals())
    moments = [arrival.at for arrival in arrivals]
    assert moments == sorted(moments)
    assert moments[-1] <= end.timestamp() * 1e6
    recorded = [arrival.event["recordedtime"] for arrival in arrivals]
    assert recorded != sorted(recorded), "some events must overtake others"


def test_the_contract_accepts_every_good_event_and_rejects_every_wrong_one_for_its_reason(
    clinic: tuple[list[Event], list[Label]],
) -> None:
    seen = Counter[str]()
    for event in clinic[0]:
        expected = reason_of(event["id"])
        try:
            read_line(json.dumps(event).encode())
            found = None
        except Rejected as rejected:
            found = rejected.reason.value
        assert found == expected, event
        if expected is not None:
            seen[event["id"].rpartition("-x-")[2]] += 1
    assert set(seen) == set(FAULTS) | set(CLOCKS)


def test_no_label_is_found_in_an_event(clinic: tuple[list[Event], list[Label]]) -> None:
    text = b"".join(lines(clinic[0]))
    words = [kind.value for kind in Kind if kind not in (Kind.NONE, Kind.FRAME)]
    assert not [word for word in words if f'"{word}"'.encode() in text]


def test_every_session_of_a_label_was_attended_in_the_events(
    clinic: tuple[list[Event], list[Label]],
) -> None:
    attended = {
        e["data"]["session_id"] for e in clinic[0] if e["data"].get("status") == "attended"
        and "session_id" in e["data"]
    }  # fmt: skip
    rated = {
        e["data"]["session_id"]
        for e in clinic[0]
        if e["data"].get("respondent") == "client"
        and reason_of(e["id"]) is None
        and e["data"]["instrument"] in ("SRS", "WAI-SR", "GSRS")
        and "session_id" in e["data"]
    }
    end = max(label.sessions[-1].start for label in clinic[1] if label.sessions)
    for label in clinic[1]:
        for held in label.sessions:
            if held.start < end - 45 * 86_400_000_000:  # later ones may not have arrived yet
                assert held.session_id in attended
                assert (held.session_id in rated) == held.rated


def test_the_data_hold_corrections_repeats_and_rewritten_statuses(
    clinic: tuple[list[Event], list[Label]],
) -> None:
    statuses = Counter(event["data"].get("status", "") for event in clinic[0])
    assert statuses["amended"]
    assert statuses["entered-in-error"]
    ids = Counter(event["id"] for event in clinic[0])
    assert 0.005 < sum(n > 1 for n in ids.values()) / len(ids) < 0.02
    finals = defaultdict(set)
    for event in clinic[0]:
        if event["data"].get("status") in ("attended", "no_show"):
            finals[event["data"].get("appointment_id")].add(event["data"]["status"])
    assert 0.005 < sum(len(found) > 1 for found in finals.values()) / len(finals) < 0.03


def test_rates_are_those_of_the_literature() -> None:
    labels: list[Label] = []
    status = Counter[str]()
    clinic = Clinic(
        cases=1500, weeks=60, seed=8, sessions=(16, 16), at_once=True, tidy=True, bad_share=0
    )
    for arrival in clinic.arrivals(labels.append):
        status[arrival.event["data"].get("status", "")] += 1
    finals = status.total() - status["booked"] - status[""] - status["final"]
    assert 0.11 < status["no_show"] / finals < 0.17
    endings = Counter(label.ending for label in labels)
    assert 0.17 < endings["unplanned"] / len(labels) < 0.23
    kinds = Counter(label.kind for label in labels)
    assert 0.28 < 1 - kinds[Kind.NONE] / len(labels) < 0.36
    assert 0.38 < kinds[Kind.DIP] / (len(labels) - kinds[Kind.NONE]) < 0.52


def test_a_clinic_of_no_weeks_is_refused() -> None:
    with pytest.raises(ValueError, match="three weeks"):
        next(simulate(10, 0, 1))
