"""What becomes of each appointment, and how the calendar and the health record tell it.

A final status comes from the front desk at once or from the health record's nightly job; now and
then that job is wrong and rewrites it days later, as health records do up to a month back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rupture_watch.alliance.facts import DAY, HOUR, MINUTE, Microseconds
from rupture_watch.operations.simulate.conduct import tilt
from rupture_watch.operations.simulate.dice import chance
from rupture_watch.operations.simulate.sittings import LENGTH
from rupture_watch.operations.simulate.wire import ATTENDANCE, CALENDAR, RECORD, Courier, timestamp

if TYPE_CHECKING:
    from random import Random

    from rupture_watch.operations.simulate.clients import Client
    from rupture_watch.operations.simulate.episodes import State

PROVIDER_CANCELS: Final = 0.015
PROVIDER_RESCHEDULES: Final = 0.01
PROVIDER_LATE: Final = 0.02
OVERRUN: Final = 0.01
CUT_SHORT: Final = 0.001
REWRITTEN: Final = 0.015
"""Rates per appointment while all is steady, of a well-run clinic (defaults)."""

SHORT_NOTICE: Final = 0.12
"""Share of the provider's cancellations with less than a day's notice."""

EXCUSED: Final = 0.6
"""Share of the provider's cancellations that name illness or holiday."""


class Outcome(StrEnum):
    """What becomes of an appointment."""

    ATTENDED = "attended"
    NO_SHOW = "no_show"
    CLIENT_LATE_CANCEL = "client_late_cancel"
    CLIENT_CANCEL = "client_cancel"
    CLIENT_RESCHEDULE = "client_reschedule"
    PROVIDER_CANCEL = "provider_cancel"
    PROVIDER_RESCHEDULE = "provider_reschedule"
    CLOSED = "closed"

    @property
    def moved(self) -> bool:
        """Whether a replacement follows in the same week."""
        return self in (Outcome.CLIENT_RESCHEDULE, Outcome.PROVIDER_RESCHEDULE)


class Slot(NamedTuple):
    """One appointment: its id, when it is to start, and when it was booked."""

    appointment_id: str
    start: Microseconds
    booked: Microseconds


def decide(client: Client, state: State, rng: Random) -> Outcome:
    """Draw what becomes of one appointment, given what the client is going through."""
    habits, conduct = client.habits, client.conduct(state)
    chances = (
        (Outcome.NO_SHOW, tilt(habits.no_show, conduct.no_show)),
        (Outcome.CLIENT_LATE_CANCEL, tilt(habits.late_cancel, conduct.late_cancel)),
        (Outcome.CLIENT_CANCEL, habits.early_cancel),
        (Outcome.CLIENT_RESCHEDULE, habits.reschedule),
        (Outcome.PROVIDER_CANCEL, PROVIDER_CANCELS),
        (Outcome.PROVIDER_RESCHEDULE, PROVIDER_RESCHEDULES),
    )
    luck = rng.random()
    for outcome, share in chances:
        luck -= share
        if luck < 0:
            return outcome
    return Outcome.ATTENDED


