"""deploy/prometheus: accepted by Prometheus' own tool, and about metrics that exist."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from rupture_watch.metrics import CATALOGUE, PREFIX
from tests.component.deployment import PROMETHEUS

if TYPE_CHECKING:
    from collections.abc import Callable

ALERTS = PROMETHEUS / "alerts.yml"
TESTS = sorted(file.name for file in PROMETHEUS.glob("*.test.yml"))


def _alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


@pytest.mark.parametrize(
    "arguments",
    [("check", "config", "prometheus.yml"), ("test", "rules", *TESTS)],
    ids=["configuration", "alerts"],
)
def test_promtool_finds_no_fault(arguments: tuple[str, ...], program: Callable[[str], str]) -> None:
    run = subprocess.run(
        [program("promtool"), *arguments],
        cwd=PROMETHEUS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("alert", _alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_asks_for_metrics_and_labels_of_the_catalogue(alert: dict[str, Any]) -> None:
    known = {PREFIX + metric.name: metric for metric in CATALOGUE}
    asked = re.findall(r"(rupture_watch_\w+)(?:\{(\w+)=\"(\w+)\"\})?", alert["expr"])
    for name, label, value in asked:
        assert name in known
        assert not label or value in known[name].labels[label]
    assert asked or 'job="rupture-watch"' in alert["expr"]


@pytest.mark.parametrize("alert", _alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"].keys() == {"summary", "remedy"}


def test_every_alert_is_made_to_fire_by_a_test_of_its_own() -> None:
    tests = "".join((PROMETHEUS / name).read_text("utf-8") for name in TESTS)
    fired = set(re.findall(r'alertname="(\w+)"', tests))
    assert fired == {alert["alert"] for alert in _alerts()}
