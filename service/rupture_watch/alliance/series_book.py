"""All rated series of one case, shared with its forks until one of them changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.alliance.series import Series, SeriesKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rupture_watch.alliance.facts import Form, Microseconds
    from rupture_watch.alliance.instruments import Registry
    from rupture_watch.alliance.series import Point


class SeriesBook:
    """Series by instrument, respondent and code; read it like a mapping."""

    __slots__ = ("_clip", "_own", "_registry", "_series")

    def __init__(self, registry: Registry, clip: float) -> None:
        """Start without any series; scales come from ``registry``, ``clip`` is the EWMA's."""
        self._registry = registry
        self._clip = clip
        self._series: dict[SeriesKey, Series] = {}
        self._own: set[SeriesKey] = set()

    def fork(self) -> SeriesBook:
        """Return an equal book; a series is copied only when one of the two changes it."""
        other = SeriesBook(self._registry, self._clip)
        other._series = self._series.copy()
        self._own = set()
        return other

    def __getitem__(self, key: SeriesKey) -> Series:
        """Return a series to read."""
        return self._series[key]

    def __contains__(self, key: object) -> bool:
        """Tell whether there is such a series."""
        return key in self._series

    def __iter__(self) -> Iterator[SeriesKey]:
        """Iterate over the keys."""
        return iter(self._series)

    def get(self, key: SeriesKey) -> Series | None:
        """Return a series to read, or None."""
        return self._series.get(key)

    def items(self) -> Iterator[tuple[SeriesKey, Series]]:
        """Iterate over keys and series."""
        return iter(self._series.items())

    def values(self) -> Iterator[Series]:
        """Iterate over the series."""
        return iter(self._series.values())

    def take_up(self, form: Form, version: str, values: Mapping[str, float]) -> bool:
        """Have a series of this version for each value; tell whether its total starts anew."""
        anew = False
        for code in values:
            key = (form.instrument, form.respondent, code)
            series = self._changing(key)
            if series is None:
                scale = self._registry.scale(form.instrument, code)
                if scale is None:
                    raise LookupError("a scored value has no scale")
                self._series[key] = Series(key, scale, version, self._clip)
                self._own.add(key)
            elif series.version != version:
                series.version = version
                series.restart()
                anew = anew or code == "total"
        return anew

    def judge(
        self,
        form: Form,
        time: Microseconds,
        session: int,
        values: Mapping[str, float],
        least: int,
    ) -> dict[str, Point]:
        """Judge each value of a form against its series."""
        name, instrument, respondent = form.name, form.instrument, form.respondent
        series = self._series
        return {
            code: series[(instrument, respondent, code)].judge(name, time, session, value, least)
            for code, value in values.items()
        }

    def enter(self, form: Form, points: Mapping[str, Point], *, winsorise: bool) -> None:
        """Let the values of a judged form teach their baselines."""
        for code, point in points.items():
            series = self._series[(form.instrument, form.respondent, code)]
            series.baseline.enter(point.value, winsorise=winsorise)

    def restart(self, *beginning: str) -> None:
        """Start new baselines for all series whose keys begin like this."""
        for key in list(self._series):
            if key[: len(beginning)] == beginning and (series := self._changing(key)):
                series.restart()

    def end_episode(self) -> None:
        """Let no fall echo in what comes after the alert's end."""
        for key in list(self._series):
            if series := self._changing(key):
                series.baseline.episode_ended()

    def _changing(self, key: SeriesKey) -> Series | None:
        """Return a series that may be changed: one shared with a fork is copied first."""
        series = self._series.get(key)
        if series is not None and key not in self._own:
            series = self._series[key] = series.fork()
            self._own.add(key)
        return series
