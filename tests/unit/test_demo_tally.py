"""What a demo counts, and how it says so."""

from __future__ import annotations

import datetime as dt

import pytest

from rupture_watch.kafka.consumer import Seen
from rupture_watch.operations.demo import tally as module
from rupture_watch.operations.demo.tally import Tally
from rupture_watch.operations.tail.published import AlertData, PublishedAlert

TIME = "2026-01-05T10:00:00Z"


def alert(*causes: str, kind: str = "raised", time: str = TIME) -> PublishedAlert:
    data = AlertData("a", 1, "open", "new", 2, "headline", [], "clears", list(causes))
    record = Seen("alerts", 0, 0, 0, b"case", b"", (("ce_time", time.encode()),))
    return PublishedAlert(kind, "case", dt.datetime.fromisoformat(time), data, record)


def test_latency_is_counted_from_the_last_event_that_caused_the_alert() -> None:
    tally = Tally()
    tally.note_sent("e1", TIME, 10.0)
    tally.note_sent("e2", TIME, 11.0)
    tally.note_alert(alert("e1", "e2"), 11.25)
    assert tally.counts()["latency_p50_ms"] == pytest.approx(250.0)


def test_an_alert_that_a_tick_caused_has_no_latency() -> None:
    tally = Tally()
    tally.note_sent("e1", TIME, 10.0)
    tally.note_alert(alert("e1", time="2026-02-05T10:00:00Z"), 500.0)
    assert tally.counts()["latency_p50_ms"] is None
    assert tally.alerts == {"raised": 1}


def test_a_repeated_event_counts_as_sent_twice_but_started_once() -> None:
    tally = Tally()
    tally.note_sent("e1", TIME, 10.0)
    tally.note_sent("e1", TIME, 12.0)
    tally.note_alert(alert("e1"), 13.0)
    assert (tally.sent, tally.counts()["latency_p50_ms"]) == (2, pytest.approx(3000.0))


def test_only_so_many_events_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    tally = Tally()
    for number in range(3):
        tally.note_sent(f"e{number}", TIME, 0.0)
        tally.note_alert(alert("e0"), 1.0)
    assert len(tally.latencies) == 2


def test_the_summary_names_every_count() -> None:
    tally = Tally(sent=1200, acknowledged=1200, lag=0)
    tally.alerts.update(raised=3, repaired=1)
    tally.dead_letters.update(invalid=2)
    assert tally.lines() == [
        "events        1,200 sent, 1,200 acknowledged",
        "alerts        3 raised, 1 repaired",
        "dead letters  2 (2 invalid)",
        "lag           0",
    ]


def test_nothing_is_said_to_be_nothing() -> None:
    assert Tally().lines()[1:] == [
        "alerts        none",
        "dead letters  none",
        "lag           unknown",
    ]
