"""Every metric of a delivering process; no label ever holds an identifier."""

from __future__ import annotations

from typing import Final

from rupture_watch.delivery.results import Result
from rupture_watch.metrics import NO_LABELS, OTHER, Metric

CHANNELS: Final = ("webhook", "fhir", "mail", "digest")
STAGES: Final = ("consumed", "committed", "delivered")
LATENCY_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 86_400)

CATALOGUE: Final = (
    Metric(
        "deliveries_total",
        "counter",
        "Attempts to deliver, by channel and result.",
        {"channel": (*CHANNELS, OTHER), "result": (*(r.value for r in Result), OTHER)},
    ),
    Metric(
        "deliveries_failed_total",
        "counter",
        "Deliveries given up; `rupture-watch deliveries retry` tries them again.",
        {"channel": (*CHANNELS, OTHER)},
    ),
    Metric(
        "deliveries_pending",
        "gauge",
        "Deliveries that wait, for their time or their receiver.",
        {"channel": (*CHANNELS, OTHER)},
    ),
    Metric(
        "deliveries_oldest_due_seconds",
        "gauge",
        "How long the oldest pending delivery has been due, 0 where none is.",
        {"channel": (*CHANNELS, OTHER)},
    ),
    Metric(
        "endpoints_away",
        "gauge",
        "Endpoints left alone for a while, since they do not answer or asked for it.",
        {"channel": (*CHANNELS, OTHER)},
    ),
    Metric(
        "endpoints_disabled",
        "gauge",
        "Endpoints that answered that they are gone.",
        {"channel": (*CHANNELS, OTHER)},
    ),
    Metric(
        "alert_to_delivery_seconds",
        "histogram",
        "From noting a revision (or its hour, where it waits for one) to its delivery.",
        NO_LABELS,
        LATENCY_BUCKETS,
    ),
    Metric("alert_revisions_total", "counter", "Revisions of alerts read.", NO_LABELS),
    Metric(
        "alert_records_refused_total",
        "counter",
        "Records on the alerts topic that are no alert of the contract.",
        NO_LABELS,
    ),
    Metric("delivery_lag_records", "gauge", "Records that wait on the alerts topic.", NO_LABELS),
    Metric(
        "heartbeat_timestamp_seconds",
        "gauge",
        "When a stage last made progress, seconds since the epoch.",
        {"stage": STAGES},
    ),
    Metric("ready", "gauge", "1 while this process reads alerts and delivers, else 0.", NO_LABELS),
)
