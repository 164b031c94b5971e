"""Metrics are a closed, documented set, and no label can hold an identifier."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rupture_watch.metrics import CATALOGUE, PREFIX, Metrics

FULL = {metric.name: metric for metric in CATALOGUE}


def _families(metrics: Metrics) -> dict[str, object]:
    text = metrics.exposition().decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_what_is_exposed_is_exactly_what_is_documented() -> None:
    documented = {PREFIX + metric.name.removesuffix("_total") for metric in CATALOGUE}
    assert set(_families(Metrics())) == documented


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_every_metric_has_a_sentence_of_help_and_a_conventional_name(metric: object) -> None:
    documented = FULL[getattr(metric, "name", "")]
    assert documented.help.endswith(".")
    assert (documented.kind == "counter") == documented.name.endswith("_total")
    assert (documented.kind == "histogram") == bool(documented.buckets)
    assert documented.name == documented.name.lower()


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("events_total", {"type": "case-4711", "outcome": "accepted"}),
        ("dead_letters_total", {"reason": "case-4711"}),
        ("alerts_total", {"change": "raised", "severity": "case-4711"}),
    ],
)
def test_a_label_outside_its_closed_set_is_counted_as_other(
    name: str, labels: dict[str, str]
) -> None:
    metrics = Metrics()
    metrics.count(name, 1, **labels)
    text = metrics.exposition().decode()
    assert "case-4711" not in text
    assert 'other"' in text


def test_the_rule_set_in_force_is_the_only_one_shown() -> None:
    metrics = Metrics()
    metrics.ruleset("aaaaaaaaaaaa")
    metrics.ruleset("bbbbbbbbbbbb")
    text = metrics.exposition().decode()
    assert 'rupture_watch_ruleset_info{sha256="bbbbbbbbbbbb"} 1.0' in text
    assert "aaaaaaaaaaaa" not in text
