"""A bare aiokafka loop: the floor of what reading costs, with nothing kept through a crash.

Counts events per case in a dictionary, sends a record at every twentieth, and commits.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections import Counter

import aiokafka
import msgspec
import uvloop

COMMIT_INTERVAL = 0.2


async def count(bootstrap: str, group: str, topics: list[str], output: str) -> None:
    """Read until asked to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    counts: Counter[bytes] = Counter()
    committed = loop.time()
    consumer = aiokafka.AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    async with consumer, producer:
        while not stopped.is_set():
            sent = []
            batches = await consumer.getmany(timeout_ms=200, max_records=5_000)
            for records in batches.values():
                for record in records:
                    msgspec.json.decode(record.value)
                    counts[record.key] += 1
                    number = counts[record.key]
                    if number % 20 == 0:
                        value = b'{"count": %d}' % number
                        sent.append(await producer.send(output, value, key=record.key))
            if sent:
                await asyncio.gather(*sent)
            if loop.time() - committed > COMMIT_INTERVAL:
                await consumer.commit()
                committed = loop.time()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--bootstrap", "--group", "--output"):
        parser.add_argument(name, required=True)
    parser.add_argument("topics", nargs="+")
    chosen = parser.parse_args()
    uvloop.run(count(chosen.bootstrap, chosen.group, chosen.topics, chosen.output))
