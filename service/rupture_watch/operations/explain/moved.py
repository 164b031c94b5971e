"""A form with better or worse answers: all of them together, by the instrument's own step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.scoring import score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.facts import Form
    from rupture_watch.alliance.instruments import Instrument, Registry

LINE_STEP = 0.1
"""A line of 10 cm is measured to the millimetre (SRS and ORS manuals)."""

POINT_STEP = 1.0
_DIGITS = 6
_SLACK = 1e-9


class _Part(NamedTuple):
    """One answer that can move: its value, its range, and which way is better."""

    code: str
    value: float
    low: float
    high: float
    sign: int = 1

    def moved(self, steps: int, step: float) -> float:
        return round(self.value + self.sign * steps * step, _DIGITS)

    def room(self, way: int, step: float) -> int:
        """Return how many steps there are to the end of the range, for better (1) or worse."""
        upwards = way * self.sign > 0
        distance = self.high - self.value if upwards else self.value - self.low
        return max(0, int((distance + _SLACK) / step))


class Movable:
    """One form whose answers can be moved, as evenly as they can be, without leaving their range.

    What moves are the instrument's own items where all are there and make up its scores, else the
    stated subscales, else the total; extra single items stay.
    """

    def __init__(self, form: Form, registry: Registry) -> None:
        """Find what can move."""
        self.form = form
        self._registry = registry
        instrument = registry.get(form.instrument)
        self.step = LINE_STEP if instrument.by_line else POINT_STEP
        self._items = _items(form, instrument)
        self._scores = () if self._items else _scores(form, instrument)
        total = instrument.total
        self._total = (
            ()
            if self._items or self._scores or form.total is None
            else (_Part("total", form.total, total.low, total.high, total.sign),)
        )
        self._parts = self._items or self._scores or self._total
        self._rooms = {way: [part.room(way, self.step) for part in self._parts] for way in (-1, 1)}

    def by(self, steps: int) -> Form | None:
        """Return the form ``steps`` better (negative: worse), None where its range ends."""
        way = 1 if steps > 0 else -1
        counts = _spread(self._rooms[way], abs(steps))
        if counts is None:
            return None
        values = {
            part.code: part.moved(way * count, self.step)
            for part, count in zip(self._parts, counts, strict=True)
        }
        form = self.form
        if self._items:
            items = tuple((code, values.get(code, value)) for code, value in form.items)
            return form._replace(items=items, scores=(), total=None)
        if self._scores:
            scores = tuple((code, values.get(code, value)) for code, value in form.scores)
            return form._replace(scores=scores, total=self._stated_total(steps))
        return form._replace(total=values["total"])

    def values(self, form: Form) -> dict[str, float]:
        """Return what a form says, by series."""
        return score(form, self._registry).values

    def _stated_total(self, steps: int) -> float | None:
        """Move a stated total along, where parts do not make it up."""
        form = self.form
        if form.total is None:
            return None
        scale = self._registry.get(form.instrument).total
        return round(min(scale.high, max(scale.low, form.total + steps * self.step)), _DIGITS)


def _items(form: Form, instrument: Instrument) -> tuple[_Part, ...]:
    items = instrument.items
    if items is None or not instrument.keyed:
        return ()
    stated = dict(form.items)
    codes = [str(number) for number in range(1, items.count + 1)]
    if not all(code in stated for code in codes):
        return ()
    return tuple(
        _Part(
            code,
            stated[code],
            items.low,
            items.high,
            -1 if int(code) in instrument.reversed_items else 1,
        )
        for code in codes
    )


def _scores(form: Form, instrument: Instrument) -> tuple[_Part, ...]:
    ranges = {part.code: (part.low, part.high) for part in instrument.subscales}
    return tuple(_Part(code, value, *ranges[code]) for code, value in form.scores if code in ranges)


def _spread(rooms: Sequence[int], steps: int) -> list[int] | None:
    """Deal steps out to the parts in turn, leaving out those that have no room left."""
    if sum(rooms) < steps:
        return None
    counts = [0] * len(rooms)
    left = steps
    while left:
        free = [place for place, room in enumerate(rooms) if counts[place] < room]
        each = left // len(free)
        for place in free if each else free[:left]:
            dealt = min(each, rooms[place] - counts[place]) if each else 1
            counts[place] += dealt
            left -= dealt
    return counts
