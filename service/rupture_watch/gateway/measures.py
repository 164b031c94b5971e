"""Every metric of the gateway, in one closed and documented list."""

from __future__ import annotations

from typing import Final

from rupture_watch.contracts.reasons import Reason
from rupture_watch.gateway.mapping.cloudevents import UNKNOWN
from rupture_watch.gateway.mapping.privacy import KINDS
from rupture_watch.gateway.mapping.verdict import Why
from rupture_watch.metrics import NO_LABELS, OTHER, Metric

DOORS: Final = ("events", "fhir", "hl7v2", "mllp", "cds", "feedback", "token")
OUTCOMES: Final = ("mapped", "no_event", "refused")
REASONS: Final = tuple(sorted({*(r.value for r in Reason), *(w.value for w in Why)}))
CLASSES: Final = ("2xx", "3xx", "4xx", "5xx", "aa", "ae", "ar")
TABLES: Final = ("Appointment", "Encounter", "forms", "reasons", "SCH")
LATENCIES: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

CATALOGUE: Final = (
    Metric(
        "gateway_requests_total",
        "counter",
        "Requests and messages answered, by door and class of the answer.",
        {"door": (*DOORS, OTHER), "answer": (*CLASSES, OTHER)},
    ),
    Metric(
        "gateway_events_total",
        "counter",
        "Events, resources and messages, by door and what became of them.",
        {"door": (*DOORS, OTHER), "outcome": (*OUTCOMES, OTHER)},
    ),
    Metric(
        "gateway_refused_total",
        "counter",
        "What was refused or told nothing, by reason.",
        {"reason": (*REASONS, OTHER)},
    ),
    Metric(
        "gateway_unmapped_total",
        "counter",
        "Codes that the mapping does not know; `mapping report` tells which.",
        NO_LABELS,
    ),
    Metric(
        "gateway_left_out_total",
        "counter",
        "Fields left out at the edge, by kind.",
        {"kind": (*KINDS, UNKNOWN, OTHER)},
    ),
    Metric(
        "gateway_write_seconds",
        "histogram",
        "From a body read to Kafka's acknowledgement of all its events.",
        NO_LABELS,
        LATENCIES,
    ),
    Metric(
        "gateway_unwritten_total", "counter", "Bodies that Kafka did not acknowledge.", NO_LABELS
    ),
    Metric("gateway_denied_total", "counter", "Requests without a valid key or token.", NO_LABELS),
    Metric("gateway_limited_total", "counter", "Requests over a client's rate.", NO_LABELS),
    Metric(
        "gateway_notification_gaps_total",
        "counter",
        "Gaps found in the event numbers of subscriptions, filled or not.",
        {"result": ("filled", "open", OTHER)},
    ),
    Metric("gateway_ready", "gauge", "1 while Kafka takes events, else 0.", NO_LABELS),
)
