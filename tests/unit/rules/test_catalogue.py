"""The rule set as a catalogue: every concept of the article is there, every number has a source."""

import io
import json
from copy import deepcopy

import pytest
from rich.console import Console

from rupture_watch.alliance.rules.catalogue import RULES, Catalogue
from rupture_watch.alliance.rules.context import CONTEXTS
from rupture_watch.alliance.ruleset import RuleSet, RuleSetError
from rupture_watch.operations.rules_catalogue import catalogue, rows, table
from rupture_watch.rulesets import load_ruleset, parse, read_text
from rupture_watch.rulesets.describe import describe

COUNTS = {"A": 8, "B": 7, "C": 6, "D": 4, "E": 7, "F": 4, "G": 5, "H": 3, "I": 10, "J": 5, "K": 4}
"""How many concepts each section of the article has."""

SECTIONS = {
    "A": "Introduction",
    "B": "Demand factor",
    "C": "Dialogue",
    "D": "Close listening",
    "E": "Studio and canvas",
    "F": "Zones of engagement",
    "G": "Sabotage",
    "H": "Alignment",
    "I": "Trust",
    "J": "Corrective experience",
    "K": "Conclusion",
}


def test_every_concept_of_the_article_is_there_once_and_in_order() -> None:
    wanted = [f"{letter}{n}" for letter, count in COUNTS.items() for n in range(1, count + 1)]
    assert [entry.id for entry in catalogue()] == wanted


def test_every_concept_stands_in_its_section() -> None:
    assert all(entry.section == SECTIONS[entry.id[0]] for entry in catalogue())


def test_every_rule_is_switched_on_by_default() -> None:
    on = Catalogue(load_ruleset()).by_id
    assert list(on) == [rule.id for rule in RULES]


def test_slugs_are_unique() -> None:
    slugs = [*(rule.slug for rule in RULES), *(one.slug for one in CONTEXTS)]
    assert len(slugs) == len(set(slugs))


def test_every_number_has_a_source_or_is_marked_as_a_default() -> None:
    unsaid = [
        f"{entry.id}.{number.name}"
        for entry in catalogue()
        for number in entry.numbers
        if not number.source
    ]
    assert unsaid == []


def test_every_shared_number_has_a_source_or_is_marked_as_a_default() -> None:
    lines = read_text().splitlines()
    start = lines.index("[engine]")
    end = next(n for n, line in enumerate(lines) if line.startswith("[frame_load]"))
    assert "default" in lines[end]
    numbers = [line for line in lines[start:end] if "=" in line]
    assert [line for line in numbers if "#" not in line] == []


def test_the_comment_of_a_rules_table_is_its_concept() -> None:
    text = read_text()
    for rule in RULES:
        assert f"[rules.{rule.id}]" in text


def test_every_rule_says_what_a_person_may_consider() -> None:
    for rule in RULES:
        assert 1 <= len(rule.considerations) <= 3
        assert all(text.endswith((".", "?")) for text in (*rule.considerations, rule.clears_when))


def test_a_rule_that_is_switched_off_is_listed_as_off() -> None:
    text = read_text().replace("[rules.F1]", "[rules.F1]\nenabled = false", 1)
    [balance] = [entry for entry in describe(text) if entry.id == "F1"]
    assert not balance.enabled
    assert "F1" not in Catalogue(parse(text)).by_id


def test_a_profile_tells_its_own_numbers_and_sources() -> None:
    text = (
        'extends = "default"\nname = "mine"\nversion = "1.0.0"\n'
        "[rules.A6]\nz = -2.4  # calibrated\n"
    )
    [real] = [entry for entry in describe(text) if entry.id == "A6"]
    assert [tuple(number) for number in real.numbers] == [
        ("z", -2.4, "calibrated"),
        ("bond_above_z", -1.0, "(default)"),
    ]


def _changed(rule: str, numbers: dict[str, int]) -> RuleSet:
    content = deepcopy(dict(load_ruleset().content))
    content["rules"][rule] = numbers
    return RuleSet.of(content)


def test_a_missing_number_is_named() -> None:
    with pytest.raises(RuleSetError, match=r"rules\.B6\.of_last is missing"):
        Catalogue(_changed("B6", {"severity": 2}))


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(RuleSetError, match="unknown rule Z9"):
        Catalogue(_changed("Z9", {"severity": 1}))


def test_rows_are_ready_for_json() -> None:
    [falling] = [row for row in rows(catalogue()) if row["id"] == "A5"]
    assert json.loads(json.dumps(falling)) == {
        "id": "A5",
        "section": "Introduction",
        "concept": "A falling bond",
        "slug": "falling-bond",
        "kind": "statistical",
        "severity": 3,
        "enabled": True,
        "summary": "The bond falls from form to form.",
        "numbers": [
            {"name": "ewma", "value": -2.5, "source": "as A1"},
            {
                "name": "falls",
                "value": 3,
                "source": "three in a row, not from the peak: mostly no way back to the mean"
                " (default)",
            },
            {"name": "total_spreads", "value": 1.5, "source": "(default)"},
        ],
    }


def test_the_table_shows_every_concept() -> None:
    out = io.StringIO()
    Console(file=out, width=160).print(table(catalogue()))
    shown = out.getvalue()
    assert all(f"{letter}{count}" in shown for letter, count in COUNTS.items())
    assert all(section in shown for section in SECTIONS.values())
