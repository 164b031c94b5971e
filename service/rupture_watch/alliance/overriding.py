"""A rule set's changes to the instrument registry: other priors, further instruments.

Form, by instrument code (TOML tables or any mapping)::

    {
        "SRS": {"total": {"mean": 35.1, "s0": 2.9}, "bond": {"ceiling": 9.8}},
        "SRS-CHILD": {"like": "SRS", "total": {"mean": 34}},
        "CLINIC-4": {
            "measures": "alliance",
            "total": {"low": 0, "high": 8, "mean": 6, "tau": 1, "s0": 0.5},
            "items": {"count": 4, "low": 0, "high": 2},
        },
        "singles": {"safety": {"mean": 4.4}},
    }
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, NoReturn

from rupture_watch.alliance.instruments import (
    TOTAL,
    Instrument,
    ItemRange,
    Registry,
    Scale,
    Subscale,
)

_SINGLES = "singles"
_SCALE_FIELDS = frozenset(field.name for field in fields(Scale)) - {"code"}
_INSTRUMENT_FIELDS = frozenset(
    {"like", "measures", "items", "reversed_items", "subscales", "keyed", "risk_items", "bond_like"}
)


class OverrideError(ValueError):
    """A rule set's instruments section is wrong; who loads the rule set shows it and stops."""


def overridden(registry: Registry, overrides: Mapping[str, object]) -> Registry:
    """Return ``registry`` with the changes laid over it.

    Raises:
        OverrideError: a field is unknown, a number missing or impossible; names the path.

    """
    instruments = {instrument.code: instrument for instrument in registry}
    singles = dict(registry.singles)
    for code, change in overrides.items():
        body = _table(change, code)
        if code == _SINGLES:
            for single, numbers in body.items():
                path = f"{_SINGLES}.{single}"
                singles[single] = _scale(singles.get(single), single, numbers, path)
            continue
        like = body.get("like", code)
        instruments[code] = _instrument(instruments.get(str(like)), code, body)
    return Registry(instruments.values(), singles.values())


def _instrument(base: Instrument | None, code: str, body: Mapping[str, Any]) -> Instrument:
    if base is None:
        if "like" in body:
            _fail(f"{code}.like", "names no registered instrument")
        return _new(code, body)
    unknown = set(body) - set(base.scales) - {"like", "version"}
    if unknown:
        _fail(f"{code}.{min(unknown)}", "is no series of this instrument")
    parts = tuple(
        replace(part, scale=_changed(part.scale, code, body)) if part.scale else part
        for part in base.subscales
    )
    return replace(base, code=code, total=_changed(base.total, code, body), subscales=parts)


def _changed(scale: Scale, code: str, body: Mapping[str, Any]) -> Scale:
    path = f"{code}.{scale.code}"
    return _scale(scale, scale.code, body[scale.code], path) if scale.code in body else scale


def _new(code: str, body: Mapping[str, Any]) -> Instrument:
    """Build an instrument from nothing: at least its total must be told."""
    unknown = set(body) - _INSTRUMENT_FIELDS - {TOTAL}
    if unknown:
        _fail(f"{code}.{min(unknown)}", "is unknown, or the instrument is not registered")
    subscales = _table(body.get("subscales", {}), f"{code}.subscales")
    items = _table(body.get("items", {}), f"{code}.items")
    try:
        return Instrument(
            code,
            body.get("measures", "alliance"),
            _scale(None, TOTAL, body.get(TOTAL), f"{code}.{TOTAL}"),
            ItemRange(**items) if items else None,
            frozenset(body.get("reversed_items", ())),
            tuple(
                _subscale(part, numbers, f"{code}.subscales.{part}")
                for part, numbers in subscales.items()
            ),
            body.get("keyed", True),
            frozenset(body.get("risk_items", ())),
            body.get("bond_like", False),
        )
    except TypeError as error:
        message = f"instruments.{code}: a field is missing or of the wrong kind"
        raise OverrideError(message) from error


def _subscale(code: str, value: object, path: str) -> Subscale:
    body = dict(_table(value, path))
    items = tuple(body.pop("items", ()))
    role = body.pop("role", code)
    scale = _scale(None, str(role), body, path)
    return Subscale(code, scale.low, scale.high, items, scale)


def _scale(base: Scale | None, code: str, value: object, path: str) -> Scale:
    numbers = _table(value, path)
    for name, number in numbers.items():
        if name not in _SCALE_FIELDS:
            _fail(f"{path}.{name}", "is unknown")
        if isinstance(number, bool) or not isinstance(number, int | float):
            _fail(f"{path}.{name}", "must be a number")
    try:
        if base is not None:
            return replace(base, code=code, **numbers)
        return Scale(**{"code": code, "ceiling": None, **numbers})
    except (TypeError, ValueError) as error:
        message = f"instruments.{path}: a number is missing or impossible"
        raise OverrideError(message) from error


def _table(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _fail(path, "must be a table")
    return value


def _fail(path: str, what: str) -> NoReturn:
    message = f"instruments.{path} {what}"
    raise OverrideError(message)
