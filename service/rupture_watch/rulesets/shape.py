"""The shape of a rule set: which numbers there are, and of what kind; the default's own."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from rupture_watch.alliance.ruleset import RuleSetError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.rulesets.profile import Content

SECTIONS: Final = ("engine", "alert", "frame_load", "rules")
"""Sections that are complete in the default rule set; ``instruments`` and ``strain`` need not be
there at all and are read by what uses them."""

SEVERITIES: Final = range(1, 5)

_BY_INSTRUMENT: Final = frozenset({"p10", "change", "ceiling_tolerance"})
"""Tables of numbers by instrument: any instrument may have one."""


def check(content: Content, default: Content) -> None:
    """Refuse what no rule would read, and what is no number where one belongs.

    Raises:
        RuleSetError: names the path of the first fault, never a value.

    """
    for key in ("name", "version"):
        if not isinstance(content.get(key, ""), str):
            message = f"rule set: {key} is text"
            raise RuleSetError(message)
    for section in SECTIONS:
        if section in content:
            _check(content[section], default[section], section)


def _check(value: Any, known: Any, path: str) -> None:
    if isinstance(known, dict):
        _check_table(value, known, path)
    elif isinstance(known, bool):
        _demand(isinstance(value, bool), f"{path} is true or false")
    elif isinstance(known, int | float):
        _check_number(value, path)
    else:
        _demand(isinstance(value, type(known)), f"{path} is of another kind")


def _check_table(table: Any, known: Mapping[str, Any], path: str) -> None:
    _demand(isinstance(table, dict), f"{path} is a table")
    for key, value in table.items():
        inner = f"{path}.{key}"
        expected = known.get(key)
        if key in _BY_INSTRUMENT and not isinstance(expected, int | float):
            _check_by_instrument(value, inner)
        elif expected is not None:
            _check(value, expected, inner)
        elif key == "enabled":
            _demand(isinstance(value, bool), f"{inner} is true or false")
        else:
            message = f"unknown rule {key}" if path == "rules" else f"{inner} is not known"
            raise RuleSetError("rule set: " + message)


def _check_by_instrument(table: Any, path: str) -> None:
    _demand(isinstance(table, dict), f"{path} is a table")
    for instrument, number in table.items():
        _check_number(number, f"{path}.{instrument}")


def _check_number(value: Any, path: str) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    _demand(is_number and isfinite(value), f"{path} is a number")
    if path.rpartition(".")[2].endswith("severity"):
        _demand(value in SEVERITIES, f"{path} is 1, 2, 3 or 4")


def _demand(condition: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not condition:
        whole = f"rule set: {message}"
        raise RuleSetError(whole)
