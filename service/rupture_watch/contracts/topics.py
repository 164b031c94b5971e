"""The topics of the contract and the event types that each carries."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

DEFAULT_PREFIX: Final = "alliance."


class Channel(StrEnum):
    """A topic's name without the installation's prefix."""

    RATINGS = "ratings.v1"
    ATTENDANCE = "attendance.v1"
    FRAME = "frame.v1"
    REVIEWS = "reviews.v1"
    TICKS = "ticks.v1"
    ALERTS = "alerts.v1"
    CASES = "cases.v1"
    SAFETY = "safety.v1"
    RULESETS = "rulesets.v1"
    DEAD_LETTERS = "dead-letters.v1"


class EventType(StrEnum):
    """CloudEvents types; a breaking change is a new member with the next version."""

    SESSION_RATED = "org.rupturewatch.session.rated.v1"
    ATTENDANCE_CHANGED = "org.rupturewatch.attendance.changed.v1"
    FRAME_CHANGED = "org.rupturewatch.frame.changed.v1"
    SESSION_NOTED = "org.rupturewatch.session.noted.v1"
    CASE_CLOSED = "org.rupturewatch.case.closed.v1"
    ALERT_REVIEWED = "org.rupturewatch.alert.reviewed.v1"
    ALERT_RAISED = "org.rupturewatch.alert.raised.v1"
    ALERT_AMENDED = "org.rupturewatch.alert.amended.v1"
    ALERT_RETRACTED = "org.rupturewatch.alert.retracted.v1"
    ALERT_REPAIRED = "org.rupturewatch.alert.repaired.v1"
    ALERT_CLOSED = "org.rupturewatch.alert.closed.v1"
    CASE_STANDING = "org.rupturewatch.case.standing.v1"
    SAFETY_ITEM = "org.rupturewatch.safety.item.v1"
    RULESET_USED = "org.rupturewatch.ruleset.used.v1"


# Plain strings, not members: sets of these are asked for every event.
INPUT_TYPES: Final[Mapping[Channel, frozenset[str]]] = MappingProxyType(
    {
        Channel.RATINGS: frozenset({EventType.SESSION_RATED.value}),
        Channel.ATTENDANCE: frozenset({EventType.ATTENDANCE_CHANGED.value}),
        Channel.FRAME: frozenset(
            {
                EventType.FRAME_CHANGED.value,
                EventType.SESSION_NOTED.value,
                EventType.CASE_CLOSED.value,
            }
        ),
        Channel.REVIEWS: frozenset({EventType.ALERT_REVIEWED.value}),
    }
)

OUTPUT_TYPES: Final[Mapping[Channel, frozenset[str]]] = MappingProxyType(
    {
        Channel.ALERTS: frozenset(
            {
                EventType.ALERT_RAISED.value,
                EventType.ALERT_AMENDED.value,
                EventType.ALERT_RETRACTED.value,
                EventType.ALERT_REPAIRED.value,
                EventType.ALERT_CLOSED.value,
            }
        ),
        Channel.CASES: frozenset({EventType.CASE_STANDING.value}),
        Channel.SAFETY: frozenset({EventType.SAFETY_ITEM.value}),
        Channel.RULESETS: frozenset({EventType.RULESET_USED.value}),
    }
)


def topic_name(prefix: str, channel: Channel) -> str:
    """Return the topic of a channel in an installation, e.g. ``alliance.ratings.v1``."""
    return f"{prefix}{channel.value}"


def channel_of_type(event_type: str) -> Channel | None:
    """Return the input channel that carries this type, or None."""
    return _CHANNEL_OF_TYPE.get(event_type)


_CHANNEL_OF_TYPE: Final[Mapping[str, Channel]] = MappingProxyType(
    {event_type: channel for channel, types in INPUT_TYPES.items() for event_type in types}
)
