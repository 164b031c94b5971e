"""A calibration as it is used: a clinic's log in, a rule set out that every command takes."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from benchmarks.accuracy.cohorts import line, total
from rupture_watch.alliance.rules.catalogue import Catalogue
from rupture_watch.alliance.ruleset import RuleSetError
from rupture_watch.cli.entry import app
from rupture_watch.contracts.reading import Reader
from rupture_watch.operations.backtest import CaseLog
from rupture_watch.operations.backtest.verdict import history_of
from rupture_watch.operations.calibrate.alarms import Known, told
from rupture_watch.operations.calibrate.calibration import Calibration, Plan, calibrate
from rupture_watch.operations.calibrate.failure import TooLittle
from rupture_watch.operations.calibrate.fitted import fit_all
from rupture_watch.operations.calibrate.limits import Aim
from rupture_watch.operations.calibrate.population import null_clinic
from rupture_watch.operations.calibrate.readings import read
from rupture_watch.operations.calibrate.report import as_json
from rupture_watch.operations.simulate import simulate
from rupture_watch.operations.simulate.clinic import END, Clinic
from rupture_watch.operations.simulate.families import FAMILIES
from rupture_watch.rulesets import load_catalogue, load_ruleset, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CLIENTS, WEEKS = 60, 40
SPREAD = 0.6
NULLS, OWN, RESAMPLES = 40, 10, 20
LIMITS = (-4.0, -2.5, -1.0)


@contextmanager
def unwatched(_what: str, _total: int) -> Iterator[Callable[[int], object]]:
    yield lambda _done: None


def plan(**changes: Any) -> Plan:
    usual: dict[str, Any] = {
        "aim": Aim(4.0),
        "null_clients": NULLS,
        "own_clients": OWN,
        "resamples": RESAMPLES,
        "limits": LIMITS,
    }
    return Plan(**{**usual, **changes})


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clinic") / "log.jsonl"
    family = replace(FAMILIES["rules"], instruments={"SRS": 1.0})
    clinic = Clinic(cases=CLIENTS, weeks=WEEKS, seed=4, spread=SPREAD, family=family)
    path.write_bytes(b"".join(line(arrival.event) + b"\n" for arrival in clinic.arrivals()))
    return path


@pytest.fixture(scope="module")
def calibration(log: Path) -> Calibration:
    return calibrate(log, plan(), unwatched)


def test_the_spread_of_the_clinic_is_found_and_not_the_default_s(calibration: Calibration) -> None:
    prior = calibration.fitted.priors["SRS", "total"]
    assert prior.s0.low < SPREAD * prior.known.s0 * 1.1
    assert prior.s0.high < 0.8 * prior.known.s0


def test_the_proposal_is_a_rule_set_that_differs_in_what_was_fitted(
    calibration: Calibration, tmp_path: Path
) -> None:
    file = tmp_path / "proposal.toml"
    file.write_text(calibration.proposal, "utf-8")
    ruleset = load_ruleset(file)
    assert ruleset.name == calibration.name == "calibrated"
    assert ruleset.engine["strain_limit"] == calibration.chosen.limit
    fitted = calibration.fitted.priors["SRS", "total"].s0.value
    assert ruleset.registry.get("SRS").total.s0 == pytest.approx(fitted, rel=1e-3)
    assert ruleset.content["rules"] == load_ruleset().content["rules"]


def test_simulated_clients_rate_and_stay_away_as_those_of_the_log_do(log: Path) -> None:
    base = load_catalogue()
    reader = Reader(base.ruleset.registry)
    known = read(CaseLog.read(log, [reader]), base, seed=1)
    fitted = fit_all(known, base.ruleset, seed=1, resamples=2)
    clinic = null_clinic(fitted, known, base.ruleset.registry, cases=60, seed=1)
    events = [arrival.event for arrival in clinic.arrivals()]
    forms = [
        data for event in events
        if (data := event["data"]).get("instrument") == "SRS" and data["respondent"] == "client"
    ]  # fmt: skip
    totals = [total(form) for form in forms]
    theirs = [value for series in known.values(("SRS", "total")) for value in series]
    assert fmean(totals) == pytest.approx(fmean(theirs), abs=1.5)
    at_ceiling = [sum(value >= 39.5 for value in some) / len(some) for some in (totals, theirs)]
    assert at_ceiling[0] == pytest.approx(at_ceiling[1], abs=0.1)
    missed = sum(event["data"].get("status") == "no_show" for event in events)
    assert missed / (missed + len(forms)) == pytest.approx(
        fitted.outcomes["no_show"].rate.value, abs=0.06
    )
    assert {event["subject"] for event in events}.isdisjoint(one.case for one in known.clients)


def test_a_lower_limit_costs_no_fewer_alarms_and_the_choice_lies_where_the_aim_does(
    calibration: Calibration,
) -> None:
    rates = [one.by_chance.value for one in calibration.curve]
    assert [one.limit for one in calibration.curve] == list(LIMITS)
    assert rates == sorted(rates, reverse=True)
    weekly = [one.per_week.value for one in calibration.curve]
    assert weekly == sorted(weekly, reverse=True)
    around = [one.limit for one in calibration.curve if one.by_chance.value >= 4.0]
    assert max(around) <= calibration.chosen.limit <= max(around) + 1.5
    assert not calibration.missed


def test_the_same_log_and_seed_give_the_same_bytes(log: Path, calibration: Calibration) -> None:
    again = calibrate(log, plan(), unwatched)
    assert again.proposal == calibration.proposal
    assert as_json(again) == as_json(calibration)


def test_an_aim_that_no_limit_meets_is_said_to_be_missed(calibration: Calibration) -> None:
    beyond = calibration._replace(aim=Aim(per_week=50.0))
    assert beyond.missed


def test_a_log_that_is_too_small_ends_in_one_honest_line_and_exit_1(tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    events = simulate(5, 12, 1)
    path.write_bytes(b"".join(line(event) + b"\n" for event in events))
    with pytest.raises(TooLittle, match=r"needed are 40 clients .* there are [0-5] clients"):
        calibrate(path, plan(), unwatched)


@pytest.mark.parametrize("base", ["plain", "mine.toml"])
def test_a_base_that_no_proposal_can_extend_is_refused(log: Path, base: str) -> None:
    with pytest.raises(RuleSetError, match="rule set: "):
        calibrate(log, plan(base=base), unwatched)


def test_alarms_are_counted_as_the_course_has_them_reopened_ones_included() -> None:
    clinic = Clinic(cases=40, weeks=52, seed=2, bad_share=0.0, tidy=True, at_once=True)
    reader, catalogue = Reader(load_ruleset().registry), load_catalogue("strict")
    facts: dict[str, list[Any]] = {}
    for arrival in clinic.arrivals():
        incoming = reader.read_line(line(arrival.event))
        facts.setdefault(incoming.case, []).append(incoming.fact)
    until = int(END.timestamp()) * 1_000_000
    found = [told(Known(case, history_of(some), until), catalogue) for case, some in facts.items()]
    assert sum(one.all for one in found) > sum(one.by_chance for one in found) > 0
    assert all(one.by_chance <= one.all for one in found)
    forms = sum(one.rated_sessions for one in found)
    assert forms > 300


def test_the_command_prints_what_limits_cost_and_writes_the_file(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "proposal.toml"
    arguments = ["--events", str(log), "--out", str(out), "--clients", "20", "--json"]
    run = CliRunner().invoke(app, ["calibrate", *arguments, "--alarms-per-week", "0.8"])
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert found["proposal"] == out.read_text("utf-8")
    assert found["aim"]["alarms_per_week"] == 0.8
    assert {one["scale"] for one in found["instruments"] if one["instrument"] == "SRS"} == {
        "total", "bond", "goal", "task", "engagement",
    }  # fmt: skip
    assert Catalogue(parse(out.read_text("utf-8"))).model is not None


def test_two_aims_at_once_are_refused(log: Path) -> None:
    arguments = ["--events", str(log), "--target", "2", "--alarms-per-week", "1"]
    assert CliRunner().invoke(app, ["calibrate", *arguments]).exit_code == 2
