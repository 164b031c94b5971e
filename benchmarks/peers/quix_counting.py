"""Quix Streams as its documentation shows it: stateful counting in RocksDB with a changelog.

Counts events per case, and sends a record at every twentieth. Runs in an environment of its own.
"""

from __future__ import annotations

import argparse
from typing import Any

from quixstreams import Application, State


def count(value: Any, state: State) -> int:  # noqa: ARG001 - parsed, as the service parses it
    """Return how many events of this case there are by now."""
    number: int = state.get("count", 0) + 1
    state.set("count", number)
    return number


def run(bootstrap: str, group: str, topics: list[str], output: str, folder: str) -> None:
    """Read until asked to stop."""
    app = Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=folder,
    )
    alerts = app.topic(output, value_serializer="json")
    for name in topics:
        counted = app.dataframe(app.topic(name, value_deserializer="json")).apply(
            count, stateful=True
        )
        counted.filter(lambda number: number % 20 == 0).to_topic(alerts)
    app.run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--bootstrap", "--group", "--output", "--folder"):
        parser.add_argument(name, required=True)
    parser.add_argument("topics", nargs="+")
    chosen = parser.parse_args()
    run(chosen.bootstrap, chosen.group, chosen.topics, chosen.output, chosen.folder)
