"""Everything that takes part in a demo, started in order and stopped in reverse."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias

from rupture_watch.kafka.admin import Admin
from rupture_watch.kafka.producer import EventProducer
from rupture_watch.operations.broker import LocalBroker
from rupture_watch.operations.broker.artifacts import obtainable
from rupture_watch.operations.broker.mock import NOTICE, MockBroker
from rupture_watch.operations.broker.node import free_ports
from rupture_watch.operations.demo.page import start_page
from rupture_watch.operations.demo.watching import Watching
from rupture_watch.operations.demo.workers import WorkerProcess
from rupture_watch.operations.live import Sender
from rupture_watch.operations.topics import create
from rupture_watch.settings import as_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AsyncExitStack

    from rupture_watch.operations.demo.run import Demo
    from rupture_watch.operations.demo.tally import Tally
    from rupture_watch.settings import KafkaSettings, Settings

    Failing: TypeAlias = Callable[[], Coroutine[object, object, Exception]]


@dataclass(frozen=True, slots=True)
class Cast:
    """The parts that are running; each of ``failures`` waits until one of them has failed."""

    admin: Admin
    producer: EventProducer
    sender: Sender
    watching: Watching
    failures: list[Failing]


async def assemble(demo: Demo, settings: Settings, tally: Tally, stack: AsyncExitStack) -> Cast:
    """Start Kafka, topics and workers; ``stack`` stops them. Returns once the workers are ready."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(stack.enter_context(TemporaryDirectory(dir=settings.data_dir, prefix="demo-")))
    failures: list[Failing] = []
    workers = demo.workers
    foreign = "bootstrap" in settings.kafka.model_fields_set
    if foreign:
        kafka = settings.kafka
    elif obtainable():
        demo.say("starting Kafka (the first time it is fetched: about 45 MB)")
        local = await stack.enter_async_context(LocalBroker(folder / "kafka"))
        failures.append(local.failed)
        kafka = local.kafka
    else:
        demo.say(NOTICE)
        kafka = (await stack.enter_async_context(MockBroker())).kafka
        workers = 1
    own = _apart(settings, kafka)
    admin = await stack.enter_async_context(Admin(kafka))
    created = await create(own)
    if foreign:
        stack.push_async_callback(admin.delete, created)
    demo.say(f"Kafka answers at {kafka.bootstrap}, with topics {own.topic_prefix}*")
    for worker in await _start_workers(own, workers, folder, stack):
        demo.say(f"{worker.name} is ready: http://{worker.address}/metrics")
        failures.append(worker.died)
    if demo.page:
        failures += await start_page(own, folder, demo.say, stack)
    producer = await stack.enter_async_context(EventProducer(kafka))
    sender = Sender(own, producer, tally.note_acknowledged)
    failures.append(sender.failed)
    return Cast(admin, producer, sender, Watching(own, tally, demo.show), failures)


def _apart(settings: Settings, kafka: KafkaSettings) -> Settings:
    """Return settings under which nothing of the demo meets a real installation."""
    stamp = f"{dt.datetime.now(dt.UTC):demo-%Y%m%d-%H%M%S}"
    return settings.model_copy(
        update={
            "kafka": kafka,
            "topic_prefix": f"{stamp}.",
            "app_id": stamp,
            "instance_id": None,
            "commit_interval": 0.5,
            "tick_interval": 0.0,  # the clinic's own clock, far from ours
        }
    )


async def _start_workers(
    settings: Settings, count: int, folder: Path, stack: AsyncExitStack
) -> list[WorkerProcess]:
    environment = as_environment(settings)
    workers = [
        WorkerProcess(f"worker {number}", environment, port, folder / f"worker-{number}.log")
        for number, port in enumerate(free_ports(count), start=1)
    ]
    for worker in workers:
        stack.push_async_callback(worker.stop)
        await worker.start()
    await asyncio.gather(*(worker.ready() for worker in workers))
    return workers
