"""Operating points that thresholds rest on, against the published simulation of the same charts.

The table's clients and ours are drawn alike: level and spread by the registry's priors, personal
spreads lognormal, mild growth, cut off at the ends of the scale. What is compared are false alarms
of clients to whom nothing happens.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from benchmarks.accuracy.cohorts import Course, Sighting
from benchmarks.accuracy.detectors import DETECTORS, cutoff_or_fall
from rupture_watch.alliance.baseline import Baseline
from rupture_watch.alliance.instruments import Registry
from rupture_watch.operations.simulate import Label
from rupture_watch.operations.simulate.answers import GaussianClient
from rupture_watch.operations.simulate.dice import dice
from rupture_watch.operations.simulate.episodes import STEADY, Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLIENTS: Final = 4_000
SESSIONS: Final = 16
JUDGED_FROM: Final = 3
LOWEST_Z: Final = -2.0
NEAR: Final = 0.15
NEAR_WITH_EWMA: Final = 0.2
"""Chance at this many clients, and what the table does not say of its clients (how much they grow):
where deviations add up, as in the EWMA, that shows."""

LOWEST_EWMA: Final = -2.5
INSTRUMENT_OF: Final = {"SRS": "SRS", "WAISR": "WAI-SR"}
PRIORS: Final = {name: Registry.default().get(code).total for name, code in INSTRUMENT_OF.items()}
CEILINGS: Final = {"SRS": 39.5, "WAISR": 59}
"""The table's: within half a point and one point of the top."""

RULES: Final = {
    "below own mean-1SD (>=4 prior)": "own mean - 1 SD",
    "below own mean-2SD (>=4 prior)": "own mean - 2 SD",
    "I-MR 2.66 (>=4 prior)": "individuals chart",
}
"""Rows of the table, and the detectors of the accuracy study that they are."""

UNCLIPPED: Final = 1e9
"""The table's EWMA takes in every deviation whole, as the rule set ``plain`` does."""


class Row(NamedTuple):
    scale: str
    phi: float


ROWS: Final = [Row(scale, phi) for scale in INSTRUMENT_OF for phi in (0.0, 0.3)]


@pytest.fixture(scope="module")
def totals() -> Callable[[Row], list[list[float]]]:
    drawn: dict[Row, list[list[float]]] = {}

    def of(row: Row) -> list[list[float]]:
        if row not in drawn:
            drawn[row] = [_client(row, number) for number in range(CLIENTS)]
        return drawn[row]

    return of


def _client(row: Row, number: int) -> list[float]:
    rng = dice("operating points", *row, number)
    client = GaussianClient(rng, INSTRUMENT_OF[row.scale], spread=1.0, phi=row.phi, aspect="all")
    sessions = range(1, SESSIONS + 1)
    return [round(sum(client.client(n, STEADY).scores.values()), 1) for n in sessions]


def _course(scale: str, totals: list[float]) -> Course:
    label = Label(
        "c", INSTRUMENT_OF[scale], Kind.NONE, "all", 0.0, None, None, None, None,
        repaired=False, complete=True, ending=None, sessions=(),
    )  # fmt: skip
    return Course(label, "null", 0, [Sighting(client=total) for total in totals])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.scale}-{row.phi}")
def test_every_chart_raises_as_many_false_alarms_as_published(
    row: Row, data: Path, totals: Callable[[Row], list[list[float]]]
) -> None:
    published = _published(data, row)
    courses = [_course(row.scale, one) for one in totals(row)]
    for name, detector in RULES.items():
        judge, limit, _ = DETECTORS[detector]
        alarms = sum(value > limit for course in courses for value in judge(course))
        found = 100 * alarms / (CLIENTS * SESSIONS)
        assert found == pytest.approx(published[name], rel=NEAR), name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.scale}-{row.phi}")
def test_the_engine_s_own_baseline_raises_as_many_false_alarms_as_published(
    row: Row, data: Path, totals: Callable[[Row], list[list[float]]]
) -> None:
    published = _published(data, row)
    counts = dict.fromkeys(("EB z<-2 (>=3 prior)", "EB z<-2 or EWMA<-2.5"), 0)
    for series in totals(row):
        baseline = Baseline(PRIORS[row.scale], clip=UNCLIPPED)
        for value in series:
            deviation = baseline.judge(value, JUDGED_FROM)
            judged = deviation.prior_ratings >= JUDGED_FROM
            low = judged and deviation.z < LOWEST_Z
            counts["EB z<-2 (>=3 prior)"] += low
            counts["EB z<-2 or EWMA<-2.5"] += low or (judged and deviation.ewma < LOWEST_EWMA)
            baseline.enter(value, winsorise=False)
    for name, alarms in counts.items():
        found = 100 * alarms / (CLIENTS * SESSIONS)
        near = NEAR_WITH_EWMA if "EWMA" in name else NEAR
        assert found == pytest.approx(published[name], rel=near), name


@pytest.mark.parametrize("phi", [0.0, 0.3])
def test_the_cut_off_of_the_srs_raises_as_many_false_alarms_as_published(
    phi: float, data: Path, totals: Callable[[Row], list[list[float]]]
) -> None:
    row = Row("SRS", phi)
    courses = [_course("SRS", one) for one in totals(row)]
    alarms = sum(value > 0.0 for course in courses for value in cutoff_or_fall(course))
    found = 100 * alarms / (CLIENTS * SESSIONS)
    assert found == pytest.approx(_published(data, row)["SRS<36 or drop>=1"], rel=0.05)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.scale}-{row.phi}")
def test_as_many_forms_stand_at_the_ceiling_as_published(
    row: Row, data: Path, totals: Callable[[Row], list[list[float]]]
) -> None:
    path = data / "sim_compliance_and_attendance_null_rates.csv"
    rates = {
        (one["scale_or_missrate"], float(one["phi_or_conc"])): float(one["per_100"])
        for one in csv.DictReader(_lines(path))
        if one["rule"] == "ceiling now"
    }
    at_ceiling = sum(value >= CEILINGS[row.scale] for one in totals(row) for value in one)
    found = 100 * at_ceiling / (CLIENTS * SESSIONS)
    assert found == pytest.approx(rates[row], rel=NEAR)


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.5])
def test_a_wrong_prior_spread_costs_as_many_false_alarms_as_published(
    factor: float, data: Path, totals: Callable[[Row], list[list[float]]]
) -> None:
    text = (data / "sim_robustness_EB_and_SRS_mean.txt").read_text("utf-8")
    published = re.search(rf"sigma0 x {factor:g} dM 0 FA/100 eligible at z<-2: ([\d.]+)", text)
    assert published is not None
    prior = replace(PRIORS["SRS"], s0=PRIORS["SRS"].s0 * factor)
    alarms = judged = 0
    for series in totals(Row("SRS", 0.0)):
        baseline = Baseline(prior)
        for value in series:
            deviation = baseline.judge(value)
            if deviation.prior_ratings >= JUDGED_FROM:
                judged += 1
                alarms += deviation.z < LOWEST_Z
            baseline.enter(value, winsorise=False)
    assert 100 * alarms / judged == pytest.approx(float(published[1]), rel=NEAR)


def _published(data: Path, row: Row) -> dict[str, float]:
    lines = _lines(data / "sim_rule_operating_characteristics.csv")
    return {
        one["rule"]: float(one["false_alarms_per_100_sessions"])
        for one in csv.DictReader(lines)
        if one["scale"] == row.scale and float(one["phi"]) == row.phi
    }


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
