"""Strain's parameters from the rule set file: a table that names only what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from math import isfinite
from types import MappingProxyType
from typing import Any

from rupture_watch.alliance.strain.parameters import StrainParameters
from rupture_watch.alliance.strain.sources import Measured, YesNo


class ParameterError(ValueError):
    """Strain's table in a rule set is wrong; whoever reads the rule set shows the one line."""


_NEW = {"channels": YesNo(0.1, 6.0, {}), "measures": Measured({})}
"""What a channel or measure starts from that has no default."""


def parameters_of(table: Mapping[str, Any], path: str = "strain") -> StrainParameters:
    """Return the default parameters, changed by ``table``; ``false`` switches a channel off.

    Raises:
        ParameterError: a name is unknown or a value impossible; told by its path.

    """
    parameters: StrainParameters = _changed(StrainParameters(), table, path)
    return parameters


def _changed(record: Any, table: object, path: str) -> Any:
    """Return a dataclass with what ``table`` says."""
    if not isinstance(table, Mapping):
        raise ParameterError(f"{path}: must be a table")
    known = {entry.name for entry in fields(record)}
    changes: dict[str, Any] = {}
    for name, value in table.items():
        where = f"{path}.{name}"
        if name not in known:
            raise ParameterError(f"{where}: no such parameter")
        old = getattr(record, name)
        if isinstance(old, Mapping):
            changes[name] = _merged(old, value, where, _NEW.get(name, 0.0))
        else:
            changes[name] = _value(old, value, where)
    try:
        return replace(record, **changes)
    except ValueError as error:
        raise ParameterError(f"{path}: {error}") from None


def _merged(old: Mapping[str, Any], table: object, path: str, new: Any) -> Mapping[str, Any]:
    """Return a mapping with what ``table`` says; an entry without a past starts as ``new``."""
    if not isinstance(table, Mapping):
        raise ParameterError(f"{path}: must be a table")
    if any(isinstance(entry, Mapping) for entry in old.values()):
        new = {}
    merged = dict(old)
    for name, value in table.items():
        where = f"{path}.{name}"
        entry = old.get(name, new)
        if value is False and is_dataclass(entry):
            merged.pop(name, None)
        elif isinstance(entry, Mapping):
            merged[name] = _merged(entry, value, where, 0.0)
        else:
            merged[name] = _value(entry, value, where)
    return MappingProxyType(merged)


def _value(old: Any, new: Any, path: str) -> Any:
    if is_dataclass(old):
        return _changed(old, new, path)
    if isinstance(old, bool):
        if not isinstance(new, bool):
            raise ParameterError(f"{path}: must be true or false")
        return new
    if isinstance(new, bool) or not isinstance(new, int | float) or not isfinite(new):
        raise ParameterError(f"{path}: must be a number")
    return int(new) if isinstance(old, int) else float(new)
