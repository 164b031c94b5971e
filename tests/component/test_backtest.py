"""A backtest as it is used: a log with reviews in, figures, sentences and JSON out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from typer.testing import CliRunner

from rupture_watch.alliance.alerts import alert_id
from rupture_watch.alliance.facts import Form
from rupture_watch.cli.entry import app
from rupture_watch.contracts.reading import Reader
from rupture_watch.operations.backtest import CaseLog, compare
from rupture_watch.operations.replay import Replay
from rupture_watch.operations.simulate import simulate
from rupture_watch.rulesets import load_catalogue
from tests.builders import a_closure, a_review, weeks
from tests.records import event_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rupture_watch.alliance.facts import Fact

DIP = (36, 36, 36, 36, 36, 26, 36, 36)
SMALL_DIP = (36, 36, 36, 36, 36, 29, 36, 36)


def a_log(folder: Path, cases: Mapping[str, Iterable[Fact]]) -> Path:
    """Write all cases' facts in order of arrival."""
    arrivals = sorted(
        ((fact, case) for case, facts in cases.items() for fact in facts),
        key=lambda one: one[0].recorded,
    )
    path = folder / "log.jsonl"
    lines = [json.dumps(event_of(fact, case)) for fact, case in arrivals]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def backtest(log: Path, *arguments: str) -> str:
    run = CliRunner().invoke(app, ["backtest", *arguments, "--events", str(log)])
    assert run.exit_code == 0, run.output
    return run.stdout


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log: two dips, one dismissed and one repaired, a quiet case, an erased one."""
    return a_log(
        tmp_path,
        {
            "deep": [
                *weeks(*DIP),
                a_review(alert_id("deep", "s6/SRS/client"), 37, "repair_confirmed"),
            ],
            "small": [
                *weeks(*SMALL_DIP),
                a_review(alert_id("small", "s6/SRS/client"), 37, "dismissed"),
            ],
            "quiet": weeks(*[36.0] * 8),
            "gone": [*weeks(*DIP), a_closure(60, "erased")],
        },
    )


@pytest.fixture
def later(tmp_path: Path) -> str:
    """Return a rule set that asks only at a much deeper fall."""
    path = tmp_path / "later.toml"
    path.write_text(
        'extends = "default"\nname = "later"\nversion = "1.0.0"\nonly = ["A1"]\n'
        '[engine]\nstrain = "simple"\nstrain_z = -4.0\nstrain_ewma = -9.0\n'
        "[rules.A1]\nz = -4.0\newma = -9.0\nstrained_z = -4.0\n",
        "utf-8",
    )
    return str(path)


def test_a_rule_set_against_itself_changes_nothing(log: Path) -> None:
    found = json.loads(backtest(log, "default", "default", "--json"))
    assert found["changes"] == []
    assert found["alarms"] == {
        "vanished": 0,
        "fired": 0,
        "live_on": 2,
        "earlier": 0,
        "later": 0,
        "more_severe": 0,
        "milder": 0,
    }
    assert found["old"] == found["new"]
    assert found["difference_per_100_rated_sessions"] == {"value": 0, "low": 0, "high": 0}
    assert (found["log"]["cases"], found["log"]["erased"]) == (4, 1)
    assert found["log"]["rated_sessions"] == 24
    assert found["old"]["per_100_rated_sessions"]["value"] == pytest.approx(200 / 24, abs=1e-3)
    assert found["old"]["per_week_for_a_caseload_of_20"]["value"] == pytest.approx(
        40 / 24, abs=1e-3
    )


def test_it_tells_what_would_become_of_reviewed_alerts(log: Path, later: str) -> None:
    said = backtest(log, "default", later)
    assert "1 of 2 old alarms" in said.replace("the ", "")
    assert "1 of 1 dismissed alerts would vanish (not_accurate 1 of 1)." in said
    assert "0 of 1 repaired alerts would vanish." in said
    assert "would be missed" not in said


def test_it_names_repaired_alerts_that_would_be_missed(log: Path, tmp_path: Path) -> None:
    off = tmp_path / "off.toml"
    off.write_text(
        'extends = "plain"\nname = "off"\nversion = "1.0.0"\n[rules.A1]\nenabled = false\n', "utf-8"
    )
    said = backtest(log, "default", str(off))
    assert "These repaired ones would be missed:\n  deep, 10 Feb, " in said


def test_the_json_holds_every_change(log: Path, later: str, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    backtest(log, "default", later, "--out", str(out))
    found = json.loads(out.read_text("utf-8"))
    by_case: dict[str, Any] = {one["case"]: one for one in found["changes"]}
    assert by_case["small"]["change"] == "vanished"
    assert by_case["small"]["new"] is None
    assert by_case["small"]["answer"] == "dismissed"
    assert by_case["small"]["old"]["alert_id"] == alert_id("small", "s6/SRS/client")
    assert found["rules"]["A1"]["vanished"] == 1
    assert found["reviewed"]["dismissed"]["reasons"] == {
        "not_accurate": {"stays": 0, "vanishes": 1, "unknown": 0, "comes": 0}
    }


def test_strict_asks_more_than_the_default_and_lenient_less(tmp_path: Path) -> None:
    path = tmp_path / "clinic.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in simulate(60, 20, 3)))
    found = json.loads(backtest(path, "strict", "lenient", "--json"))
    strict, lenient = found["old"]["alarms"], found["new"]["alarms"]
    default = json.loads(backtest(path, "default", "default", "--json"))["old"]["alarms"]
    assert strict > default > lenient > 0


def test_an_unknown_rule_set_ends_with_one_line(log: Path) -> None:
    run = CliRunner().invoke(app, ["backtest", "default", "nobody", "--events", str(log)])
    assert "no such file, and none of default, strict, lenient, plain" in str(run.exception)


def test_an_empty_log_has_no_rates(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    found = json.loads(backtest(empty, "default", "strict", "--json"))
    assert found["log"]["cases"] == 0
    assert found["old"]["per_100_rated_sessions"] is None
    assert "0 of the 0 old alarms" in backtest(empty, "default", "strict")


def test_a_form_of_an_instrument_that_one_side_knows_is_read_by_that_side(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'extends = "default"\nname = "own"\nversion = "1.0.0"\n[instruments.OURS]\nlike = "SRS"\n',
        "utf-8",
    )
    facts = [
        one._replace(instrument="OURS") if isinstance(one, Form) else one for one in weeks(*DIP)
    ]
    found = json.loads(backtest(a_log(tmp_path, {"case": facts}), "default", str(own), "--json"))
    assert (found["old"]["alarms"], found["new"]["alarms"]) == (0, 1)
    assert found["log"]["refused"] == 0


def test_it_finds_the_alerts_of_a_replay_of_the_same_log(tmp_path: Path) -> None:
    path = tmp_path / "clinic.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in simulate(40, 20, 3)))
    rules = load_catalogue()

    run = Replay(rules)
    for line in path.read_bytes().splitlines():
        for _ in run.feed(line):
            pass
    replayed = {
        (standing["case"], alert["alert_id"], alert["severity"], alert["lead"], alert["state"])
        for standing in map(json.loads, run.cases)
        for alert in standing["alerts"]
    }

    log = CaseLog.read(path, [Reader(rules.ruleset.registry)])
    pairs = compare(log, rules, rules).pairs
    found = {
        (one.case, one.alert_id, one.severity, one.lead, one.state)
        for one in (pair.old for pair in pairs)
    }
    assert len(found) > 5
    assert found == replayed
    assert (log.events, log.refused) == (run.tally.lines, run.tally.rejected)
