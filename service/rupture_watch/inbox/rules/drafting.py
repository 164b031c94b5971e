"""A draft of a rule set: the active one with other numbers, as the text of a profile."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from rupture_watch.rulesets import DEFAULT, SHIPPED, read_text
from rupture_watch.rulesets.describe import describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.rulesets.describe import Entry

Content = dict[str, Any]
ON: Final = "enabled"


class NoNumber(ValueError):
    """A value of a draft is no number; ``args[0]`` is its name."""


def active(source: str | None) -> tuple[str, list[Entry]]:
    """Return the text of the active rule set, and what it says as a catalogue."""
    text = read_text(source)
    return text, describe(text)


def changes(entries: list[Entry], given: Mapping[str, str]) -> dict[str, float | bool]:
    """Return what a form changes, by dotted name such as ``A1.z``; what is equal is left out.

    Raises:
        NoNumber: a value is no number.

    """
    found: dict[str, float | bool] = {}
    for entry in entries:
        if entry.kind == "context":
            continue
        on = given.get(f"{entry.id}.{ON}")
        if on is not None and (on == "1") != entry.enabled:
            found[f"{entry.id}.{ON}"] = on == "1"
        for number in entry.numbers:
            name = f"{entry.id}.{number.name}"
            text = given.get(name)
            if text is None or isinstance(number.value, str | bool):
                continue
            value = _number(name, text)
            if value != number.value:
                found[name] = int(value) if isinstance(number.value, int) else value
    return found


def _number(name: str, text: str) -> float:
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        raise NoNumber(name) from None
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        raise NoNumber(name)
    return value


def draft(source: str | None, changed: Mapping[str, float | bool], name: str, version: str) -> str:
    """Return the text of a rule set: the active one, with some of its numbers changed."""
    if source is None or source in SHIPPED:
        content: Content = {"extends": source or DEFAULT}
    else:
        content = tomllib.loads(read_text(source))
    content |= {"name": name, "version": version}
    for dotted, value in changed.items():
        *path, last = dotted.split(".")
        table = content.setdefault("rules", {})
        for part in path:
            table = table.setdefault(part, {})
        table[last] = value
    return written(content)


def named(text: str, name: str, version: str) -> str:
    """Return a rule set's text with another name and version."""
    return written({**tomllib.loads(text), "name": name, "version": version})


def written(content: Mapping[str, Any]) -> str:
    """Return the content of a rule set as TOML: values first, then tables."""
    return "\n".join(_lines(content, ())) + "\n"


def _lines(content: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines = [
        f"{key} = {_value(value)}" for key, value in content.items() if not isinstance(value, dict)
    ]
    for key, value in content.items():
        if isinstance(value, dict):
            inner = (*path, key)
            below = _lines(value, inner)
            has_values = any(not isinstance(one, dict) for one in value.values())
            head = [f"[{'.'.join(inner)}]"] if has_values or not value else []
            lines += ["", *head, *below] if head else below
    return lines


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
