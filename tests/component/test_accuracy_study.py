"""The accuracy study from simulation to tables, on a handful of clients."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from benchmarks.accuracy.__main__ import app

if TYPE_CHECKING:
    from pathlib import Path


def test_the_study_prints_its_tables_and_writes_the_same_figures_as_json(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    small = ["--nulls=12", "--episodes=12", "--family=items", "--seed=4", "--repetitions=5"]
    run = CliRunner().invoke(app, [*small, f"--json={figures}"])
    assert run.exit_code == 0
    printed = run.output
    for title in ("Told in vain", "Episodes found", "In the clinic", "own limits", "knows each"):
        assert title in printed
    assert "No public data set" in printed
    content = json.loads(figures.read_text("utf-8"))
    assert content["plan"]["null clients"] == 12
    strain = content["matched"]["engine (strain)"]
    assert set(strain) == set(content["matched"]["knows each client"])
    value, low, high = content["budget"]["all alarms per 100 rated sessions"]
    assert low <= value <= high
