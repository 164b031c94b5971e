"""Faust as its documentation shows it: one agent, one table, one event at a time.

Counts events per case in a table with a changelog, and sends a record at every twentieth.
"""

from __future__ import annotations

import argparse

import faust
import msgspec
from mode import loop


def application(bootstrap: str, group: str, topics: list[str], output: str) -> faust.App:
    """Return the app: the same broker settings that the service uses where both have them."""
    app = faust.App(
        group,
        broker=f"kafka://{bootstrap}",
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        broker_commit_interval=1.0,
        topic_partitions=4,
        topic_replication_factor=1,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
    )
    source = app.topic(*topics, key_type=bytes, value_type=bytes)
    counts = app.Table(f"{group}-counts", default=int, partitions=4, key_type=str, value_type=int)
    alerts = app.topic(output, key_type=bytes, value_type=bytes, partitions=4)

    @app.agent(source)
    async def count(stream: faust.StreamT[bytes]) -> None:
        async for key, value in stream.items():
            msgspec.json.decode(value)
            case = key.decode()
            number = counts[case] + 1
            counts[case] = number
            if number % 20 == 0:
                await alerts.send(key=key, value=b'{"count": %d}' % number)

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--bootstrap", "--group", "--output"):
        parser.add_argument(name, required=True)
    parser.add_argument("topics", nargs="+")
    chosen = parser.parse_args()
    loop.use("uvloop")
    counting = application(chosen.bootstrap, chosen.group, chosen.topics, chosen.output)
    faust.Worker(counting, loglevel="WARNING").execute_from_commandline()
