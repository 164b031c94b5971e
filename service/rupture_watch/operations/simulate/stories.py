"""Scripted cases: one story each, for demonstrations and examples.

A story is told in weeks from its start; numbers on the left of each script are weeks. Sessions
are on the same weekday and hour every week, ratings are SRS lines in the order relationship,
goals, approach, overall.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rupture_watch.alliance.facts import DAY, HOUR, MINUTE, Microseconds
from rupture_watch.operations.simulate.diary import WEEK
from rupture_watch.operations.simulate.dice import dice
from rupture_watch.operations.simulate.framing import SCOPE, SESSION
from rupture_watch.operations.simulate.sittings import LENGTH
from rupture_watch.operations.simulate.wire import (
    ATTENDANCE,
    CALENDAR,
    FEEDBACK_APP,
    FRAME,
    PAPER_DESK,
    RATED,
    RECORD,
    Arrival,
    Courier,
    timestamp,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINES: Final = ("relationship", "goals", "approach", "overall")

USUAL: Final = (
    (9.2, 9.0, 9.1, 9.0),
    (9.0, 9.2, 9.0, 9.1),
    (9.3, 9.1, 9.2, 9.0),
    (9.1, 9.0, 9.1, 9.2),
    (9.2, 9.1, 9.0, 9.1),
)
"""Five unremarkable sessions."""

MAXIMUM: Final = (10.0, 10.0, 10.0, 10.0)


class Script:
    """Writes one scripted case, week by week from ``start`` (the first session)."""

    def __init__(self, case: str, start: Microseconds) -> None:
        """Begin a case."""
        self._case = case
        self._start = start
        self._courier = Courier(case, dice(case), punctual=True)
        self._sessions = 0

    @property
    def arrivals(self) -> list[Arrival]:
        """Everything written so far, in order of arrival."""
        return sorted(self._courier.arrivals)

    def at(self, week: int) -> Microseconds:
        """Return the start of the appointment of a week."""
        return self._start + week * WEEK

    def session(
        self, week: int, lines: tuple[float, ...] | None, *, therapist: tuple[float, ...] = (),
        provider_late: int = 0,
    ) -> None:  # fmt: skip
        """Hold a session; ``lines`` None leaves the client's form out."""
        self._sessions += 1
        start = self.at(week)
        session = f"{self._case}-s{self._sessions:02d}"
        data = self._appointment(week, "attended") | {"session_id": session}
        if provider_late:
            data["provider_late_minutes"] = provider_late
        self._courier.write(ATTENDANCE, CALENDAR, start, start + LENGTH, data)
        for kind, due in SESSION.items():
            if due == self._sessions:
                scope = {"scope": SCOPE} if kind == "consent_given" else {}
                self.frame(start + 10 * MINUTE, kind, **scope)
        if lines is not None:
            self.form(session, start + LENGTH, lines)
        if therapist:
            self.form(session, start + 2 * HOUR, therapist, respondent="therapist")

    def form(
        self, session: str, time: Microseconds, lines: tuple[float, ...], *,
        respondent: str = "client", source: str = FEEDBACK_APP, recorded: Microseconds = 0,
        status: str = "final",
    ) -> None:  # fmt: skip
        """Fill one SRS form."""
        data: dict[str, Any] = {
            "session_id": session,
            "instrument": "SRS",
            "respondent": respondent,
            "scores": dict(zip(LINES, lines, strict=True)),
            "mode": "paper" if source == PAPER_DESK else "app",
            "status": status,
        }
        self._courier.write(RATED, source, time, recorded or time + MINUTE, data)

    def no_show(self, week: int, *, outreach: bool = True) -> None:
        """Let the client stay away, and somebody call the next day."""
        start = self.at(week)
        data = self._appointment(week, "no_show") | {"initiator": "client"}
        self._courier.write(ATTENDANCE, CALENDAR, start, start + LENGTH, data)
        if outreach:
            self.frame(start + DAY, "outreach_made", by="provider")

    def provider_cancels(self, week: int, notice_hours: float) -> None:
        """Let the provider call an appointment off."""
        at = self.at(week) - int(notice_hours * HOUR)
        data = self._appointment(week, "cancelled")
        data |= {"initiator": "provider", "notice_hours": notice_hours}
        self._courier.write(ATTENDANCE, CALENDAR, at, at + 5 * MINUTE, data)

    def frame(self, time: Microseconds, kind: str, **data: Any) -> None:
        """Write an event of the frame, recorded an hour later."""
        self._courier.write(FRAME, RECORD, time, time + HOUR, {"kind": kind, **data})

    def last_session(self) -> str:
        """Return the id of the session held last."""
        return f"{self._case}-s{self._sessions:02d}"

    def _appointment(self, week: int, status: str) -> dict[str, Any]:
        return {
            "appointment_id": f"{self._case}-a{week:02d}",
            "scheduled_start": timestamp(self.at(week)),
            "status": status,
        }


