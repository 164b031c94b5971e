"""Cohorts of simulated clients, and what the simple detectors look at: totals by session."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rupture_watch.operations.simulate import Clinic, Label
from rupture_watch.operations.simulate.wire import ATTENDANCE, FRAME, NOTED, RATED, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rupture_watch.operations.simulate.wire import Event

SESSIONS: Final = 16
WEEKS: Final = 52
LATE: Final = 24
"""Hours of notice below which a cancellation is late."""

FEE_NOTICE: Final = 30
LEAVE_NOTICE: Final = 14
ALLIANCE: Final = ("SRS", "GSRS", "WAI-SR")


@dataclass(slots=True)
class Sighting:
    """What can be seen of one session, and of the appointments missed just before it."""

    client: float | None = None
    therapist: float | None = None
    no_shows: int = 0
    late_cancels: int = 0
    breach: bool = False
    note: dict[str, Any] | None = None


@dataclass(slots=True)
class Course:
    """One client: the truth, and what was seen, session by session."""

    label: Label
    cohort: str
    number: int
    sightings: list[Sighting] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """Which clients to simulate: ``nulls`` to whom nothing happens, ``episodes`` to whom it does.

    ``spread`` multiplies every within-person SD.
    """

    nulls: int
    episodes: int
    family: str
    seed: int
    spread: float = 1.0

    def clinics(self) -> dict[str, Clinic]:
        """Return the two clinics: sixteen sessions each, everything delivered in order."""
        return {
            name: Clinic(
                cases=cases,
                weeks=WEEKS,
                seed=self.seed + place,
                family=self.family,
                episode_share=share,
                bad_share=0.0,
                spread=self.spread,
                sessions=(SESSIONS, SESSIONS),
                tidy=True,
                at_once=True,
            )
            for place, (name, cases, share) in enumerate(
                (("null", self.nulls, 0.0), ("episode", self.episodes, 1.0))
            )
        }


def gather(
    plan: Plan, courses: dict[str, Course], progress: Callable[[int], object] | None = None
) -> Iterator[Event]:
    """Yield the events of both cohorts and fill ``courses`` by case on the way.

    The cohorts come one after the other; no case is in both.
    """
    count = 0
    for cohort, clinic in plan.clinics().items():
        watch = _Watch(courses, cohort)
        for arrival in clinic.arrivals(watch.label):
            watch.see(arrival.event)
            count += 1
            if progress is not None:
                progress(count)
            yield arrival.event


class _Watch:
    """Notes what the events of one cohort show."""

    def __init__(self, courses: dict[str, Course], cohort: str) -> None:
        self._courses = courses
        self._cohort = cohort
        self._places: dict[str, tuple[Course, int]] = {}

    def label(self, label: Label) -> None:
        number = int(label.case[1:].partition("-")[0])
        course = Course(label, self._cohort, number, [Sighting() for _ in label.sessions])
        self._courses[label.case] = course
        for place, held in enumerate(label.sessions):
            self._places[held.session_id] = course, place

    def see(self, event: Event) -> None:
        data = event["data"]
        if event["type"] == ATTENDANCE:
            self._miss(self._courses[event["subject"]], data)
            return
        if event["type"] == FRAME:
            if _breaks(data):
                self._mark_breach(self._courses[event["subject"]], event["time"])
            return
        course, place = self._places.get(data.get("session_id", ""), (None, 0))
        if course is None:
            return
        if event["type"] == RATED and data["instrument"] in ALLIANCE:
            if data["respondent"] == "client":
                course.sightings[place].client = total(data)
            else:
                course.sightings[place].therapist = total(data)
        elif event["type"] == NOTED:
            course.sightings[place].note = data

    def _miss(self, course: Course, data: dict[str, Any]) -> None:
        late = data["status"] == "cancelled" and data.get("notice_hours", LATE) < LATE
        sighting = self._coming(course, data["scheduled_start"])
        if sighting is None:
            return
        if data.get("initiator") == "provider":
            sighting.breach |= late and "reason_code" not in data
        elif data["status"] == "no_show":
            sighting.no_shows += 1
        elif late:
            sighting.late_cancels += 1

    def _mark_breach(self, course: Course, time: str) -> None:
        sighting = self._coming(course, time)
        if sighting is not None:
            sighting.breach = True

    @staticmethod
    def _coming(course: Course, time: str) -> Sighting | None:
        """Return the first session after a moment."""
        held = course.label.sessions
        places = (k for k, one in enumerate(held) if timestamp(one.start) > time)
        place = next(places, None)
        return None if place is None else course.sightings[place]


def _breaks(data: dict[str, Any]) -> bool:
    """Tell whether a frame event is a break by the clinic."""
    match data["kind"]:
        case "privacy_incident":
            return True
        case "fee_changed":
            return bool(data.get("notice_days", FEE_NOTICE) < FEE_NOTICE)
        case "leave_announced":
            return bool(data.get("notice_days", LEAVE_NOTICE) < LEAVE_NOTICE)
        case "room_changed":
            return data.get("agreed") is False
        case _:
            return False


def total(data: dict[str, Any]) -> float:
    """Return the total of an alliance form, from whatever it states."""
    if "scores" in data:
        return float(round(sum(data["scores"].values()), 1))
    items = [value for code, value in data.get("items", {}).items() if code.isdigit()]
    return float(round(sum(items), 1) if items else data["total"])


def line(event: Event) -> bytes:
    """Return an event as a line of a file."""
    return json.dumps(event, separators=(",", ":")).encode()
