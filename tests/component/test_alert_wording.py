"""Every sentence of every alert of a simulated clinic: facts and questions, and nothing else.

``RUPTURE_WATCH_TEST_CASES=10000`` looks at so many cases of each family.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from rupture_watch.contracts.writing import structured
from rupture_watch.operations.replay import Replay
from rupture_watch.operations.simulate import simulate
from rupture_watch.operations.simulate.families import FAMILIES
from rupture_watch.rulesets import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES: Final = int(os.environ.get("RUPTURE_WATCH_TEST_CASES", "150"))
WEEKS: Final = 26

FORBIDDEN: Final = {
    "a verdict": r"\bruptur|detect|alarm|withdrawn from therapy|has failed",
    "a chance": r"probab|likel|chance|odds|\brisk|predict|percentile",
    "a score": r"\bscor|\bstrain|\bz\b|\bewma\b|sigma|standard deviation",
    "a diagnosis": r"diagnos|disorder|patholog|depress|anxious|personality|suicid|symptomatic",
    "a motive": r"because (?:the|your) client|manipulat|resist|refus|unmotivated|wants to leave",
    "a fault": r"fault|blame|guilt|mistake|careless|negligen|incompeten|wrong of",
    "a comparison": r"(?:worse|better) than (?:other|most|average)|other therapist",
    "an order": r"\bmust\b|you should|immediate|urgent|at once|right away|do not\b|don't",
    "what no reader understands": r"(?-i:\bNone\b)|\bnan\b|\binf\b|[{}<>]|\d\.\d{2,}|__",
}
"""Kinds of wording that no alert may have, however true it may be."""

_FORBIDDEN: Final = {kind: re.compile(words, re.IGNORECASE) for kind, words in FORBIDDEN.items()}
FEWEST_RULES: Final = 30
"""Rules that even a small clinic makes speak: a run in which few do would prove little."""


def kinds_of(text: str) -> list[str]:
    return [kind for kind, words in _FORBIDDEN.items() if words.search(text)]


def sentences(alert: dict[str, Any]) -> Iterator[str]:
    yield alert["headline"]
    yield alert["clears_when"]
    yield from alert["considerations"]
    yield from (finding["statement"] for finding in alert["findings"])


class Reader:
    """Collects what a clinic's alerts and notes say: each sentence with the rule it came from."""

    def __init__(self) -> None:
        self.faults: dict[str, set[str]] = defaultdict(set)
        self.rules: Counter[str] = Counter()

    def alert(self, case: str, alert: dict[str, Any]) -> None:
        self.findings(case, alert["findings"])
        for text in sentences(alert):
            self._look_at(case, text)
        if not 1 <= len(alert["considerations"]) <= 3:
            self.faults["considerations"].add(alert["lead"])

    def findings(self, case: str, findings: list[dict[str, Any]]) -> None:
        for finding in findings:
            self.rules[finding["concept"]["id"]] += 1
            self._look_at(case, finding["statement"])

    def _look_at(self, case: str, text: str) -> None:
        for kind in kinds_of(text):
            self.faults[kind].add(text)
        if case in text:
            self.faults["an identifier"].add(text)
        if not text[:1].isupper() or not text.endswith((".", "?")) or "  " in text:
            self.faults["no sentence"].add(text)


@pytest.mark.timeout(60 + CASES // 4)
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_no_alert_of_a_simulated_clinic_has_forbidden_wording(family: str) -> None:
    run, reader = Replay(load_catalogue()), Reader()
    for event in simulate(CASES, WEEKS, 7, family=family, episode_share=0.5):
        for message in run.feed(msgspec.json.encode(event)):
            told = json.loads(structured(message.value, message.headers))
            reader.alert(told["subject"], told["data"])
    for standing in map(json.loads, run.cases):
        reader.findings(standing["case"], standing["notes"])

    assert dict(reader.faults) == {}
    assert len(reader.rules) >= FEWEST_RULES


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Rupture detected.", "a verdict"),
        ("The client will probably leave.", "a chance"),
        ("Risk is high.", "a chance"),
        ("Strain 3.2.", "a score"),
        ("This looks like a personality disorder.", "a diagnosis"),
        ("Because the client is angry.", "a motive"),
        ("It was a mistake.", "a fault"),
        ("Ratings are worse than other clients'.", "a comparison"),
        ("You must call.", "an order"),
        ("Rating went 9.133333.", "what no reader understands"),
    ],
)
def test_the_list_knows_what_it_forbids(text: str, kind: str) -> None:
    assert kind in kinds_of(text)
