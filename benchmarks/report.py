"""The tables of ``make bench``, with the aim beside each figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.throughput import QUIX, SERVICE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.latency import Latency
    from benchmarks.processes import Throughput
    from benchmarks.recovery import Recovery


def throughputs(rows: Sequence[Throughput]) -> Table:
    """Return events per second and per CPU second, and what share of the service's each is."""
    own = next(row for row in rows if row.name == SERVICE)
    table = Table(title="Throughput (aim: at least half of Quix Streams)")
    table.add_column("engine")
    for column in ("events", "events/s", "of ours", "events/CPU s", "of ours"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.events:,}",
            f"{row.per_second:,.0f}",
            f"{row.per_second / own.per_second:.2f}",
            f"{row.per_cpu_second:,.0f}",
            f"{row.per_cpu_second / own.per_cpu_second:.2f}",
        )
    for quix in (row for row in rows if row.name == QUIX):
        table.caption = f"{own.per_second / quix.per_second:.2f} of {QUIX}"
    return table


def latencies(rows: Sequence[Latency]) -> Table:
    """Return both latencies per rate and their ratios."""
    table = Table(title="Latency in ms (aim: alert at most 2.5 round trips at p50, 5 at p99)")
    for column in ("events/s", "probes", "trip p50", "alert p50", "ratio", "trip p99", "alert p99"):
        table.add_column(column, justify="right")
    table.add_column("ratio", justify="right")
    for row in rows:
        median, late = row.ratios
        table.add_row(
            f"{row.rate:,}",
            f"{row.probes:,}",
            f"{row.trip[0]:.1f}",
            f"{row.alert[0]:.1f}",
            f"{median:.2f}",
            f"{row.trip[1]:.1f}",
            f"{row.alert[1]:.1f}",
            f"{late:.2f}",
        )
    return table


def recovered(row: Recovery) -> Table:
    """Return the speed of a restore and the size of a case."""
    table = Table(title="Recovery (aim: at least 150,000 records/s)")
    for column in ("records", "seconds", "records/s", "bytes/case encoded", "bytes/case resident"):
        table.add_column(column, justify="right")
    table.add_row(
        f"{row.records:,.0f}",
        f"{row.seconds:.2f}",
        f"{row.per_second:,.0f}",
        f"{row.encoded:,.0f}",
        f"{row.resident:,.0f}",
    )
    return table
