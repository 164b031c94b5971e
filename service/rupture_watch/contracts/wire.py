"""The kinds of values on the wire, and what all models of the wire have in common.

A model is a ``TypedDict``: what it describes *is* the JSON object, the cheapest thing to validate
into and the natural thing to write. JSON types are never converted into one another: numbers and
booleans are strict. Strings need not be, for JSON has nothing else that pydantic takes for one,
and in Kafka's binary mode the attributes come as UTF-8 bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints
from pydantic_core import core_schema

from rupture_watch.alliance.facts import DAY, SECOND, Microseconds
from rupture_watch.alliance.standing import instant

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

INT32: Final = 2**31 - 1
# Longer than any closed set of tags.
LIST_LIMIT: Final = 32

# RFC 3339 with an offset, between 1970 and 2199: a year outside would be a broken clock, and one
# event of it would drag a replay's stream time along.
TIME_PATTERN: Final = (
    r"^(19[7-9][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Pseudonym: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""An identifier made by the sender."""
Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
"""The name of a thing, not of a person: visible ASCII without spaces."""
Visible: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
"""The id or the type of an event: visible ASCII without spaces."""
Source: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,256}$")]
"""Where an event comes from: a URI reference."""
AlertId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""The first 32 hex digits of a digest."""
Timestamp: TypeAlias = Annotated[
    str,
    StringConstraints(pattern=TIME_PATTERN),
    Field(json_schema_extra={"format": "date-time"}),
]
"""RFC 3339 with an offset; that the calendar has the day is seen by ``microseconds``."""
Number: TypeAlias = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite JSON number."""


class _Whole:
    """Annotation of an integer: 4 and 4.0 are the same one, for JSON Schema as for us."""

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        number = core_schema.float_schema(
            strict=True, allow_inf_nan=False, multiple_of=1, ge=self._low, le=self._high
        )
        return core_schema.no_info_after_validator_function(int, number)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "integer", "minimum": self._low, "maximum": self._high}


Whole: TypeAlias = Annotated[int, _Whole(-INT32 - 1, INT32)]
"""An integer of 32 bits, signed."""
Natural: TypeAlias = Annotated[int, _Whole(0, INT32)]
"""An integer from 0, of 31 bits."""
Ordinal: TypeAlias = Annotated[int, _Whole(1, INT32)]
"""An integer from 1, of 31 bits."""
Severity: TypeAlias = Annotated[int, _Whole(1, 4)]
"""1 note, 2 watch, 3 discuss before the next session, 4 same-day attention."""
Progress: TypeAlias = Annotated[int, _Whole(-2, 2)]
"""Progress towards the goals, from much worse to much better."""

FactStatus: TypeAlias = Literal["final", "amended", "entered-in-error"]
Person: TypeAlias = Literal["client", "provider", "system", "unknown"]

ENTERED_IN_ERROR: Final = "entered-in-error"


def wire(**schema: Any) -> ConfigDict:
    """Return the configuration of a model: unknown fields are ignored, errors show no value.

    ``schema`` is what its JSON Schema says beyond the fields.
    """
    return ConfigDict(extra="ignore", hide_input_in_errors=True, json_schema_extra=schema)


def microseconds(text: str) -> Microseconds:
    """Return the moment of a text that matches ``TIME_PATTERN``; digits below 1 us are cut off.

    Raises:
        ValueError: the calendar has no such day.

    """
    since = datetime.fromisoformat(text.upper()) - _EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds


def timestamp(moment: Microseconds) -> str:
    """Return a moment as RFC 3339 in UTC: whole seconds, or six digits where there are more."""
    return instant(moment)
