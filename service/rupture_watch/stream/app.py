"""The Faust app: its settings, its one table, and its subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faust

from rupture_watch.kafka.topics import TABLE
from rupture_watch.stream.driver import FAUST
from rupture_watch.stream.table import PartitionedStore, PartitionedTable
from rupture_watch.stream.transport import LaneTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from rupture_watch.settings import Settings
    from rupture_watch.stream.engine import Engine


class StreamApp(faust.App):
    """Tells the health when events stop and start to flow."""

    logger = FAUST
    engine: Engine

    def _create_directories(self) -> None:
        """Create none: the store is in memory, and a container's folder may be read-only."""

    def on_rebalance_start(self) -> None:
        """Note the pause; called from the consumer's thread, before anything is revoked."""
        self.engine.health.pause()
        super().on_rebalance_start()

    def on_rebalance_end(self) -> None:
        """Note that partitions are assigned, restored and read."""
        super().on_rebalance_end()
        self.engine.resumed(self.consumer_generation_id)


def build(settings: Settings, engine: Engine) -> StreamApp:
    """Return the app, ready to start.

    Never set ``version``: it renames group and changelog, which is amnesia. Never set
    ``processing_guarantee``: Faust's transactions do not cover what a table writes. No second
    table, no standby with a store in memory, no web: the first corrupts recovery, the second
    doubles memory for nothing, the third serves table contents on an open port.
    """
    app = StreamApp(
        settings.app_id,
        broker=[f"kafka://{address}" for address in settings.kafka.bootstrap.split(",")],
        store="memory://",
        autodiscover=False,
        broker_commit_interval=settings.commit_interval,
        broker_session_timeout=settings.session_timeout,
        broker_request_timeout=max(90.0, settings.session_timeout),
        key_serializer="raw",
        stream_recovery_delay=0.0,
        stream_wait_empty=True,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        value_serializer="raw",
        web_enabled=False,
        web_in_thread=False,
        worker_redirect_stdouts=False,
        Table=PartitionedTable,
    )
    app.engine = engine
    app.transport = LaneTransport(app, settings, engine)
    changelog = app.topic(
        engine.topics.changelog, key_type=bytes, value_type=bytes, partitions=settings.partitions
    )
    table: Any = app.Table(
        TABLE,
        partitions=settings.partitions,
        key_type=bytes,
        value_type=bytes,
        changelog_topic=changelog,
    )
    store: PartitionedStore = table.data
    store.bind(engine)
    app.agent(app.topic(*sorted(engine.topics.inputs), key_type=bytes, value_type=bytes))(_nothing)
    return app


async def _nothing(stream: AsyncIterable[Any]) -> None:
    """Exist, so that Faust subscribes: the lane takes the records before they become a stream."""
    async for _ in stream:
        raise RuntimeError("a record went past the lane")
