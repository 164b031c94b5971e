"""deploy/grafana: built by its own code, and about every metric that there is and no other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch.metrics import CATALOGUE, PREFIX
from tests.component.deployment import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GRAFANA = REPOSITORY / "deploy" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "dashboard.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
SELECTOR = re.compile(r'(rupture_watch_\w+)(?:\{(\w+)="(\w+)"\})?')


def test_the_dashboard_is_what_its_code_builds() -> None:
    built = subprocess.run(
        [sys.executable, GRAFANA / "dashboard.py"], capture_output=True, text=True, check=True
    ).stdout
    assert built == (GRAFANA / "dashboard.json").read_text("utf-8")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_for_metrics_and_labels_of_the_catalogue(expression: str) -> None:
    known = {PREFIX + metric.name: metric for metric in CATALOGUE}
    known |= {f"{PREFIX}{m.name}_bucket": m for m in CATALOGUE if m.kind == "histogram"}
    asked = SELECTOR.findall(expression)
    assert asked
    grouped = re.findall(r"by \((\w+)\)", expression)
    for name, label, value in asked:
        assert not label or value in known[name].labels[label]
        assert set(grouped) <= {*known[name].labels, "instance", "le"}


def test_every_metric_of_the_catalogue_is_to_be_seen() -> None:
    shown = {name.removesuffix("_bucket") for e in EXPRESSIONS for name, *_ in SELECTOR.findall(e)}
    assert shown == {PREFIX + metric.name for metric in CATALOGUE}


def test_no_two_panels_overlap_and_none_leaves_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_expressions_are_promql(tmp_path: Path, program: Callable[[str], str]) -> None:
    """Judged by Prometheus' own tool, as rules that record them."""
    rules = [
        {"record": f"shown:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(EXPRESSIONS)
    ]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    subprocess.run([program("promtool"), "check", "rules", file], check=True, capture_output=True)
