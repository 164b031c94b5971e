"""Events of the therapeutic frame: what opens a case, what slips now and then, what breaks it.

Rates are defaults of this simulation, low on purpose: a well-run clinic makes few slips, and the
rules' factual findings must stay few with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rupture_watch.alliance.facts import DAY, HOUR, MINUTE, Microseconds
from rupture_watch.operations.simulate.diary import office_hours
from rupture_watch.operations.simulate.dice import chance
from rupture_watch.operations.simulate.episodes import State
from rupture_watch.operations.simulate.sittings import LENGTH, Sitting
from rupture_watch.operations.simulate.wire import FRAME, RECORD, Courier

if TYPE_CHECKING:
    from random import Random

    from rupture_watch.operations.simulate.clients import Client
    from rupture_watch.operations.simulate.diary import Leave

SCOPE: Final = ["privacy", "scheduling", "payment", "roles", "legal"]

FORGOTTEN: Final = {
    "consent_given": 0.005,
    "roles_explained": 0.007,
    "goals_set": 0.008,
    "plan_presented": 0.008,
}
"""How often a step of the opening is never recorded."""

SESSION: Final = {"consent_given": 1, "roles_explained": 1, "goals_set": 2, "plan_presented": 3}
"""The session by whose end each step is due."""

SLIPS: Final = {
    "fee_changed": 0.002,
    "billing_error": 0.002,
    "invoice_overdue": 0.004,
    "room_changed": 0.004,
    "interruption": 0.0004,
    "privacy_incident": 0.0002,
    "boundary_crossing": 0.0002,
    "unscheduled_contact": 0.002,
    "complaint": 0.0004,
    "tech_failure": 0.004,
    "therapist_changed": 0.0006,
}
"""Chance per session held while nothing else is going on."""

CONFLICT: Final = 0.03
"""Chance of a complaint about the therapist per session in a rupture."""

OUTREACH_MISSED: Final = 0.012
"""Share of no-shows after which nobody gets in touch within three days."""


class Frame:
    """Writes the frame events of one case."""

    def __init__(self, client: Client, courier: Courier, rng: Random) -> None:
        """Draw which opening steps come when."""
        self._client = client
        self._courier = courier
        self._rng = rng
        self._due: dict[int, list[str]] = {}
        for kind, share in FORGOTTEN.items():
            if not chance(rng, share):
                latest = SESSION[kind]
                place = rng.randint(max(1, latest - 1), latest)
                self._due.setdefault(place, []).append(kind)

    def _write(self, kind: str, time: Microseconds, delay: float = 2.0, **data: Any) -> None:
        recorded = time + int(self._rng.expovariate(1 / delay) * HOUR)
        recorded = min(recorded, time + 30 * DAY)
        self._courier.write(FRAME, RECORD, time, recorded, {"kind": kind, **data})

    def session(self, sitting: Sitting) -> None:
        """Write what belongs to a session held: opening steps, reviews, slips."""
        rng = self._rng
        for place, kind in enumerate(self._due.get(sitting.number, ())):
            scope: dict[str, Any] = (
                {"scope": SCOPE, "by": "client"} if kind == "consent_given" else {}
            )
            self._write(kind, sitting.start + (5 + 10 * place) * MINUTE, **scope)
        if sitting.number > SESSION["plan_presented"] and chance(rng, 0.2):
            self._write("goal_reviewed", sitting.start + 30 * MINUTE)
        if sitting.moment.state is State.RUPTURE and chance(rng, CONFLICT):
            later = office_hours(sitting.start + LENGTH + int(rng.uniform(2, 40) * HOUR))
            self._write("complaint", later, by="client", about="therapist")
        for kind, share in SLIPS.items():
            if chance(rng, share):
                self._slip(kind, sitting)

    def _slip(self, kind: str, sitting: Sitting) -> None:
        rng = self._rng
        inside = sitting.start + int(rng.uniform(5, 45)) * MINUTE
        after = office_hours(sitting.start + LENGTH + int(rng.uniform(2, 60) * HOUR))
        details: dict[str, dict[str, Any]] = {
            "fee_changed": {
                "by": "provider",
                "notice_days": rng.choice((30, 45, 60, 60, 60, 14)),
            },
            "billing_error": {"by": "provider"},
            "invoice_overdue": {"by": "client"},
            "room_changed": {"by": "provider", "agreed": chance(rng, 0.93)},
            "interruption": {"by": "provider"},
            "privacy_incident": {"by": "provider"},
            "boundary_crossing": {"by": "provider", "boundary": rng.choice(("gift", "disclosure"))},
            "unscheduled_contact": {"by": rng.choice(("client", "client", "provider"))},
            "complaint": {"by": "client", "about": rng.choice(("admin", "admin", "therapist"))},
            "tech_failure": {"by": "system"},
            "therapist_changed": {"by": "provider", "handover": chance(rng, 0.85)},
        }
        time = inside if kind in ("room_changed", "interruption", "tech_failure") else after
        self._write(kind, time, 6.0, **details[kind])

    def outreach(self, missed: Microseconds) -> None:
        """Write that somebody got in touch after a no-show: in time as a rule, late, or not."""
        rng = self._rng
        luck = rng.random()
        if luck < OUTREACH_MISSED:
            if luck < OUTREACH_MISSED / 2:
                self._write(
                    "outreach_made",
                    office_hours(missed + int(rng.uniform(4, 8) * DAY)),
                    by="provider",
                )
            return
        self._write(
            "outreach_made",
            office_hours(missed + int(rng.uniform(1, 44) * HOUR)),
            1.5,
            by="provider",
        )

    def leave(self, leave: Leave) -> None:
        """Write an absence of the therapist: when it was told, and when it began."""
        self._write(
            "leave_announced", leave.announced, by="provider", notice_days=leave.notice_days
        )
        self._write("leave_started", leave.starts + 8 * HOUR, by="provider")

    def breach(self, before: Microseconds) -> Microseconds:
        """Break the frame badly, one to four days before the session at ``before``.

        Returns the moment of the first break. A provider's late cancellation is the diary's to
        write; these are the breaks that have no appointment.
        """
        rng = self._rng
        time = before - int(rng.uniform(1, 4) * DAY)
        match rng.randrange(4):
            case 0:
                self._write("privacy_incident", time, by="provider")
            case 1:
                self._write("fee_changed", time, by="provider", notice_days=rng.randint(2, 10))
                self._write("billing_error", time + 3 * HOUR, by="provider")
            case 2:
                self._write("leave_announced", time, by="provider", notice_days=rng.randint(2, 8))
            case _:
                self._write("room_changed", time, by="provider", agreed=False)
                self._write("fee_changed", time + HOUR, by="provider", notice_days=10)
        return time
