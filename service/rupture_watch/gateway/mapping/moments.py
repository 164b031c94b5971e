"""Moments as FHIR and HL7 v2 write them, in microseconds since the epoch, UTC."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

from rupture_watch.alliance.facts import DAY, SECOND, Microseconds

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# What the contract takes: a year outside would be a broken clock.
_EARLIEST: Final = 0
_LATEST: Final = (dt.datetime(2200, 1, 1, tzinfo=dt.UTC) - _EPOCH).days * DAY

_FHIR: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_HL7: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:\.\d{1,4})?([+-]\d{4})?", re.ASCII
)


def of_fhir(text: object) -> Microseconds | None:
    """Return the moment of a FHIR dateTime or instant; None for a mere date or anything else."""
    if not isinstance(text, str) or not (found := _FHIR.fullmatch(text)):
        return None
    clock, fraction, offset = found.groups()
    try:
        moment = dt.datetime.fromisoformat(clock + (fraction or "")[:7] + offset)
        return _within(_since(moment))
    except (ValueError, OverflowError):
        return None


def of_hl7(text: str, zone: dt.tzinfo) -> Microseconds | None:
    """Return the moment of an HL7 v2 DTM that tells at least the hour; ``zone`` where it has none.

    None for a day, or anything else.
    """
    found = _HL7.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        moment = dt.datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute or 0),
            int(second or 0),
            tzinfo=_offset(offset) or zone,
        )
        return _within(_since(moment))
    except (ValueError, OverflowError):
        return None


def offset_of_hl7(text: str) -> dt.tzinfo | None:
    """Return the offset that an HL7 v2 DTM carries, or None."""
    found = _HL7.fullmatch(text)
    try:
        return _offset(found.group(7)) if found else None
    except ValueError:
        return None


def local_day(moment: Microseconds, zone: ZoneInfo) -> str:
    """Return the calendar day of a moment in a time zone, as ISO 8601 writes it."""
    return (_EPOCH + dt.timedelta(microseconds=moment)).astimezone(zone).date().isoformat()


def _offset(text: str | None) -> dt.tzinfo | None:
    if text is None:
        return None
    sign = -1 if text[0] == "-" else 1
    return dt.timezone(sign * dt.timedelta(hours=int(text[1:3]), minutes=int(text[3:])))


def _since(moment: dt.datetime) -> Microseconds:
    since = moment - _EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds


def _within(moment: Microseconds) -> Microseconds | None:
    return moment if _EARLIEST <= moment < _LATEST else None