def _falling_bond(script: Script) -> None:
    """The relationship line falls three times in a row; a talk in week 8 brings it back."""
    for week, lines in enumerate(USUAL):
        script.session(week, lines)
    script.session(5, (8.1, 8.8, 8.9, 8.7))
    script.session(6, (7.0, 8.5, 8.6, 8.2))
    script.session(7, (5.9, 8.2, 8.3, 7.8))
    script.session(8, (7.9, 8.8, 8.9, 8.7))
    script.session(9, (8.8, 9.0, 9.1, 9.0))
    for week, lines in enumerate(USUAL, start=10):
        script.session(week, lines)


def _sudden_compliance(script: Script) -> None:
    """Two low sessions and a missed one, then the maximum on every line from one day on."""
    for week, lines in enumerate(USUAL):
        script.session(week, lines, therapist=(8.5, 8.4, 8.5, 8.6))
    script.session(5, (7.6, 7.2, 7.0, 7.3), therapist=(8.4, 8.3, 8.4, 8.5))
    script.no_show(6)
    script.session(7, (7.2, 6.9, 6.8, 7.0), therapist=(8.3, 8.2, 8.3, 8.2))
    for week in range(8, 12):
        script.session(week, MAXIMUM, therapist=(8.0, 7.9, 8.0, 7.9))


def _frame_violation(script: Script) -> None:
    """The clinic cancels at short notice, begins late and cancels again; the bond suffers."""
    for week, lines in enumerate(USUAL):
        script.session(week, lines)
    script.provider_cancels(5, 3.0)
    script.session(6, (8.7, 9.0, 9.0, 8.9), provider_late=15)
    script.provider_cancels(7, 5.0)
    script.session(8, (7.1, 8.6, 8.7, 8.1))
    script.session(9, (8.6, 9.0, 9.0, 8.9))
    for week, lines in enumerate(USUAL, start=10):
        script.session(week, lines)


def _late_correction(script: Script) -> None:
    """A paper form is typed in wrongly, and corrected four days later."""
    for week, lines in enumerate(USUAL):
        script.session(week, lines)
    script.session(5, None)
    typed = script.at(5) + DAY
    time = script.at(5) + LENGTH
    session = script.last_session()
    script.form(session, time, (2.9, 1.9, 9.0, 1.0), source=PAPER_DESK, recorded=typed)
    script.form(
        session,
        time,
        (9.2, 9.1, 9.0, 9.1),
        source=PAPER_DESK,
        recorded=typed + 4 * DAY,
        status="amended",
    )
    for week, lines in enumerate(USUAL, start=6):
        script.session(week, lines)


def _nobody_called(script: Script) -> None:
    """The client stays away and nobody gets in touch for five days."""
    for week, lines in enumerate(USUAL):
        script.session(week, lines)
    script.no_show(5, outreach=False)
    script.frame(script.at(5) + 5 * DAY, "outreach_made", by="provider")
    for week, lines in enumerate(USUAL, start=6):
        script.session(week, lines)


class Story(NamedTuple):
    """One scripted case: who tells it, and how many weeks it takes."""

    tell: Callable[[Script], None]
    weeks: int


STORIES: Final[Mapping[str, Story]] = {
    "falling-bond": Story(_falling_bond, 15),
    "sudden-compliance": Story(_sudden_compliance, 12),
    "frame-violation": Story(_frame_violation, 15),
    "late-correction": Story(_late_correction, 11),
    "nobody-called": Story(_nobody_called, 11),
}


def tell(name: str, case: str, start: Microseconds) -> list[Arrival]:
    """Return the events of one story in order of arrival.

    Raises:
        KeyError: there is no story of this name.

    """
    script = Script(case, start)
    STORIES[name].tell(script)
    return script.arrivals
