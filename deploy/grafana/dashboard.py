"""The Grafana dashboard as code: what this prints is ``deploy/grafana/dashboard.json``.

One row per question that whoever is on call asks, the gravest first. Import the JSON and choose a
Prometheus data source; no identifier of a case is in any metric.
"""  # noqa: INP001 - run, not imported

from __future__ import annotations

import json
import sys
from typing import Any, Final

WIDTH: Final = 24
HEIGHT: Final = 7
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}

Panel = dict[str, Any]


def stat(
    title: str, expression: str, *, bad_from: float | None = None, unit: str = "none"
) -> Panel:
    """Return one number, red from ``bad_from`` on where that is given."""
    steps: list[dict[str, Any]] = [
        {"color": "text" if bad_from is None else "green", "value": None}
    ]
    if bad_from is not None:
        steps.append({"color": "red", "value": bad_from})
    return {
        **_panel("stat", title, [(expression, "")], unit),
        "_width": 4,
        "_steps": steps,
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background"},
    }


def course(title: str, *targets: tuple[str, str], unit: str = "none", width: int = 8) -> Panel:
    """Return lines over time; each target is an expression and its legend."""
    return {
        **_panel("timeseries", title, list(targets), unit),
        "_width": width,
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
    }


def quantiles(metric: str) -> list[tuple[str, str]]:
    """Return the median and the 99th percentile of a histogram."""
    rate = f"sum by (le) (rate(rupture_watch_{metric}_bucket[$__rate_interval]))"
    return [
        (f"histogram_quantile({quantile}, {rate})", name)
        for quantile, name in ((0.5, "median"), (0.99, "99 %"))
    ]


def since(stage: str) -> str:
    """Return the seconds since any worker last did this."""
    return f'time() - max(rupture_watch_heartbeat_timestamp_seconds{{stage="{stage}"}})'


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    panels: list[Panel] = []
    y = 0
    for title, row in ROWS:
        panels.append(
            {"type": "row", "title": title, "collapsed": False, "gridPos": _at(0, y, WIDTH, 1)}
        )
        y += 1
        x = 0
        for panel in row:
            width = panel["_width"]
            if x + width > WIDTH:
                x, y = 0, y + HEIGHT
            panels.append(_placed(panel, _at(x, y, width, HEIGHT)))
            x += width
        y += HEIGHT
    numbered = [{"id": number, **panel} for number, panel in enumerate(panels, start=1)]
    return {
        "uid": "rupture-watch",
        "title": "Rupture Watch",
        "tags": ["rupture-watch"],
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"}
            ]
        },
        "panels": numbered,
    }


def _panel(kind: str, title: str, targets: list[tuple[str, str]], unit: str) -> Panel:
    return {
        "type": kind,
        "title": title,
        "datasource": SOURCE,
        "_unit": unit,
        "targets": [
            {"refId": chr(ord("A") + n), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
            for n, (expr, legend) in enumerate(targets)
        ],
    }


def _placed(panel: Panel, place: dict[str, int]) -> Panel:
    defaults: dict[str, Any] = {"unit": panel["_unit"]}
    if "_steps" in panel:
        defaults["thresholds"] = {"mode": "absolute", "steps": panel["_steps"]}
    kept = {name: value for name, value in panel.items() if not name.startswith("_")}
    return {**kept, "fieldConfig": {"defaults": defaults, "overrides": []}, "gridPos": place}


def _at(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


ROWS: Final[list[tuple[str, list[Panel]]]] = [
    (
        "Is it well?",
        [
            stat("Workers ready", "sum(rupture_watch_ready)"),
            stat("Halted", "max(rupture_watch_halted)", bad_from=1),
            stat("Waiting records", "sum(rupture_watch_lag_records)", bad_from=10_000),
            stat("Since last commit", since("committed"), bad_from=120, unit="s"),
            stat("Since last tick", since("ticked"), bad_from=600, unit="s"),
            stat("Since last event", since("consumed"), unit="s"),
        ],
    ),
    (
        "What comes in?",
        [
            course(
                "Events",
                (
                    "sum by (outcome) (rate(rupture_watch_events_total[$__rate_interval]))",
                    "{{outcome}}",
                ),
                unit="cps",
            ),
            course(
                "Events by type",
                ("sum by (type) (rate(rupture_watch_events_total[$__rate_interval]))", "{{type}}"),
                unit="cps",
            ),
            course(
                "Refused",
                (
                    "sum by (reason) (increase(rupture_watch_dead_letters_total[5m]))",
                    "{{reason}}",
                ),
            ),
            course("Waiting", ("sum by (topic) (rupture_watch_lag_records)", "{{topic}}")),
        ],
    ),
    (
        "What goes out?",
        [
            course(
                "Alert events per hour",
                ("sum by (change) (increase(rupture_watch_alerts_total[1h]))", "{{change}}"),
            ),
            course(
                "Alert events per hour by severity",
                ("sum by (severity) (increase(rupture_watch_alerts_total[1h]))", "{{severity}}"),
            ),
            course("From event to alert", *quantiles("event_to_alert_seconds"), unit="s"),
            course(
                "Risk items passed on per hour",
                ("sum(increase(rupture_watch_safety_items_total[1h]))", "items"),
            ),
            course(
                "Rule set in force",
                ("count by (sha256) (rupture_watch_ruleset_info)", "{{sha256}}"),
            ),
        ],
    ),
    (
        "How is the state?",
        [
            course("Cases in memory", ("sum by (instance) (rupture_watch_cases)", "{{instance}}")),
            course(
                "Cases not durable yet",
                ("sum by (instance) (rupture_watch_dirty_cases)", "{{instance}}"),
            ),
            course("Checkpoint", *quantiles("checkpoint_seconds"), unit="s"),
            course(
                "State records written",
                ("sum(rate(rupture_watch_changelog_records_total[$__rate_interval]))", "records"),
                unit="cps",
            ),
            course(
                "What should not happen",
                ("sum(increase(rupture_watch_changelog_holes_total[1h]))", "foreign writes"),
                ("sum(increase(rupture_watch_commits_refused_total[1h]))", "commits refused"),
            ),
        ],
    ),
    (
        "Who works on what?",
        [
            course("Partitions", ("sum by (instance) (rupture_watch_partitions)", "{{instance}}")),
            course(
                "Rebalances per hour",
                (
                    "sum by (instance) (increase(rupture_watch_rebalances_total[1h]))",
                    "{{instance}}",
                ),
            ),
            course("Pause of a rebalance", *quantiles("rebalance_seconds"), unit="s"),
            course("Restore", *quantiles("recovery_seconds"), unit="s"),
            course(
                "State records restored",
                ("sum(rate(rupture_watch_recovered_records_total[$__rate_interval]))", "records"),
                unit="cps",
            ),
        ],
    ),
]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n")
