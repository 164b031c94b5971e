"""Examples of the contract as files of events: one per input type, a story, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rupture_watch.alliance.facts import DAY, HOUR
from rupture_watch.contracts.example_story import (
    FIRST_SESSION,
    HELD,
    WEEK,
    a_v_that_repairs,
    event,
)
from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import EventType
from rupture_watch.contracts.wire import timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

Event: TypeAlias = dict[str, Any]

_LONGEST: Final = 65_536


def by_type() -> dict[EventType, list[Event]]:
    """Return examples of every input type; each is accepted."""
    start = FIRST_SESSION
    items = {str(number): 4 for number in range(1, 13)}
    phq = {"1": 1, "2": 2, "3": 1, "4": 2, "5": 1, "6": 1, "7": 1, "8": 0, "9": 0}
    rated = EventType.SESSION_RATED
    form = {"session_id": "s-03", "session_seq": 3, "respondent": "client"}
    visit = {"appointment_id": "a-04", "scheduled_start": timestamp(start + 3 * WEEK)}
    changed = EventType.ATTENDANCE_CHANGED
    frame = EventType.FRAME_CHANGED
    alert = {"alert_id": "3f5a0d1c9be2477d8a6f1e0c5b7d9a42", "by_role": "therapist"}
    later = start + 2 * WEEK + HELD
    return {
        rated: [
            event(rated, "f-1", later, {**form, "instrument": "SRS", "total": 36.4}),
            event(rated, "f-2", later, {**form, "instrument": "WAI-SR", "items": items}),
            event(
                rated,
                "f-3",
                later,
                {**form, "instrument": "PHQ-9", "items": phq, "mode": "paper"},
                recordedtime=timestamp(later + 2 * DAY),
            ),
            event(
                rated,
                "f-4",
                later,
                {
                    **form,
                    "instrument": "WAI-S",
                    "respondent": "therapist",
                    "scores": {"bond": 22, "task": 20, "goal": 21},
                    "status": "amended",
                },
                recordedtime=timestamp(later + DAY),
            ),
            event(
                rated,
                "f-5",
                later,
                {**form, "instrument": "SRS", "items": {"safety": 4, "hope": 5}},
                traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ),
            event(
                rated,
                "f-6",
                later - 90 * DAY,
                {**form, "instrument": "ORS", "total": 21.5, "mode": "import"},
                recordedtime=timestamp(later),
                backfill=True,
            ),
        ],
        changed: [
            event(changed, "v-1", start + DAY, {**visit, "status": "booked"}),
            event(
                changed,
                "v-2",
                start + 3 * WEEK - 5 * HOUR,
                {
                    **visit,
                    "status": "cancelled",
                    "initiator": "client",
                    "notice_hours": 5,
                    "reason_code": "illness",
                },
            ),
            event(
                changed,
                "v-3",
                start + 4 * WEEK,
                {
                    "session_id": "s-04",
                    "session_seq": 4,
                    "scheduled_start": timestamp(start + 4 * WEEK),
                    "status": "attended",
                    "provider_late_minutes": 7,
                    "overrun_minutes": -5,
                    "ended_by": "provider",
                    "mode": "video",
                    "agreed_mode": "in_person",
                },
                recordedtime=timestamp(start + 4 * WEEK + HOUR),
            ),
            event(
                changed,
                "v-4",
                start + 5 * WEEK,
                {
                    "appointment_id": "a-05",
                    "scheduled_start": timestamp(start + 5 * WEEK),
                    "status": "no_show",
                    "initiator": "client",
                },
                recordedtime=timestamp(start + 5 * WEEK + HOUR),
            ),
        ],
        frame: [
            event(frame, "x-1", start, {"kind": "consent_given", "scope": ["privacy", "roles"]}),
            event(
                frame,
                "x-2",
                start + WEEK,
                {"kind": "fee_changed", "by": "provider", "notice_days": 14, "agreed": False},
            ),
            event(
                frame,
                "x-3",
                start + WEEK,
                {"kind": "fee_changed", "fact_id": "x-2", "by": "provider", "notice_days": 45},
                recordedtime=timestamp(start + 8 * DAY),
            ),
        ],
        EventType.SESSION_NOTED: [
            event(
                EventType.SESSION_NOTED,
                "n-1",
                later,
                {
                    "session_id": "s-03",
                    "interventions": ["empathy", "interpretation"],
                    "signalled_zone": "empathy",
                    "offered_zone": "confrontation",
                    "homework": {"assigned": 2, "done": 1},
                    "goal_linked": True,
                    "goal_progress": 1,
                    "alliance_discussed": False,
                    "self_harmful_domains": ["money"],
                    "client_role_preference": "explorer",
                    "offered_role": "adviser",
                },
            )
        ],
        EventType.CASE_CLOSED: [
            event(
                EventType.CASE_CLOSED,
                "c-1",
                start + 20 * WEEK,
                {"ending": "planned", "goals_met": True},
            )
        ],
        EventType.ALERT_REVIEWED: [
            event(EventType.ALERT_REVIEWED, "r-1", later, {**alert, "action": "acknowledged"}),
            event(
                EventType.ALERT_REVIEWED,
                "r-2",
                later + DAY,
                {**alert, "action": "dismissed", "reason_code": "practical_cause"},
            ),
        ],
    }


def refused() -> list[tuple[Reason, str]]:
    """Return one line for each reason for which a line of a file can be refused."""
    good = by_type()[EventType.SESSION_RATED][0]
    data = good["data"]
    later = timestamp(FIRST_SESSION + 2 * WEEK + HELD - HOUR)
    long_after = timestamp(FIRST_SESSION + 5 * WEEK)
    return [
        (Reason.NOT_CLOUDEVENT, _line({**good, "specversion": "0.3"})),
        (Reason.BAD_JSON, _line(good)[:-1]),
        (Reason.TOO_LARGE, _line({**good, "padding": "." * _LONGEST})),
        (Reason.UNKNOWN_TYPE, _line({**good, "type": "org.example.invoice.paid.v1"})),
        (Reason.UNKNOWN_VERSION, _line({**good, "type": "org.rupturewatch.session.rated.v2"})),
        (Reason.INVALID, _line({**good, "data": {**data, "total": "36.4"}})),
        (Reason.UNKNOWN_INSTRUMENT, _line({**good, "data": {**data, "instrument": "SRS-9"}})),
        (Reason.OUT_OF_RANGE, _line({**good, "data": {**data, "total": 40.1}})),
        (Reason.FROM_THE_FUTURE, _line({**good, "recordedtime": later})),
        (Reason.TOO_LATE, _line({**good, "recordedtime": long_after})),
    ]


def examples() -> dict[str, str]:
    """Return every file of examples by its name; all but ``bad`` are accepted to the last line."""
    events: Mapping[str, list[Event]] = {
        **{name.removeprefix("org.rupturewatch."): some for name, some in by_type().items()},
        "a_v_that_repairs": list(a_v_that_repairs()),
    }
    files = {name: "".join(_line(one) + "\n" for one in some) for name, some in events.items()}
    files["bad"] = "".join(line + "\n" for _, line in refused())
    return files


def _line(one: Event) -> str:
    return json.dumps(one, ensure_ascii=False, separators=(",", ":"))
