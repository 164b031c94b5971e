"""What became of one thing that came in: mapped, nothing to tell, or refused with a reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

Event: TypeAlias = dict[str, Any]
"""A structured CloudEvent of the contract."""


class Why(StrEnum):
    """The closed set of reasons for which something does not become an event."""

    UNREADABLE = "unreadable"
    """Not JSON, XML, HL7 v2 or whatever it claims to be."""
    UNSUPPORTED = "unsupported"
    """A resource, trigger event, hook or bundle that is not read here."""
    MISSING = "missing"
    """A field without which nothing can be said."""
    INVALID = "invalid"
    """A field holds what its standard does not allow."""
    UNMAPPED = "unmapped"
    """The mapping does not know this code; add it there."""
    NO_SUBJECT = "no_subject"
    """Whose it is cannot be told: no patient, several, or one that leads nowhere."""
    NO_START = "no_start"
    """When it was to begin is said nowhere, or only to the day."""
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    """The form's instrument cannot be told, or is none of ours."""
    NO_VALUE = "no_value"
    """No score, item or total is left."""
    NOT_FETCHED = "not_fetched"
    """The sender names the resource only; it must be fetched."""
    NOT_AN_OUTCOME = "not_an_outcome"
    """Understood: nothing has come of the appointment yet."""
    NOT_COMPLETE = "not_complete"
    """Understood: the form is not finished."""
    CHANGES_NOTHING = "changes_nothing"
    """Understood: a change that does not touch attendance."""
    SINGLE_ITEM = "single_item"
    """Understood: one answer, which is no score."""
    SAME_FACT = "same_fact"
    """Understood: said better by another resource of the same bundle."""
    OTHER_SERVICE = "other_service"
    """Understood: not of the services that the mapping asks for."""
    OTHER_RESOURCE = "other_resource"
    """Understood: a resource that says nothing about sessions."""
    NO_NEWS = "no_news"
    """Understood: a handshake, a heartbeat, or a request for cards."""


class NotMapped(Exception):
    """No event comes of this; ``path`` names the field, never its value.

    ``refused`` tells a fault, which the sender hears of, from what is merely nothing to tell.
    """

    def __init__(self, reason: Why, path: str, *, refused: bool = True) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason
        self.path = path
        self.refused = refused


def nothing(reason: Why, path: str) -> NotMapped:
    """Return that a thing was understood and tells nothing."""
    return NotMapped(reason, path, refused=False)


class Verdict(NamedTuple):
    """What became of one thing; ``reason`` is of :class:`Why` or of the contract.

    ``outcome`` is ``mapped``, ``no_event`` or ``refused``; ``what`` names the kind of thing.
    """

    what: str
    outcome: str
    reason: str | None = None
    message: str | None = None


class Unmapped(NamedTuple):
    """A code that the mapping does not know: its table, itself, and where it goes instead."""

    table: str
    code: str
    goes_to: str


@dataclass(slots=True)
class Tally:
    """What was met on the way: unknown codes, fields left out, and what had to be assumed."""

    unmapped: Counter[Unmapped] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    assumed: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count in what another one met."""
        self.unmapped.update(other.unmapped)
        self.dropped.update(other.dropped)
        self.assumed.update(other.assumed)


class Happening(NamedTuple):
    """One event of a subscription: its number, and the resource that it is about."""

    number: int
    focus: str | None


class Notice(NamedTuple):
    """What a notification says about its subscription; ``latest`` is the newest number there is."""

    subscription: str
    kind: str
    happenings: tuple[Happening, ...]
    latest: int | None


@dataclass(slots=True)
class Mapped:
    """Everything that one file or body became."""

    events: list[Event] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    notice: Notice | None = None
    to_fetch: list[str] = field(default_factory=list)

    @property
    def refused(self) -> list[Verdict]:
        """The verdicts that the sender must hear of."""
        return [one for one in self.verdicts if one.outcome == "refused"]
