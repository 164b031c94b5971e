"""Why an event was refused: the closed set, with what the sender can do about it."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The closed set of reasons for which a record goes to the dead letters."""

    NOT_CLOUDEVENT = "not_cloudevent"
    """A required CloudEvents attribute is missing or broken, or the event format is not JSON."""
    BAD_JSON = "bad_json"
    """The value is not one JSON text in UTF-8, or nests too deeply."""
    TOO_LARGE = "too_large"
    """The value is longer than any event of the contract can be."""
    UNKNOWN_TYPE = "unknown_type"
    """The type is not of this contract, or does not belong on this topic."""
    UNKNOWN_VERSION = "unknown_version"
    """The type is known, its version is not."""
    INVALID = "invalid"
    """A field is missing, of the wrong kind or outside its closed set."""
    KEY_MISMATCH = "key_mismatch"
    """The record's key is not the event's subject."""
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    """The form's instrument is not registered."""
    OUT_OF_RANGE = "out_of_range"
    """A score, item or total lies outside its instrument's range."""
    FROM_THE_FUTURE = "from_the_future"
    """It happened after it was recorded, or was recorded after the broker received it."""
    TOO_LATE = "too_late"
    """It was recorded too long after it happened, and is not marked as backfill."""
    RULE_ERROR = "rule_error"
    """A rule failed on it: a defect of the service, worth a redrive after the repair."""
    STATE_TOO_LARGE = "state_too_large"
    """The case's state would grow over its limit."""


class Stage(StrEnum):
    """Where a record was refused; stages are passed in this order, the last after reading."""

    DECODE = "decode"
    ENVELOPE = "envelope"
    DATA = "data"
    REGISTRY = "registry"
    CLOCK = "clock"
    RULES = "rules"


class Rejected(Exception):
    """An event was refused; the pipeline makes a dead letter of it, ``validate`` a line.

    ``message`` holds field paths and error kinds, never a value of the event. ``kind`` is the
    name of the error's class.
    """

    def __init__(self, reason: Reason, stage: Stage, kind: str, message: str) -> None:
        """Keep the verdict; ``str()`` of it is ``message``."""
        super().__init__(message)
        self.reason = reason
        self.stage = stage
        self.kind = kind
        self.message = message
