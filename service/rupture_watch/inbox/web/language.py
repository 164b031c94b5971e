"""The languages of the page, and how it says dates, numbers and ages in each."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from markupsafe import Markup

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

LOCALES: Final = Path(__file__).parent.parent / "locales"
ENGLISH: Final = "en"
LANGUAGES: Final = {"en": "English", "de": "Deutsch"}
_DAYS: Final = {"en": ("d MMM", "d MMM y"), "de": ("d. MMM", "d. MMM y")}
"""Days of this year, and of others, as the service writes them everywhere."""


def catalogue(language: str) -> Catalog:
    """Return the messages of a language as they stand in its file."""
    path = LOCALES / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


@lru_cache(maxsize=8)
def translations(language: str) -> NullTranslations:
    """Return the translations into a language; English is written in the source."""
    if language == ENGLISH:
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


def chosen(own: str | None, header: str, otherwise: str) -> str:
    """Return the language of a reader: chosen, else what the browser asks for, else ours."""
    if own in LANGUAGES:
        return own
    asked = [part.split(";")[0].strip() for part in header.split(",")]
    found = Locale.negotiate([one for one in asked if one], list(LANGUAGES), sep="-")
    return otherwise if found is None else found.language


class Formats:
    """How one reader is told of moments and numbers.

    Args:
        language: of the page.
        zone: name of the reader's time zone.
    """

    def __init__(self, language: str, zone: str) -> None:
        self.locale = language
        self.zone = ZoneInfo(zone)
        self._days = _DAYS[language]

    def date(self, moment: int) -> Markup:
        """Return a day of microseconds since the epoch; the exact time is its title."""
        at = self._at(moment)
        return self._element(at, self._day(at))

    def clock(self, moment: int) -> Markup:
        """Return day and time."""
        at = self._at(moment)
        return self._element(at, f"{self._day(at)}, {self._hour(at)}")

    def time(self, moment: int) -> Markup:
        """Return the time of the day, with the day where it is not today's."""
        at = self._at(moment)
        today = at.date() == datetime.now(self.zone).date()
        hour = self._hour(at)
        return self._element(at, hour if today else f"{self._day(at)}, {hour}")

    def age(self, moment: int) -> Markup:
        """Return how long ago that was, roughly."""
        at = self._at(moment)
        passed = at - datetime.now(self.zone)
        words = format_timedelta(passed, add_direction=False, threshold=1.2, locale=self.locale)
        return self._element(at, words)

    def number(self, value: float) -> str:
        """Return a number with at most one decimal."""
        return str(format_decimal(value, format="#,##0.#", locale=self.locale))

    def _day(self, at: datetime) -> str:
        this_year, other = self._days
        pattern = this_year if at.year == datetime.now(self.zone).year else other
        return str(format_date(at, pattern, locale=self.locale))

    def _hour(self, at: datetime) -> str:
        return str(format_time(at, "HH:mm", locale=self.locale))

    def _at(self, moment: int) -> datetime:
        return datetime.fromtimestamp(moment / 1_000_000, UTC).astimezone(self.zone)

    def _element(self, at: datetime, words: str) -> Markup:
        exact = format_datetime(at, "EEEE, d MMMM y, HH:mm:ss zzzz", locale=self.locale)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            at.isoformat(timespec="seconds"), exact, words
        )
