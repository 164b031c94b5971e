"""HL7 v2 SIU: what became of an appointment. The trigger event decides, not SCH-25 or SCH-6.

Source: HL7 v2.5.1, chapter 10. Who cancelled often stands in a note only: then nobody is blamed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rupture_watch.gateway.mapping import privacy
from rupture_watch.gateway.mapping.attendance import Sight, event_of
from rupture_watch.gateway.mapping.er7 import Message, read
from rupture_watch.gateway.mapping.fhir_attendance import with_code
from rupture_watch.gateway.mapping.moments import of_hl7, offset_of_hl7
from rupture_watch.gateway.mapping.profile import BY_STATUS, NONE, Outcome, ReasonCode
from rupture_watch.gateway.mapping.reference import preferred
from rupture_watch.gateway.mapping.verdict import Event, NotMapped, Why, nothing

if TYPE_CHECKING:
    import datetime as dt

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.gateway.mapping.run import Run

# Where a start may stand, most trustworthy first: SCH-11 is often a template's.
_STARTS: Final = (
    ("TQ1", 7, 1),
    ("AIS", 4, 1),
    ("AIL", 6, 1),
    ("AIP", 6, 1),
    ("AIG", 8, 1),
    ("SCH", 11, 4),
)
_SERVICES: Final = (("SCH", 7), ("SCH", 8), ("AIS", 3))
SEVERAL_STARTS: Final = "starts_differ"


def of_message(run: Run, body: bytes) -> tuple[Event, Message]:
    """Return the event of one SIU message.

    Raises:
        NotMapped: refused, or nothing to tell.

    """
    message = read(body)
    return of_read(run, message), message


def of_read(run: Run, message: Message) -> Event:
    """Return the event of a message that has been read.

    Raises:
        NotMapped: refused, or nothing to tell.

    """
    for fields in message.segments:
        privacy.count_hl7(fields[0], fields, run.tally.dropped)
    if message.part("MSH", 9, 1) != "SIU":
        raise NotMapped(Why.UNSUPPORTED, "MSH-9.1")
    trigger = message.part("MSH", 9, 2)
    outcome = run.profile.hl7v2.triggers.get(trigger)
    if outcome is None:
        raise NotMapped(Why.UNSUPPORTED, "MSH-9.2")
    if not any(message.all("SCH")):
        raise NotMapped(Why.MISSING, "SCH")
    _only_our_services(run, message)
    identity = _patient(run, message)
    sent = of_hl7(message.part("MSH", 7), run.profile.timezone)
    start, path = _start(run, message)
    if outcome.status == BY_STATUS:
        outcome = _by_status(run, message, start, sent)
    return event_of(
        run,
        run.names(identity),
        Sight(
            appointment=_appointment(run, message),
            encounter=None,
            status=outcome.status,
            initiator=outcome.initiator,
            start=start,
            start_path=path,
            recorded=sent,
            trusted=True,
            reason=_reason(run, message)
            if outcome.status in ("cancelled", "rescheduled")
            else None,
            version=message.part("MSH", 10),
            prefix="siu",
        ),
    )


def _start(run: Run, message: Message) -> tuple[Microseconds, str]:
    zone: dt.tzinfo = offset_of_hl7(message.part("MSH", 7)) or run.profile.timezone
    found: list[tuple[Microseconds, str]] = []
    for segment, number, component in _STARTS:
        written = message.part(segment, number, component)
        moment = of_hl7(written, zone)
        if moment is None:
            continue
        if offset_of_hl7(written) is None:
            run.tally.assumed["timezone"] += 1
        found.append((moment, f"{segment}-{number}"))
    if not found:
        raise NotMapped(Why.NO_START, "TQ1-7")
    if len({moment for moment, _ in found}) > 1:
        run.tally.assumed[SEVERAL_STARTS] += 1
    return found[0]


def _by_status(
    run: Run, message: Message, start: Microseconds, sent: Microseconds | None
) -> Outcome:
    """Return what a mere change (S14) tells: the status beside it, unless that is an old one."""
    code, system = message.part("SCH", 25, 1), message.part("SCH", 25, 3)
    words = run.profile.codes.get(system, {})
    outcome = words.get(code) or run.profile.hl7v2.filler_status.get(_folded(code))
    if code and outcome is None:
        run.unmapped("SCH-25", code, "no event")
    if outcome is None and not code:
        outcome = Outcome(status="booked")
    stale = (
        outcome is not None and outcome.status == "booked" and sent is not None and start <= sent
    )
    if outcome is None or outcome.status == NONE or stale:
        raise nothing(Why.CHANGES_NOTHING, "SCH-25")
    return outcome


def _folded(code: str) -> str:
    return "".join(letter for letter in code.casefold() if letter.isalnum())


def _appointment(run: Run, message: Message) -> str:
    """Name the appointment: the filler's number, else the placer's, within their facility.

    The numbers alone are not unique across facilities.
    """
    for number, kind in ((2, "filler"), (1, "placer")):
        name = message.part("SCH", number, 1)
        if name:
            authority = message.part("SCH", number, 2) or message.part("MSH", 4, 1)
            return f"{run.domain(authority)}|{kind}|{name}"
    raise NotMapped(Why.MISSING, "SCH-2")


def _patient(run: Run, message: Message) -> str:
    pids = list(message.all("PID"))
    if len(pids) != 1:
        raise NotMapped(Why.NO_SUBJECT, "PID")
    found = [
        (
            message.component_of(one, 4) or message.part("MSH", 4, 1),
            message.component_of(one, 1),
        )
        for one in message.repetitions(message.field("PID", 3))
    ]
    if run.profile.patient.systems:
        identity = preferred(run, found)
    else:
        identity = next((f"{run.domain(where)}|{name}" for where, name in found if name), None)
    if identity is None:
        raise NotMapped(Why.NO_SUBJECT, "PID-3")
    return identity


def _reason(run: Run, message: Message) -> ReasonCode | None:
    code, system = message.part("SCH", 6, 1), message.part("SCH", 6, 3)
    if not code:
        return None
    known = run.profile.reasons.get(system, {}).get(code) or run.profile.hl7v2.reasons.get(code)
    if known is None:
        run.unmapped("SCH-6", code, "initiator unknown")
        return None
    return with_code(known, code)


def _only_our_services(run: Run, message: Message) -> None:
    wanted = run.profile.services
    if not wanted:
        return
    for segment, number in _SERVICES:
        code, system = message.part(segment, number, 1), message.part(segment, number, 3)
        if code and (code in wanted or f"{system}|{code}" in wanted):
            return
    raise nothing(Why.OTHER_SERVICE, "SCH-7")