class Reception:
    """Writes the attendance events of one case."""

    def __init__(self, client: Client, courier: Courier, rng: Random, *, tidy: bool) -> None:
        """Open the reception; a ``tidy`` one never has to rewrite a status."""
        self._client = client
        self._courier = courier
        self._rng = rng
        self._tidy = tidy
        self._count = 0
        self._mode = "video" if client.feeds.video else "in_person"

    def book(self, start: Microseconds, at: Microseconds) -> Slot:
        """Book an appointment and write that it was booked."""
        self._count += 1
        slot = Slot(f"{self._client.case}-a{self._count:02d}", start, at)
        data = self._data(slot, "booked") | {"agreed_mode": self._mode}
        self._courier.write(ATTENDANCE, CALENDAR, at, at + 20 * MINUTE, data)
        return slot

    def attended(self, slot: Slot, number: int, state: State, *, strained: bool) -> str:
        """Write that a session took place and return its id.

        ``strained`` lets the provider be very late or cut the session short.
        """
        client, rng = self._client, self._rng
        session = f"{client.case}-s{number:02d}"
        data = self._data(slot, "attended") | {"session_id": session, "mode": self._mode}
        if client.feeds.numbered:
            data["session_seq"] = number
        if chance(rng, tilt(client.habits.late, client.conduct(state).late)):
            data["client_late_minutes"] = rng.randint(10, 25)
        if strained or chance(rng, PROVIDER_LATE):
            data["provider_late_minutes"] = rng.randint(10, 18) if strained else rng.randint(5, 11)
        if chance(rng, OVERRUN):
            data["overrun_minutes"] = rng.randint(5, 14)
        elif chance(rng, CUT_SHORT):
            data |= {"overrun_minutes": -rng.randint(5, 15), "ended_by": "provider"}
        self._final(slot, data, wrong={"status": "no_show", "initiator": "client"})
        return session

    def missed(self, slot: Slot) -> None:
        """Write that the client did not come."""
        data = self._data(slot, "no_show") | {"initiator": "client"}
        self._final(slot, data, wrong={"status": "attended", "initiator": "unknown"})

    def called_off(self, slot: Slot, outcome: Outcome, *, notice: float | None = None) -> float:
        """Write a cancellation or a move and return the hours of notice.

        A given ``notice`` is of a provider who gives no excuse.
        """
        rng = self._rng
        moved = outcome.moved
        data = self._data(slot, "rescheduled" if moved else "cancelled")
        hours = rng.uniform(26, 140)
        if outcome is Outcome.CLIENT_LATE_CANCEL:
            hours = rng.uniform(1, 23)
        elif outcome is Outcome.CLOSED:
            hours = rng.uniform(8, 60)
            data |= {"reason_code": "clinic_closure", "shared_cause": True}
        elif outcome is Outcome.PROVIDER_CANCEL and notice is None:
            if chance(rng, SHORT_NOTICE):
                hours = rng.uniform(2, 23)
            if chance(rng, EXCUSED):
                data["reason_code"] = "illness" if chance(rng, 0.7) else "holiday"
        elif outcome is Outcome.CLIENT_CANCEL and chance(rng, 0.5):
            data["reason_code"] = rng.choices(
                ("illness", "holiday", "transport", "pat", "pat-ucp"), (50, 30, 9, 10, 0.5)
            )[0]
        hours = min(hours if notice is None else notice, (slot.start - slot.booked) / HOUR - 1)
        by_client = outcome.value.startswith("client")
        data |= {
            "initiator": "client" if by_client else "provider",
            "notice_hours": round(hours, 1),
        }
        if chance(rng, 0.3):
            del data["notice_hours"]
        at = slot.start - int(hours * HOUR)
        self._courier.write(ATTENDANCE, CALENDAR, at, at + int(rng.uniform(0, 15) * MINUTE), data)
        return hours

    def _data(self, slot: Slot, status: str) -> dict[str, Any]:
        return {
            "appointment_id": slot.appointment_id,
            "scheduled_start": timestamp(slot.start),
            "status": status,
        }

    def _final(self, slot: Slot, data: dict[str, Any], wrong: dict[str, str]) -> None:
        rng = self._rng
        source = RECORD if self._client.feeds.nightly else CALENDAR
        recorded = slot.start + LENGTH + int(rng.uniform(1, 40) * MINUTE)
        if source == RECORD:
            night = (slot.start // DAY + 1) * DAY
            recorded = night + 2 * HOUR + int(rng.uniform(0, 30) * MINUTE)
        if not self._tidy and chance(rng, REWRITTEN):
            first = {
                k: v for k, v in data.items() if k not in ("session_id", "session_seq")
            } | wrong
            self._courier.write(ATTENDANCE, source, slot.start, recorded, first)
            recorded += int(min(1 + rng.expovariate(1 / 5), 30) * DAY)
        self._courier.write(ATTENDANCE, source, slot.start, recorded, data)
