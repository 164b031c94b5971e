"""``attendance.changed``: what became of an appointment."""

from typing import Any, Final, Literal, Required, TypeAlias

from pydantic import StrictBool, with_config
from typing_extensions import TypedDict

from rupture_watch.alliance.facts import Appointment
from rupture_watch.contracts.envelope import Envelope
from rupture_watch.contracts.reasons import Reason, Rejected, Stage
from rupture_watch.contracts.wire import (
    ENTERED_IN_ERROR,
    Natural,
    Number,
    Ordinal,
    Person,
    Pseudonym,
    Timestamp,
    Whole,
    microseconds,
    wire,
)

AppointmentStatus: TypeAlias = Literal[
    "booked", "attended", "no_show", "cancelled", "rescheduled", "entered-in-error"
]
SessionMode: TypeAlias = Literal["in_person", "video", "phone"]

# HL7 terminology, code system appointment-cancellation-reason, and four words of our own.
CancellationReason: TypeAlias = Literal[
    "pat",
    "pat-crs",
    "pat-cpp",
    "pat-dec",
    "pat-fb",
    "pat-lt",
    "pat-mt",
    "pat-mv",
    "pat-preg",
    "pat-swl",
    "pat-ucp",
    "prov",
    "prov-pers",
    "prov-dch",
    "prov-edu",
    "prov-hosp",
    "prov-labs",
    "prov-mri",
    "prov-onc",
    "maint",
    "meds-inc",
    "other",
    "oth-cms",
    "oth-err",
    "oth-fin",
    "oth-iv",
    "oth-int",
    "oth-mu",
    "oth-room",
    "oth-oerr",
    "oth-swie",
    "oth-weath",
    "illness",
    "holiday",
    "clinic_closure",
    "transport",
]

_HAS_A_NAME: Final[list[dict[str, Any]]] = [
    {"required": ["appointment_id"], "properties": {"appointment_id": {"type": "string"}}},
    {"required": ["session_id"], "properties": {"session_id": {"type": "string"}}},
]


@with_config(wire(anyOf=_HAS_A_NAME))
class AttendanceChanged(TypedDict, total=False):
    """One appointment's present status; named by ``appointment_id``, else by ``session_id``.

    ``notice_hours`` is how long before the start it was cancelled or moved. ``overrun_minutes``
    is negative when the session was cut short, by ``ended_by``. Lateness and overrun in minutes.
    """

    appointment_id: Pseudonym | None
    session_id: Pseudonym | None
    session_seq: Ordinal | None
    scheduled_start: Required[Timestamp]
    status: Required[AppointmentStatus]
    initiator: Person | None
    notice_hours: Number | None
    client_late_minutes: Natural | None
    provider_late_minutes: Natural | None
    overrun_minutes: Whole | None
    ended_by: Person | None
    mode: SessionMode | None
    agreed_mode: SessionMode | None
    reason_code: CancellationReason | None
    shared_cause: StrictBool | None


def appointment_of(data: AttendanceChanged, envelope: Envelope) -> Appointment:
    """Return the appointment as a fact of its case.

    Raises:
        Rejected: ``invalid``: it has no name, or the calendar no such start.

    """
    appointment_id, session_id = data.get("appointment_id"), data.get("session_id")
    name = appointment_id or session_id
    if name is None:
        raise _invalid("data: no_name")
    try:
        scheduled_start = microseconds(data["scheduled_start"])
    except ValueError:
        raise _invalid("data.scheduled_start: no_such_day") from None
    status = data["status"]
    return Appointment(
        name,
        envelope.time,
        envelope.recorded,
        envelope.id,
        envelope.source,
        envelope.backfill,
        status == ENTERED_IN_ERROR,
        appointment_id,
        session_id,
        data.get("session_seq"),
        scheduled_start,
        status,
        data.get("initiator") or "unknown",
        data.get("notice_hours"),
        data.get("client_late_minutes"),
        data.get("provider_late_minutes"),
        data.get("overrun_minutes"),
        data.get("ended_by"),
        data.get("mode"),
        data.get("agreed_mode"),
        data.get("reason_code"),
        data.get("shared_cause") is True,
    )


def _invalid(message: str) -> Rejected:
    return Rejected(Reason.INVALID, Stage.DATA, "ValidationError", message)
