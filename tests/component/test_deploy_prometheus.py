"""deploy/prometheus: accepted by Prometheus' own tool, and about metrics that exist."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.main import get_command

from rupture_watch.cli.entry import app
from rupture_watch.metrics import CATALOGUE, PREFIX
from tests.component.deployment import PROMETHEUS, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

ALERTS = PROMETHEUS / "alerts.yml"
PARTS = ("Symptom", "Meaning", "Check", "Action", "Verification")
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
    known |= {f"{PREFIX}{m.name}_bucket": m for m in CATALOGUE if m.kind == "histogram"}
    asked = re.findall(r"(rupture_watch_\w+)(?:\{(\w+)=\"(\w+)\"\})?", alert["expr"])
    for name, label, value in asked:
        assert name in known
        assert not label or value in known[name].labels[label]
    assert asked or 'job="rupture-watch"' in alert["expr"]


@pytest.mark.parametrize("alert", _alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"].keys() == {"summary", "remedy", "runbook_url"}


@pytest.mark.parametrize("alert", _alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_has_a_runbook_that_goes_from_the_symptom_to_the_proof(
    alert: dict[str, Any],
) -> None:
    page = (REPOSITORY / alert["annotations"]["runbook_url"]).read_text("utf-8")
    assert page.startswith(f"# {alert['alert']}\n")
    places = [page.find(f"**{part}") for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)


def test_no_runbook_is_left_without_its_alert() -> None:
    pages = {page.stem for page in (REPOSITORY / "deploy" / "runbooks").glob("*.md")}
    assert pages == {alert["alert"] for alert in _alerts()}


def test_a_runbook_speaks_of_metrics_commands_and_pages_that_exist() -> None:
    known = {PREFIX + metric.name for metric in CATALOGUE}
    commands = set(vars(get_command(app))["commands"])
    for page in (REPOSITORY / "deploy" / "runbooks").glob("*.md"):
        text = page.read_text("utf-8")
        assert set(re.findall(r"rupture_watch_\w+", text)) <= known, page.name
        assert set(re.findall(r"rupture-watch ([a-z-]+)", text)) <= commands, page.name
        for target in re.findall(r"\]\(([^)#]+)", text):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_every_alert_is_made_to_fire_by_a_test_of_its_own() -> None:
    tests = "".join((PROMETHEUS / name).read_text("utf-8") for name in TESTS)
    fired = set(re.findall(r'alertname="(\w+)"', tests))
    assert fired == {alert["alert"] for alert in _alerts()}
