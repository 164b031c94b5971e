"""Events per second and per CPU second: the whole service beside three ways to count events.

The service judges each event by every rule, keeps the case's state through a crash, and has its
alerts acknowledged before its offsets. Quix Streams and Faust count events per case in a table
with a changelog and send a record at every twentieth. The bare loop counts in a dictionary and
forgets everything when it dies: the floor of what reading costs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.load import fill
from benchmarks.processes import Engine, Throughput, throughput
from rupture_watch.kafka.admin import Admin, TopicPlan
from rupture_watch.operations.topics import create

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from rupture_watch.settings import Settings

PEERS: Final = Path(__file__).parent / "peers"
BENCH_PYTHON: Final = Path(".venv-bench/bin/python")
SERVICE: Final = "Rupture Watch"
QUIX: Final = "Quix Streams"
FAUST: Final = "Faust agent"
BARE: Final = "bare aiokafka"

LIMIT: Final = 120.0
"""Seconds for one engine; Faust would need five minutes for a million events, to the same rate."""


async def measure(settings: Settings, events: int, folder: Path) -> AsyncIterator[Throughput]:
    """Fill the topics once, then run each engine over them, one after the other."""
    await create(settings)
    topics = await fill(settings, events)
    for engine in engines(settings, topics, folder):
        if engine.name != SERVICE:
            async with Admin(settings.kafka) as admin:
                output = TopicPlan(_output(engine), settings.partitions, 1, {})
                await admin.create([output])
        log = folder / f"{engine.group}.log"
        yield await throughput(engine, settings.kafka, topics, log, limit=LIMIT)


def engines(settings: Settings, topics: Iterable[str], folder: Path) -> list[Engine]:
    """Return the service and its peers, each in a consumer group of its own."""
    own = Path(sys.executable)

    def peer(name: str, python: Path, script: str, *more: str) -> Engine:
        group = f"{settings.app_id}-{script}"
        return Engine(
            name,
            group,
            [
                str(python),
                str(PEERS / f"{script}.py"),
                f"--bootstrap={settings.kafka.bootstrap}",
                f"--group={group}",
                f"--output={group}-output",
                *more,
                *topics,
            ],
        )

    return [
        service(settings),
        peer(QUIX, BENCH_PYTHON, "quix_counting", f"--folder={folder / 'quix'}"),
        peer(FAUST, own, "faust_agent"),
        peer(BARE, own, "bare_loop"),
    ]


def service(settings: Settings) -> Engine:
    """Return one worker of the service, as it is deployed."""
    return Engine(
        SERVICE,
        settings.app_id,
        [sys.executable, "-m", "rupture_watch", "worker"],
        {
            "KAFKA_BOOTSTRAP": settings.kafka.bootstrap,
            "RUPTURE_WATCH_TOPIC_PREFIX": settings.topic_prefix,
            "RUPTURE_WATCH_APP_ID": settings.app_id,
            "RUPTURE_WATCH_PARTITIONS": str(settings.partitions),
            "RUPTURE_WATCH_HTTP_PORT": str(settings.http_port),
            "RUPTURE_WATCH_TICK_INTERVAL": str(settings.tick_interval),
            "RUPTURE_WATCH_LOG_LEVEL": "WARNING",
        },
    )


def _output(engine: Engine) -> str:
    return f"{engine.group}-output"
