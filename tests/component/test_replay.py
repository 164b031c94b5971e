"""The core without a broker: events in, alert events out, the same bytes for the same facts."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from rupture_watch.alliance.rules.corrective_experience import Persist
from rupture_watch.contracts.writing import structured
from rupture_watch.operations.replay import Tally, replay, replay_files
from rupture_watch.pipeline import Pipeline
from tests.builders import (
    CASE,
    a_closure,
    a_form,
    a_frame_fact,
    a_no_show,
    a_session,
    amended,
    canonical,
    on,
    the_rules,
    voided,
    weeks,
)
from tests.histories import stories
from tests.records import PREFIX, a_tick, event_of, record_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest
    from hypothesis.strategies import DataObject

    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Fact
    from rupture_watch.alliance.findings import Finding
    from tests.story import Story


class Outcome(NamedTuple):
    tally: Tally
    alerts: bytes
    cases: bytes
    trace: bytes

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.alerts.splitlines()]

    def changes(self) -> list[str]:
        return [event["type"].split(".")[-2] for event in self.events()]


def replayed(lines: Iterable[bytes], *, until: float | None = None) -> Outcome:
    alerts, cases, trace = BytesIO(), BytesIO(), BytesIO()
    moment = None if until is None else on(until)
    tally = replay(lines, the_rules(), alerts=alerts, cases=cases, trace=trace, until=moment)
    return Outcome(tally, alerts.getvalue(), cases.getvalue(), trace.getvalue())


def lines_of(facts: Iterable[Fact], case: str = CASE) -> list[bytes]:
    return [canonical(event_of(fact, case)) for fact in facts]


def a_clinic() -> list[bytes]:
    """Return the events of three cases: a dip that is corrected, one that stays, a frame break."""
    dip = a_form("s6", 35.04, 18.0)
    steady = weeks(36.0, 36.0, 35.0, 36.0, 37.0)
    return [
        *lines_of([*steady, dip, *a_session(7, 36.0), amended(dip, total=None)], "one"),
        *lines_of([*steady, dip, voided(steady[3]), a_no_show(7)], "two"),
        *lines_of([a_frame_fact("privacy_incident", 9), *steady, a_closure(40)], "three"),
    ]


def test_the_same_events_give_the_same_bytes_twice() -> None:
    assert replayed(a_clinic(), until=200) == replayed(a_clinic(), until=200)


@settings(deadline=None, max_examples=50)
@given(st.permutations(a_clinic()))
def test_every_order_of_arrival_leads_to_the_same_cases(lines: list[bytes]) -> None:
    outcome, straight = replayed(lines, until=200), replayed(a_clinic(), until=200)

    assert outcome.cases == straight.cases
    assert outcome.trace == straight.trace


@settings(deadline=None, max_examples=50)
@given(stories(most_sessions=6), st.data())
def test_every_order_of_a_random_history_leads_to_the_same_case(
    story: Story, data: DataObject
) -> None:
    lines = lines_of(story.versions)

    outcome = replayed(data.draw(st.permutations(lines)), until=story.end)

    assert outcome.cases == replayed(lines, until=story.end).cases


def test_a_replay_says_what_the_service_says() -> None:
    facts = [*weeks(36.0, 36.0, 35.0, 36.0, 37.0, 18.0), a_frame_fact("privacy_incident", 38)]
    shard = Pipeline(the_rules(), prefix=PREFIX).shard(0, {})
    shard.process([*(record_of(fact) for fact in facts), a_tick(on(100))])
    published = [structured(m.value, m.headers) for m in shard.outbox(CASE.encode())]

    outcome = replayed(lines_of(facts), until=100)

    assert outcome.alerts.splitlines() == published


def test_what_is_refused_is_counted_by_reason_and_the_rest_goes_on() -> None:
    late = lines_of([a_form("s9", 0, recorded_after=20)])
    lines = [b"no event", *late, b"", *lines_of([a_frame_fact("privacy_incident", 1)])]

    outcome = replayed(lines)

    assert outcome.tally.reasons == {"bad_json": 1, "too_late": 1}
    assert (outcome.tally.accepted, outcome.tally.rejected) == (1, 2)
    assert outcome.changes() == ["raised"]


def test_silence_is_judged_by_the_events_own_clock() -> None:
    silent = [a_frame_fact("goals_set", 0), *weeks(36.0), a_no_show(2)]
    assert replayed(lines_of(silent)).changes() == []

    later = [*silent, *a_session(3, 36.0)]
    assert replayed(lines_of(later)).changes()[:1] == ["raised"]
    [event] = replayed(lines_of(silent), until=12).events()
    assert event["time"] == "2025-01-16T10:00:00Z"


def test_what_is_overdue_at_the_end_is_told_and_not_only_shown() -> None:
    silent = [*a_session(9, 36.0), a_frame_fact("goals_set", 0), *weeks(36.0), a_no_show(2)]

    outcome = replayed(lines_of(silent))

    told = {event["data"]["alert_id"]: event["data"] for event in outcome.events()}
    [alert] = json.loads(outcome.cases)["alerts"]
    assert "J3" in {finding["concept"]["id"] for finding in alert["findings"]}
    assert told[alert["alert_id"]]["findings"] == alert["findings"]


def test_until_never_turns_time_back() -> None:
    facts = weeks(36.0, 36.0, 36.0)

    assert replayed(lines_of(facts), until=1) == replayed(lines_of(facts))


def test_cases_are_sorted_and_an_erased_one_is_not_among_them() -> None:
    lines = [
        *lines_of(weeks(36.0), "b"),
        *lines_of([*weeks(36.0), a_closure(3, "erased")], "c"),
        *lines_of(weeks(36.0), "a"),
    ]

    cases = [json.loads(line) for line in replayed(lines).cases.splitlines()]

    assert [case["case"] for case in cases] == ["a", "b"]
    assert set(cases[0]) >= {"case", "alerts", "notes", "counts"}


def test_the_trace_has_a_line_for_every_session_held_and_every_no_show() -> None:
    facts = [*weeks(36.0, None, 35.0), a_no_show(4), a_form("s3", 14, respondent="therapist")]

    lines = [json.loads(line) for line in replayed(lines_of(facts)).trace.splitlines()]

    assert [(line["fact"], line["session_id"]) for line in lines] == [
        ("s1/SRS/client", "s1"),
        ("a2", "s2"),
        ("s3/SRS/therapist", "s3"),
        ("s3/SRS/client", "s3"),
        ("a4", None),
    ]
    measured = {"series", "value", "z", "ewma", "compliance", "frame_load", "strain"}
    assert all(set(line) == {"case", "fact", "session_id", "time", *measured} for line in lines)


def test_a_rule_that_fails_when_time_passes_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Persist.judge

    def fail(rule: Persist, course: Course) -> Finding | None:
        if course.due is not None:
            raise ZeroDivisionError
        return judge(rule, course)

    monkeypatch.setattr(Persist, "judge", fail)
    silent = [a_frame_fact("goals_set", 0), *weeks(36.0), a_no_show(2)]

    assert replayed(lines_of(silent), until=30).tally.reasons == {"rule_error": 1}


def test_files_are_read_and_written(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"\n".join(a_clinic()) + b"\n")
    alerts, cases, trace = (tmp_path / name for name in ("alerts", "cases", "trace"))

    tally = replay_files(
        events, the_rules(), alerts=alerts, cases=cases, trace=trace, until=on(200)
    )

    expected = replayed(a_clinic(), until=200)
    assert tally == expected.tally
    assert [path.read_bytes() for path in (alerts, cases, trace)] == list(expected[1:])
