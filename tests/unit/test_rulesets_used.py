"""A rule set is found among those of the stream by the beginning of its hash."""

from __future__ import annotations

import datetime as dt

import pytest

from rupture_watch.alliance.ruleset import RuleSet
from rupture_watch.operations.rulesets_used import UnknownRuleSet, Used, find
from rupture_watch.rulesets import load_ruleset

BASE = load_ruleset()
NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
USED = [
    Used(RuleSet.of({**BASE.content, "version": f"{number}"}), NOON + dt.timedelta(days=number))
    for number in range(40)
]
"""More than there are first digits: some begin alike."""


def test_a_whole_hash_finds_its_rule_set_whatever_its_letters_case() -> None:
    for one in USED:
        assert find(one.ruleset.hash.upper(), USED) == [one]


def test_every_use_of_one_rule_set_is_found() -> None:
    again = USED[0]._replace(since=NOON + dt.timedelta(days=90))
    assert find(USED[0].ruleset.hash, [*USED, again]) == [USED[0], again]


def test_a_beginning_that_several_have_is_refused_and_says_how_many() -> None:
    digits = [one.ruleset.hash[0] for one in USED]
    shared = max(digits, key=digits.count)
    with pytest.raises(UnknownRuleSet, match=f"^{digits.count(shared)} rule sets"):
        find(shared, USED)


@pytest.mark.parametrize("prefix", ["", "x", "0123456789ab"])
def test_a_beginning_that_none_has_is_refused(prefix: str) -> None:
    with pytest.raises(UnknownRuleSet, match="no rule set"):
        find(prefix, USED)


def test_a_hash_is_that_of_the_canonical_content() -> None:
    assert RuleSet.of(BASE.content).canonical == BASE.canonical
    assert len({one.ruleset.hash for one in USED}) == len(USED)
