"""The rule set ``plain`` measures as a textbook chart does, whatever happens in between."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from rupture_watch.alliance.baseline import Baseline
from rupture_watch.operations.backtest.verdict import judge as verdict
from rupture_watch.rulesets import load_catalogue
from tests.builders import CASE, a_form, alerts_of, judge, on

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Form

PLAIN = load_catalogue("plain")
SCALE = PLAIN.ruleset.registry.get("WAI-SR").total
UNCLIPPED = 1e9
UNCLIPPED_FROM = 3.0


def totals(seed: int) -> list[float]:
    """Return sixteen ratings of a client: steady ones, then one very deep fall among others."""
    rng = random.Random(seed)
    steady = [round(rng.gauss(48, 3)) for _ in range(8)]
    later = [round(rng.gauss(rng.choice((48, 48, 40)), 3)) for _ in range(7)]
    return [min(60.0, max(12.0, total)) for total in (*steady, 15, *later)]


def forms(seed: int) -> list[Form]:
    return [
        a_form(f"s{number}", 7.0 * number, total, instrument="WAI-SR")
        for number, total in enumerate(totals(seed), start=1)
    ]


@pytest.mark.parametrize("seed", range(8))
def test_z_and_ewma_are_those_of_a_baseline_that_nothing_clips_or_starts_again(seed: int) -> None:
    case, told = judge(forms(seed), rules=PLAIN)
    baseline = Baseline(SCALE, 1.0, UNCLIPPED)
    expected = []
    for total in totals(seed):
        deviation = baseline.judge(total, 3)
        baseline.enter(total, winsorise=False)
        expected.append((total, round(deviation.z, 6), round(deviation.ewma, 6)))

    assert [(line["value"], line["z"], line["ewma"]) for line in case.trace()] == expected
    assert min(z for _, z, _ in expected) < -UNCLIPPED_FROM
    assert told == []


def test_every_breach_is_a_note_and_none_an_alert() -> None:
    case, _ = judge(forms(1), rules=PLAIN)
    breaches = [line for line in case.trace()[3:] if line["z"] < -2 or line["ewma"] < -2.5]
    assert alerts_of(case) == []
    assert [note["trigger"]["fact"] for note in case.standing()["notes"]] == [
        line["fact"] for line in breaches
    ]
    assert len(breaches) > 2
    assert verdict(CASE, forms(1), PLAIN, on(200)).alarms == ()
