"""One form's values, made from whatever the sender gave: items, subscales or a total."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.instruments import TOTAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.facts import Form
    from rupture_watch.alliance.instruments import Instrument, Registry

# Half of the smallest step of any instrument (0.1 on the visual analogue lines).
_TOLERANCE = 0.05
# Sums of tenths, rid of the noise of binary fractions.
_DIGITS = 6


class Scores(NamedTuple):
    """What one form says, in the instrument's own units.

    ``values`` by series: ``total`` and roles. ``items``: the instrument's own item values that
    are there, reversed ones turned, in the order of the form (SRS, GSRS, ORS: its lines, however
    they were sent). ``singles``: extra single items by code. ``contradicted``: a stated score or
    total disagreed with its parts, and the parts won. ``at_ceiling``: the total, or where there
    is none every judged subscale, is at its ceiling. ``uniform_maximum``: all items (lines) are
    there, each at its best value. ``risk``: numbers of risk items above 0.
    """

    values: dict[str, float]
    items: tuple[float, ...]
    singles: dict[str, float]
    contradicted: bool
    at_ceiling: bool
    uniform_maximum: bool
    risk: tuple[int, ...]


class _Part(NamedTuple):
    """A subscale ready to be summed: positions of its items, and its series if it has one."""

    code: str
    positions: tuple[int, ...]
    series: str | None
    ceiling: float | None


class _Key:
    """An instrument's key, compiled once."""

    __slots__ = ("best", "ceiling", "count", "keyed", "lines", "parts", "risk", "slots", "sums")

    def __init__(self, instrument: Instrument) -> None:
        items = instrument.items
        self.count = items.count if items else 0
        # A reversed item is turned as low + high - value.
        pivot = items.low + items.high if items else 0.0
        self.slots = {
            str(number): (number - 1, pivot if number in instrument.reversed_items else None)
            for number in range(1, self.count + 1)
        }
        self.parts = tuple(
            _Part(
                part.code,
                tuple(number - 1 for number in part.items),
                part.role,
                part.scale.ceiling if part.scale else None,
            )
            for part in instrument.subscales
        )
        self.sums = instrument.sums_subscales
        self.keyed = instrument.keyed
        self.lines = instrument.by_line
        self.risk = tuple(sorted(instrument.risk_items))
        self.ceiling = instrument.total.ceiling
        # A line is at its best from its ceiling on, a Likert item at its last value only; where
        # high is bad or the outcome has no ceiling, "at its best" says nothing about compliance.
        ceilings = [part.ceiling for part in self.parts if part.ceiling is not None]
        likert = items.high if items and self.ceiling is not None else None
        self.best = min(ceilings, default=None) if self.lines else likert


@lru_cache(maxsize=256)
def _key_of(instrument: Instrument) -> _Key:
    return _Key(instrument)


def score(form: Form, registry: Registry) -> Scores:
    """Score a form: items win over stated subscales, complete parts over a stated total.

    A sum is made only when all its parts are there. The stated total counts where the parts are
    incomplete.

    Raises:
        UnknownInstrumentError: the form's instrument is not registered.

    """
    key = _key_of(registry.get(form.instrument))
    own, singles = _spread(form, key)
    complete = bool(own) and None not in own
    values: dict[str, float] = {}
    contradicted = False
    parts: list[float | None] = []
    if key.parts:
        stated = dict(form.scores)
        for part in key.parts:
            value = stated.get(part.code)
            summed = _sum(own, part.positions) if own else None
            if summed is not None:
                contradicted |= value is not None and abs(value - summed) > _TOLERANCE
                value = summed
            parts.append(value)
            if value is not None and part.series is not None:
                values[part.series] = value
    total = form.total
    made = None
    if key.sums and None not in parts:
        made = _total(parts)
    elif complete and key.keyed:
        made = _total(own)
    if made is not None:
        contradicted |= total is not None and abs(total - made) > _TOLERANCE
        total = made
    if total is not None:
        values[TOTAL] = total
    shown = parts if key.lines else own
    items = tuple([value for value in shown if value is not None])
    return Scores(
        values,
        items,
        singles,
        contradicted,
        _at_ceiling(values, key),
        bool(key.best is not None and items and len(items) == key.count and min(items) >= key.best),
        tuple([n for n in key.risk if own and (own[n - 1] or 0) > 0]) if key.risk else (),
    )


def _total(values: Iterable[float | None]) -> float:
    """Return the sum of values that are all there."""
    return round(sum([value for value in values if value is not None], 0.0), _DIGITS)


def _spread(form: Form, key: _Key) -> tuple[list[float | None], dict[str, float]]:
    """Split a form's items into the instrument's own, turned and in place, and single items.

    The first is empty where the form states no item of the instrument.
    """
    own: list[float | None] = []
    singles: dict[str, float] = {}
    for code, value in form.items:
        slot = key.slots.get(code)
        if slot is None:
            singles[code] = value
            continue
        if not own:
            own = [None] * key.count
        position, pivot = slot
        own[position] = value if pivot is None else pivot - value
    return own, singles


def _sum(own: list[float | None], positions: tuple[int, ...]) -> float | None:
    """Return the sum at these positions, or None where there are none or one is missing."""
    if not positions:
        return None
    total = 0.0
    for position in positions:
        value = own[position]
        if value is None:
            return None
        total += value
    return round(total, _DIGITS)


def _at_ceiling(values: dict[str, float], key: _Key) -> bool:
    if key.ceiling is None:
        return False
    total = values.get(TOTAL)
    if total is not None:
        return total >= key.ceiling
    judged = [part for part in key.parts if part.series is not None and part.ceiling is not None]
    return bool(judged) and all(values.get(p.series or "", 0) >= (p.ceiling or 0) for p in judged)
