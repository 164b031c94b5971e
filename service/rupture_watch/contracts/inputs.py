"""Every event type that is read: the model of its data and how a fact is made of it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from rupture_watch.alliance.facts import DAY, Fact, Microseconds
from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts.attendance import AttendanceChanged, appointment_of
from rupture_watch.contracts.closure import CaseClosed, closure_of
from rupture_watch.contracts.envelope import Envelope
from rupture_watch.contracts.frame import FrameChanged, frame_fact_of
from rupture_watch.contracts.notes import SessionNoted, note_of
from rupture_watch.contracts.ratings import SessionRated, form_of
from rupture_watch.contracts.reviews import AlertReviewed, review_of
from rupture_watch.contracts.topics import EventType

RATING_LATENESS: Final[Microseconds] = 14 * DAY
LATENESS: Final[Microseconds] = 35 * DAY


class Input(NamedTuple):
    """One type of input: its model, its fact, and how late it may be recorded.

    ``fact`` takes the validated data, the envelope and the registry.
    """

    model: Any
    fact: Callable[[Any, Envelope, Registry], Fact]
    lateness: Microseconds = LATENESS


def _alone(fact: Callable[[Any, Envelope], Fact]) -> Callable[[Any, Envelope, Registry], Fact]:
    """Return a maker of facts that needs no registry as one that is handed it."""
    return lambda data, envelope, _registry: fact(data, envelope)


INPUTS: Final[Mapping[str, Input]] = MappingProxyType(
    {
        EventType.SESSION_RATED.value: Input(SessionRated, form_of, RATING_LATENESS),
        EventType.ATTENDANCE_CHANGED.value: Input(AttendanceChanged, _alone(appointment_of)),
        EventType.FRAME_CHANGED.value: Input(FrameChanged, _alone(frame_fact_of)),
        EventType.SESSION_NOTED.value: Input(SessionNoted, _alone(note_of)),
        EventType.CASE_CLOSED.value: Input(CaseClosed, _alone(closure_of)),
        EventType.ALERT_REVIEWED.value: Input(AlertReviewed, _alone(review_of)),
    }
)
