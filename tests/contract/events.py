"""A seeded generator of events, good and bad, and the records that they make on Kafka."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args

from rupture_watch.alliance.facts import DAY, MINUTE
from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts import attendance, frame, notes, reviews
from rupture_watch.contracts.topics import EventType
from rupture_watch.contracts.wire import microseconds, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Event: TypeAlias = dict[str, Any]

REGISTRY: Final = Registry.default()
START: Final = microseconds("2025-03-03T09:00:00Z")


def record(event: Event) -> tuple[bytes, bytes, list[tuple[str, bytes | None]]]:
    """Return an event as key, value and headers of Kafka's binary mode."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    headers: list[tuple[str, bytes | None]] = [
        (f"ce_{name}", (value if isinstance(value, str) else json.dumps(value)).encode())
        for name, value in attributes.items()
    ]
    headers.append(("content-type", b"application/json"))
    return event["subject"].encode(), json.dumps(event["data"]).encode(), headers


def good_event(random: Random) -> Event:
    """Return a random event that the contract accepts."""
    event_type = random.choice(list(_DATA))
    time = START + random.randrange(300 * DAY // MINUTE) * MINUTE
    event: Event = {
        "specversion": "1.0",
        "id": f"e-{random.randrange(10**9)}",
        "source": random.choice(["/app", "urn:uuid:9f0", "https://ehr.example/x"]),
        "type": event_type,
        "subject": f"case-{random.randrange(1000):03d}",
        "time": timestamp(time),
        "data": _DATA[event_type](random),
    }
    if random.random() < 0.5:
        event["recordedtime"] = timestamp(time + random.randrange(14 * DAY))
    return _with_oddities(event, random)


def _with_oddities(event: Event, random: Random) -> Event:
    """Add what is unusual and yet allowed."""
    oddities: list[Callable[[], Any]] = [
        lambda: event.update(backfill=random.choice([True, False, "true", "false", None])),
        lambda: event.update(recordedtime=None),
        lambda: event.update(traceparent="not-a-trace"),
        lambda: event.update(partitionkey="7", sequence=3),
        lambda: event["data"].update(colour="blue", nested={"deep": [1, None, {"x": 1.5}]}),
        lambda: event["data"].update(status=None) if "appointment" not in str(event) else None,
        lambda: event.update(time=event["time"].replace("Z", "+00:00").replace("T", "t")),
        lambda: event.update(dataschema="urn:any", datacontenttype="application/json"),
    ]
    if random.random() < 0.4 and event["type"] != EventType.ATTENDANCE_CHANGED:
        random.choice(oddities)()
    return event


def bad_event(random: Random) -> Event:
    """Return a random event with one thing changed in it; mostly for the worse."""
    event = good_event(random)
    if random.random() < 0.2:
        random.choice(_ASTRAY)(event, random)
        return event
    target = event if random.random() < 0.3 else event["data"]
    name = random.choice(list(target))
    if random.random() < 0.3:
        del target[name]
    else:
        target[name] = random.choice(_WRONG)(target[name], random)
    return event


def _astray_type(event: Event, random: Random) -> None:
    event["type"] = random.choice([event["type"].replace("v1", "v2"), "com.example.x.v1", "x.v1"])


def _astray_value(event: Event, random: Random) -> None:
    for field in ("scores", "items"):
        for code in event["data"].get(field, ()):
            event["data"][field][code] += random.choice([0, 0, 300, -300])


def _astray_code(event: Event, random: Random) -> None:
    field = random.choice(["scores", "items"])
    event["data"].setdefault(field, {})[random.choice(["bond", "0", "01", "13", "hope"])] = 3


_ASTRAY: Final[list[Callable[[Event, Random], None]]] = [
    _astray_type,
    _astray_value,
    _astray_code,
    lambda event, _: event["data"].update(instrument="SRS-9"),
    lambda event, random: event["data"].update(total=random.choice([-1, 300, 41, 27.5])),
]


def _letters(value: Any, random: Random) -> Any:
    return random.choice(["", "a b", "Ä", "x" * 300, "2025-02-30T10:00:00Z", str(value) + "?"])


def _number(_value: Any, random: Random) -> Any:
    return random.choice([-1, 0, 1.5, 3.0, 1e300, 2**31, 2**31 - 1, -(2**31)])


def _constant(_value: Any, random: Random) -> Any:
    return random.choice([None, True, False, [], {}])


def _wrapped(value: Any, random: Random) -> Any:
    return random.choice([[value], {"value": value}, str(value)])


def _remapped(value: Any, random: Random) -> Any:
    if not isinstance(value, dict) or not value:
        return {"bond": 1}
    return random.choice([{**value, "9000": 1}, dict.fromkeys(value, -1), {}])


_WRONG: Final = [_letters, _number, _constant, _wrapped, _remapped]


def _rated(random: Random) -> Event:
    instrument = random.choice(list(REGISTRY))
    codes = REGISTRY.codes(instrument.code)
    assert codes is not None
    data: Event = {
        "session_id": f"s-{random.randrange(50)}",
        "instrument": instrument.code,
        "respondent": random.choice(["client", "therapist", "observer"]),
    }
    for field, known in (("scores", codes.scores), ("items", codes.items)):
        chosen = [one for one in known if random.random() < 0.7]
        if chosen and random.random() < 0.6:
            data[field] = {code: random.randint(int(low), int(high)) for code, low, high in chosen}
    if random.random() < 0.4 or not {"scores", "items"} & set(data):
        data["total"] = round(random.uniform(*codes.total), 1)
    return data | _some(
        random,
        session_seq=random.randint(1, 40),
        instrument_version="v3",
        group_id="g.1",
        mode=random.choice(["paper", "app", "in_room", "video", "import"]),
        status=random.choice(["final", "amended", "entered-in-error"]),
        duration_ms=random.randrange(10**6),
        missing_items=random.randrange(4),
    )


def _attendance(random: Random) -> Event:
    names = random.choice([("appointment_id",), ("session_id",), ("appointment_id", "session_id")])
    return {
        **{name: f"a_{random.randrange(99)}" for name in names},
        "scheduled_start": timestamp(START + random.randrange(10**6) * MINUTE),
        "status": random.choice(get_args(attendance.AppointmentStatus)),
    } | _some(
        random,
        session_seq=random.randint(1, 40),
        initiator=random.choice(["client", "provider", "system", "unknown"]),
        notice_hours=random.uniform(-2, 90),
        client_late_minutes=random.randrange(30),
        provider_late_minutes=random.randrange(30),
        overrun_minutes=random.randint(-30, 30),
        ended_by=random.choice(["client", "provider", None]),
        mode=random.choice(get_args(attendance.SessionMode)),
        agreed_mode=random.choice(get_args(attendance.SessionMode)),
        reason_code=random.choice(get_args(attendance.CancellationReason)),
        shared_cause=random.random() < 0.5,
    )


def _frame(random: Random) -> Event:
    return {"kind": random.choice(get_args(frame.FrameKind))} | _some(
        random,
        fact_id="fact-1",
        status=random.choice(["final", "entered-in-error"]),
        shared_cause=True,
        by=random.choice(["client", "provider"]),
        about=random.choice(["therapist", "admin", "other"]),
        notice_days=random.uniform(0, 60),
        agreed=False,
        handover=True,
        scope=random.sample(get_args(frame.ConsentScope), 2),
        boundary=random.choice(["dual_role", "gift", "disclosure", "other"]),
    )


def _noted(random: Random) -> Event:
    return {"session_id": f"s-{random.randrange(50)}"} | _some(
        random,
        status="amended",
        interventions=random.sample(get_args(notes.Intervention), 3),
        signalled_zone=random.choice(get_args(notes.Zone)),
        offered_zone=random.choice(get_args(notes.Zone)),
        homework={"assigned": random.randrange(4), "done": random.randrange(4)},
        goal_linked=True,
        goal_progress=random.randint(-2, 2),
        alliance_discussed=False,
        therapist_sees_rupture=True,
        self_harmful_domains=random.sample(get_args(notes.Domain), 1),
        client_role_preference=random.choice(get_args(notes.Role)),
        offered_role=random.choice(get_args(notes.Role)),
    )


def _closed(random: Random) -> Event:
    ending = random.choice(["planned", "unplanned", "transferred", "erased"])
    return {"ending": ending} | _some(random, goals_met=True, status="entered-in-error")


def _reviewed(random: Random) -> Event:
    action = random.choice(get_args(reviews.ReviewAction))
    data = {"alert_id": f"{random.randrange(16**32):032x}", "action": action}
    if action == "dismissed" or random.random() < 0.2:
        data["reason_code"] = random.choice(get_args(reviews.DismissalReason))
    return data | _some(random, by_role=random.choice(["therapist", "lead"]))


def _some(random: Random, **fields: Any) -> Event:
    return {name: value for name, value in fields.items() if random.random() < 0.4}


_DATA: Final[dict[str, Callable[[Random], Event]]] = {
    EventType.SESSION_RATED.value: _rated,
    EventType.ATTENDANCE_CHANGED.value: _attendance,
    EventType.FRAME_CHANGED.value: _frame,
    EventType.SESSION_NOTED.value: _noted,
    EventType.CASE_CLOSED.value: _closed,
    EventType.ALERT_REVIEWED.value: _reviewed,
}
