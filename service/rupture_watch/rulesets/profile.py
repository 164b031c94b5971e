"""A profile: a rule set that says only where it differs from the one that it ``extends``.

::

    extends = "default"  # a rule set that ships with the service
    name = "evenings"
    version = "1.0.0"
    only = ["A1", "A4"]  # optional: no other rule is on

    [rules.A1]
    z = -2.4

What comes of it is a whole rule set; its hash is that of the whole.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, TypeAlias

from rupture_watch.alliance.ruleset import RuleSetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Content: TypeAlias = dict[str, Any]

EXTENDS, ONLY = "extends", "only"


def layers(text: str, shipped: Mapping[str, str]) -> list[str]:
    """Return the texts that a rule set is made of, the one that stands alone first.

    Raises:
        RuleSetError: the text is no TOML, or extends none of the ``shipped`` ones.

    """
    found = [text]
    while (base := _read(found[0]).get(EXTENDS)) is not None:
        if base not in shipped or shipped[base] in found:
            message = f"rule set: extends is one of {', '.join(shipped)}"
            raise RuleSetError(message)
        found.insert(0, shipped[base])
    return found


def laid_over(texts: Sequence[str]) -> Content:
    """Return the content of the first text with the others laid over it, one after the other.

    Raises:
        RuleSetError: one is no TOML, or a profile has no name or version of its own.

    """
    whole: Content = {}
    for text in texts:
        content = _read(text)
        if content.pop(EXTENDS, None) is not None and not {"name", "version"} <= set(content):
            raise RuleSetError("rule set: a profile has a name and a version of its own")
        only = content.pop(ONLY, None)
        whole = _merged(whole, content)
        if only is not None:
            whole = _narrowed(whole, only)
    return whole


def _read(text: str) -> Content:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"rule set: no valid TOML ({error})"
        raise RuleSetError(message) from error


def _merged(base: Content, changes: Content) -> Content:
    """Return ``base`` with tables merged and everything else replaced by what ``changes`` says."""
    merged = dict(base)
    for key, value in changes.items():
        known = merged.get(key)
        both = isinstance(known, dict) and isinstance(value, dict)
        merged[key] = _merged(known, value) if both else value  # type: ignore[arg-type]
    return merged


def _narrowed(content: Content, only: object) -> Content:
    rules = content.get("rules")
    if not isinstance(rules, dict) or not isinstance(only, list):
        raise RuleSetError("rule set: only is a list of rules")
    if unknown := [str(one) for one in only if one not in rules]:
        message = f"rule set: only names no rule: {', '.join(unknown)}"
        raise RuleSetError(message)
    return {**content, "rules": {rule: rules[rule] for rule in only}}
