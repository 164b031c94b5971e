"""What rules say: facts and questions, never a verdict, a diagnosis, a motive or an order."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rupture_watch.alliance.rules
from rupture_watch.alliance import wording
from rupture_watch.alliance.facts import DAY, HOUR
from rupture_watch.alliance.rules.catalogue import RULES
from rupture_watch.alliance.rules.context import CONTEXTS
from tests.unit.rules.diary import START

FORBIDDEN = re.compile(
    r"rupture|detect|probab|likel|risk score|score of|diagnos|disorder|patholog|symptom of"
    r"|\bmust\b|immediate|urgent|at once|\bnow!|alarm"
    r"|\bfault|blame|guilt|mistake|manipulat|resist|punish|sabotag(?:es|ed|ing)\b|refus|lie[ds]?\b"
    r"|non-?complian|unmotivated|difficult client|worse than other|better than other|other therap",
    re.IGNORECASE,
)
"""Verdicts, chances, diagnoses, orders, blame, motives and comparisons."""

ALLOWED = {"The same kind of rupture comes back."}


def _texts(path: Path) -> Iterator[str]:
    """Yield what a module may say: every text in it that is no docstring and has a blank."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
            and " " in node.value.strip()
        ):
            yield node.value


MODULES = [
    path
    for path in sorted(Path(rupture_watch.alliance.rules.__path__[0]).glob("*.py"))
    if path.stem not in ("catalogue", "context")  # these speak to operators and of concepts
]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_rule_says_a_forbidden_word(path: Path) -> None:
    assert [text for text in _texts(path) if FORBIDDEN.search(text)] == []


def test_the_shared_words_are_free_of_forbidden_ones() -> None:
    path = Path(wording.__file__)
    assert [text for text in _texts(path) if FORBIDDEN.search(text)] == []


def test_the_scan_sees_what_it_forbids(tmp_path: Path) -> None:
    module = tmp_path / "bad.py"
    module.write_text('"""A docstring that must not count."""\nA = f"You must call {1} of them"\n')
    assert [text for text in _texts(module) if FORBIDDEN.search(text)] == ["You must call "]


def test_considerations_are_options_not_orders_to_the_clock() -> None:
    said = [text for rule in RULES for text in (*rule.considerations, rule.clears_when)]
    assert [text for text in said if FORBIDDEN.search(text)] == []
    assert all(len(text) <= 200 for text in said)


def test_a_context_says_why_it_is_none() -> None:
    assert [one.id for one in CONTEXTS] == ["B5", "C5", "C6", "G5", "K1"]
    assert all(one.reason.endswith(".") for one in CONTEXTS)


def test_dates_numbers_and_lists_read_as_one_says_them() -> None:
    assert wording.day(START) == "1 Jan"
    assert wording.day(START + 31 * DAY + HOUR) == "1 Feb"
    assert wording.days_listed([START, START + DAY, START + 2 * DAY]) == "1 Jan, 2 Jan and 3 Jan"
    assert wording.listed([]) == ""
    assert wording.listed(["one"]) == "one"
    assert wording.number(7.0) == "7"
    assert wording.number(7.25) == "7.2"
    assert wording.percent(0.3) == "30 %"
    assert [wording.times_said(n) for n in (1, 2, 3)] == ["once", "twice", "3 times"]
