"""A story as a file of events: a rupture that is noticed, talked about and repaired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rupture_watch.alliance.alerts import alert_id
from rupture_watch.alliance.facts import DAY, HOUR, MINUTE, Microseconds
from rupture_watch.contracts.topics import EventType
from rupture_watch.contracts.wire import microseconds, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST_SESSION: Final[Microseconds] = microseconds("2025-09-01T14:00:00Z")
WEEK: Final[Microseconds] = 7 * DAY
HELD: Final[Microseconds] = 50 * MINUTE

_LINES: Final = ("relationship", "goals", "approach", "overall")
_DIP: Final = 7
_TAGS: Final[dict[int, dict[str, Any]]] = {
    4: {"goal_linked": True, "homework": {"assigned": 2, "done": 2}},
    8: {
        "interventions": ["exploration", "validation"],
        "alliance_discussed": True,
        "goal_linked": True,
    },
}


def event(
    event_type: EventType,
    identity: str,
    time: Microseconds,
    data: dict[str, Any],
    *,
    case: str = "case-0417",
    source: str = "/practice/records",
    **attributes: Any,
) -> dict[str, Any]:
    """Return one structured event; further attributes as keywords."""
    return {
        "specversion": "1.0",
        "id": identity,
        "source": source,
        "type": event_type.value,
        "subject": case,
        "time": timestamp(time),
        **attributes,
        "data": data,
    }


def _rated(number: int, lines: tuple[float, float, float, float], case: str) -> dict[str, Any]:
    session = f"s-{number:02d}"
    data = {
        "session_id": session,
        "session_seq": number,
        "instrument": "SRS",
        "respondent": "client",
        "scores": dict(zip(_LINES, lines, strict=True)),
        "mode": "app",
        "duration_ms": 41_000 + 900 * number,
    }
    time = FIRST_SESSION + (number - 1) * WEEK + HELD
    return event(
        EventType.SESSION_RATED, f"form-{session}", time, data, case=case, source="/practice/app"
    )


def _attended(number: int, case: str, **more: Any) -> dict[str, Any]:
    start = FIRST_SESSION + (number - 1) * WEEK
    data = {
        "appointment_id": f"a-{number:02d}",
        "session_id": f"s-{number:02d}",
        "session_seq": number,
        "scheduled_start": timestamp(start),
        "status": "attended",
        "mode": "in_person",
        **more,
    }
    recorded = timestamp(start + HELD + 10 * MINUTE)
    return event(
        EventType.ATTENDANCE_CHANGED,
        f"visit-{number:02d}",
        start,
        data,
        case=case,
        recordedtime=recorded,
    )


def a_v_that_repairs() -> Iterable[dict[str, Any]]:
    """Ten sessions: a steady start, a deep dip in the seventh, talked about, and repaired."""
    case = "case-0231"
    steady = [
        (9.1, 9.0, 9.2, 9.0),
        (9.3, 9.1, 9.0, 9.2),
        (9.0, 9.2, 9.1, 9.1),
        (9.2, 9.0, 9.3, 9.0),
        (9.4, 9.2, 9.1, 9.2),
        (9.2, 9.1, 9.2, 9.3),
        (5.9, 6.8, 6.4, 6.1),
        (7.9, 8.3, 8.2, 8.0),
        (9.0, 8.9, 9.1, 9.0),
        (9.2, 9.1, 9.0, 9.2),
    ]
    scopes = ["privacy", "scheduling", "payment", "roles", "legal"]
    steps = [
        ("consent_given", {"scope": scopes}),
        ("roles_explained", {}),
        ("goals_set", {}),
        ("plan_presented", {}),
    ]
    for number, (kind, more) in enumerate(steps):
        time = FIRST_SESSION + (number + 1) * 5 * MINUTE
        data = {"kind": kind, "by": "provider", **more}
        yield event(EventType.FRAME_CHANGED, f"frame-{number + 1:02d}", time, data, case=case)
    for number, lines in enumerate(steady, start=1):
        yield _attended(number, case)
        yield _rated(number, lines, case)
        if number in _TAGS:
            session = f"s-{number:02d}"
            time = FIRST_SESSION + (number - 1) * WEEK + HELD
            tags = {"session_id": session, **_TAGS[number]}
            yield event(EventType.SESSION_NOTED, f"note-{session}", time, tags, case=case)
        if number == _DIP:
            fact = f"s-{number:02d}/SRS/client"
            review = {"alert_id": alert_id(case, fact), "action": "acknowledged"}
            time = FIRST_SESSION + (number - 1) * WEEK + 18 * HOUR
            yield event(EventType.ALERT_REVIEWED, "review-01", time, review, case=case)
