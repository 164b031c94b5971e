"""The clocks of an event: how times are read, and what is too late or from the future."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.alliance.facts import DAY, MINUTE
from rupture_watch.contracts.reading import Rejected, refuse_future_recording
from rupture_watch.contracts.reasons import Reason, Stage
from rupture_watch.contracts.topics import EventType
from rupture_watch.contracts.wire import microseconds, timestamp
from tests.unit.test_reading import FORM, TIME, VISIT, event, fact_of, refusal


@pytest.mark.parametrize(
    ("event_type", "data", "days"),
    [
        (EventType.SESSION_RATED, {**FORM, "total": 30}, 14),
        (EventType.ATTENDANCE_CHANGED, VISIT, 35),
        (EventType.ALERT_REVIEWED, {"alert_id": "0f" * 16, "action": "acknowledged"}, 35),
    ],
    ids=["ratings", "attendance", "reviews"],
)
def test_lateness_has_a_limit_unless_it_is_backfill(
    event_type: EventType, data: dict[str, Any], days: int
) -> None:
    limit = TIME + days * DAY
    assert fact_of(event_type, data, recordedtime=timestamp(limit)).recorded == limit
    beyond = timestamp(limit + 1)
    refused = refusal(event(event_type, data, recordedtime=beyond))
    assert (refused.reason, refused.stage) == (Reason.TOO_LATE, Stage.CLOCK)
    for yes in (True, "true"):
        assert fact_of(event_type, data, recordedtime=beyond, backfill=yes).backfill
    for no in (False, "false", None):
        line = event(event_type, data, recordedtime=beyond, backfill=no)
        assert refusal(line).reason is Reason.TOO_LATE


def test_nothing_happens_more_than_five_minutes_after_it_was_recorded() -> None:
    data = {**FORM, "total": 30}
    limit = timestamp(TIME - 5 * MINUTE)
    beyond = timestamp(TIME - 5 * MINUTE - 1)
    assert fact_of(EventType.SESSION_RATED, data, recordedtime=limit)
    for attributes in ({"recordedtime": beyond}, {"recordedtime": beyond, "backfill": True}):
        line = event(EventType.SESSION_RATED, data, **attributes)
        assert refusal(line).reason is Reason.FROM_THE_FUTURE


def test_nothing_is_recorded_more_than_five_minutes_after_the_broker_received_it() -> None:
    fact = fact_of(EventType.SESSION_RATED, {**FORM, "total": 30})
    refuse_future_recording(fact, TIME - 5 * MINUTE)
    with pytest.raises(Rejected) as caught:
        refuse_future_recording(fact, TIME - 5 * MINUTE - 1)
    assert caught.value.reason is Reason.FROM_THE_FUTURE


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-09-01T14:50:00Z", TIME),
        ("2025-09-01t14:50:00z", TIME),
        ("2025-09-01T17:05:00+02:15", TIME),
        ("2025-09-01T14:50:00.000001Z", TIME + 1),
        ("2025-09-01T14:50:00.000001999Z", TIME + 1),
        ("2025-09-01T14:50:00.5-00:00", TIME + 500_000),
        ("1970-01-01T00:00:00Z", 0),
    ],
)
def test_a_time_is_microseconds_since_the_epoch(text: str, moment: int) -> None:
    assert fact_of(EventType.CASE_CLOSED, {"ending": "planned"}, time=text).time == moment


@given(st.integers(0, microseconds("2199-12-31T23:59:59Z")))
def test_a_moment_survives_being_written(moment: int) -> None:
    assert microseconds(timestamp(moment)) == moment
