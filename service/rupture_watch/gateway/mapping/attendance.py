"""What became of an appointment, whatever standard told it, as an event of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rupture_watch.contracts.topics import EventType
from rupture_watch.contracts.wire import timestamp

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.gateway.mapping.profile import ReasonCode
    from rupture_watch.gateway.mapping.pseudonyms import Names
    from rupture_watch.gateway.mapping.run import Run
    from rupture_watch.gateway.mapping.verdict import Event

HELD: Final = "attended"
CHANGES: Final = frozenset({"booked", "cancelled", "rescheduled"})


class Sight(NamedTuple):
    """One sight of an appointment. ``appointment`` and ``encounter`` name it in the source.

    ``done`` is when its status came about, ``recorded`` when the source wrote it down; both None
    where the source is silent. ``trusted`` tells that ``recorded`` is the time of the change
    itself (a message sent on the occasion), not of the last edit of a record.
    """

    appointment: str | None
    encounter: str | None
    status: str
    initiator: str
    start: Microseconds
    start_path: str
    recorded: Microseconds | None
    done: Microseconds | None = None
    trusted: bool = False
    reason: ReasonCode | None = None
    mode: str | None = None
    version: str = ""
    prefix: str = "appt"


def event_of(run: Run, names: Names, sight: Sight) -> Event:
    """Return the event of one sight.

    An appointment keeps its name whether it comes as itself or as its encounter; an encounter
    without appointment stands for one.

    Raises:
        NotMapped: noted as held long before it could be.

    """
    initiator = sight.initiator
    if initiator == "unknown" and sight.reason is not None:
        initiator = sight.reason.initiator
    happened, notice = _when(run, sight, initiator)
    source_name = sight.appointment or sight.encounter or ""
    data: dict[str, Any] = {
        "appointment_id": names.of("appointment", run.profile.namespace, source_name),
        "session_id": run.session(names, sight.start, sight.encounter)
        if sight.status == HELD and (run.profile.sessions == "day" or sight.encounter)
        else None,
        "scheduled_start": timestamp(sight.start),
        "status": sight.status,
        "initiator": initiator,
        "notice_hours": notice,
        "reason_code": sight.reason.code if sight.reason else None,
        "mode": sight.mode,
    }
    return run.event(
        EventType.ATTENDANCE_CHANGED,
        names,
        prefix=sight.prefix,
        happened=happened,
        recorded=sight.recorded,
        version=sight.version,
        data=data,
    )


def _when(run: Run, sight: Sight, initiator: str) -> tuple[Microseconds, float | None]:
    """Return when it happened, and the hours of notice where these have to be assumed."""
    start, recorded = sight.start, sight.recorded
    written = run.received if recorded is None else recorded
    if sight.status not in CHANGES:
        if sight.status in (HELD, "no_show"):
            return run.held_at(start, recorded, sight.start_path), None
        return min(start, start if written is None else written), None
    if sight.done is not None:
        return sight.done if written is None else min(sight.done, written), None
    if written is not None and (sight.trusted or written <= start):
        return written, None
    # Edited after the start, or dated by nobody: when it was changed cannot be told.
    run.tally.assumed["time_of_change"] += 1
    if sight.status == "booked" or initiator == "unknown":
        return start, None
    run.tally.assumed["notice"] += 1
    return start, run.profile.assume.cancelled_notice_hours
