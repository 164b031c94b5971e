"""A rule set as a catalogue: every concept of the article, what judges it, by which numbers.

A number's source is the comment behind it in the file, else the comment behind its table.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rupture_watch.alliance.rules.catalogue import RULES, Catalogue
from rupture_watch.alliance.rules.context import CONTEXTS
from rupture_watch.rulesets import layered, parse, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rupture_watch.alliance.rules.rule import Rule
    from rupture_watch.alliance.ruleset import RuleSet

_TABLE = re.compile(r"^\[(?P<path>[^\]]+)\]\s*(?:#\s*(?P<comment>.*\S))?\s*$")
_NUMBER = re.compile(r"^(?P<key>[\w-]+)\s*=\s*[^#]*(?:#\s*(?P<comment>.*\S))?\s*$")
_SEVERITY = "severity"
_OF_THE_CATALOGUE = "of the catalogue"
_FIRST_LINE = re.compile(r"^\w+: ")


class Number(NamedTuple):
    """One number of a rule: its dotted name, its value, and where it comes from."""

    name: str
    value: float | str | bool
    source: str


class Entry(NamedTuple):
    """One concept of the article.

    ``kind`` is ``factual``, ``statistical`` (gated by strain), ``own limit`` or ``context`` (no
    rule; ``summary`` says why). ``severity`` is None for context.
    """

    id: str
    section: str
    concept: str
    slug: str
    kind: str
    severity: int | None
    enabled: bool
    summary: str
    numbers: tuple[Number, ...]


def describe(text: str | None = None) -> list[Entry]:
    """Return every concept of the article as the rule set ``text`` has it, in its order.

    Without a text it is the default rule set.

    Raises:
        RuleSetError: the text is no rule set, or lacks a number.

    """
    text = read_text() if text is None else text
    sources = {path: source for layer in layered(text) for path, source in _sources(layer)}
    return entries_of(parse(text), sources)


def entries_of(ruleset: RuleSet, sources: Mapping[str, str]) -> list[Entry]:
    """Return every concept of the article as a rule set has it; ``sources`` by dotted path.

    Raises:
        RuleSetError: the rule set names an unknown rule, or lacks a number.

    """
    catalogue = Catalogue(ruleset)
    entries = [_entry_of_rule(rule, ruleset, catalogue, sources) for rule in RULES]
    entries += [
        Entry(one.id, one.section, one.concept, one.slug, "context", None, True, one.reason, ())  # noqa: FBT003 - context is always there
        for one in CONTEXTS
    ]
    return sorted(entries, key=lambda entry: (entry.id[0], int(entry.id[1:])))


def _entry_of_rule(
    rule: type[Rule], ruleset: RuleSet, catalogue: Catalogue, sources: Mapping[str, str]
) -> Entry:
    content: Mapping[str, Any] = ruleset.content["rules"].get(rule.id, {})
    kind = "own limit" if rule.own_limit else "factual" if rule.factual else "statistical"
    summary = _FIRST_LINE.sub("", (rule.__doc__ or "").splitlines()[0])
    return Entry(
        rule.id,
        rule.section,
        rule.concept,
        rule.slug,
        kind,
        content.get(_SEVERITY),
        rule.id in catalogue.by_id,
        summary[:1].upper() + summary[1:],
        tuple(_numbers(content, f"rules.{rule.id}", sources)),
    )


def _numbers(
    content: Mapping[str, Any], path: str, sources: Mapping[str, str], prefix: str = ""
) -> Iterator[Number]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{path}.{key}", sources, f"{prefix}{key}.")
        elif f"{prefix}{key}" not in (_SEVERITY, "enabled"):
            source = sources.get(f"{path}.{key}") or sources.get(path, "")
            if not source and key.endswith(_SEVERITY):
                source = _OF_THE_CATALOGUE
            yield Number(f"{prefix}{key}", value, source)


def _sources(text: str) -> Iterator[tuple[str, str]]:
    """Yield (dotted path, comment) of every table and number that has one.

    The comment behind a rule's own table is its concept, not a source.
    """
    table = ""
    for line in text.splitlines():
        if found := _TABLE.match(line):
            table = found["path"]
            is_rule = table.startswith("rules.") and table.count(".") == 1
            if found["comment"] and not is_rule:
                yield table, found["comment"]
        elif (found := _NUMBER.match(line)) and found["comment"]:
            yield f"{table}.{found['key']}", found["comment"]
