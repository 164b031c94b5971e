"""How a simulated fact becomes a structured CloudEvent with a time of arrival.

The envelope is that of the event contract; nothing here knows what a fact means. Every event has
three times: when it happened (``time``), when a sender wrote it down (``recordedtime``), and when
it reached the stream. The last orders the file and is not part of the event.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from rupture_watch.alliance.facts import DAY, HOUR, MINUTE, SECOND, Microseconds
from rupture_watch.contracts.topics import EventType
from rupture_watch.operations.simulate.dice import chance

if TYPE_CHECKING:
    from random import Random

Event: TypeAlias = dict[str, Any]

RATED: Final = EventType.SESSION_RATED.value
ATTENDANCE: Final = EventType.ATTENDANCE_CHANGED.value
FRAME: Final = EventType.FRAME_CHANGED.value
NOTED: Final = EventType.SESSION_NOTED.value
CLOSED: Final = EventType.CASE_CLOSED.value

FEEDBACK_APP: Final = "/feedback-app"
PAPER_DESK: Final = "/paper-desk"
CALENDAR: Final = "/calendar"
RECORD: Final = "/health-record"


class Arrival(NamedTuple):
    """One event on its way; sorts by arrival, then by the case and the order of writing."""

    at: Microseconds
    case: str
    place: int
    event: Event


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    """Return the proleptic Gregorian date of a day number since the epoch."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def timestamp(moment: Microseconds) -> str:
    """Return the RFC 3339 text of a moment in UTC, to the second."""
    day, rest = divmod(moment, DAY)
    hour, rest = divmod(rest, HOUR)
    minute, rest = divmod(rest, MINUTE)
    return f"{_date(day)}T{hour:02d}:{minute:02d}:{rest // SECOND:02d}Z"


class Courier:
    """Collects the events of one case and decides when each reaches the stream.

    ``transit`` is drawn from its own random stream: seconds as a rule, hours for one event in a
    hundred, so that files are out of order as real ones are.
    """

    LINGERING: Final = 0.01

    def __init__(self, case: str, disorder: Random, *, punctual: bool) -> None:
        """Carry for ``case``; ``punctual`` delivers everything as soon as it is recorded."""
        self.case = case
        self.arrivals: list[Arrival] = []
        self._disorder = disorder
        self._punctual = punctual
        self._written = 0

    def write(
        self,
        kind: str,
        source: str,
        time: Microseconds,
        recorded: Microseconds,
        data: dict[str, Any],
    ) -> Event:
        """Add one event and return it; ids count up in the order of writing."""
        self._written += 1
        event: Event = {
            "specversion": "1.0",
            "id": f"{self.case}-{self._written:04d}",
            "source": source,
            "type": kind,
            "subject": self.case,
            "time": timestamp(time),
            "recordedtime": timestamp(recorded),
            "data": data,
        }
        self.send(event, recorded)
        return event

    def send(self, event: Event, recorded: Microseconds) -> None:
        """Put an event on its way at ``recorded``."""
        self.arrivals.append(
            Arrival(recorded + self._transit(), self.case, len(self.arrivals), event)
        )

    def _transit(self) -> Microseconds:
        if self._punctual:
            return 0
        if chance(self._disorder, self.LINGERING):
            return int(self._disorder.expovariate(1 / (6 * HOUR)))
        return int(self._disorder.expovariate(1 / (3 * SECOND)))
