"""The alerts topic, followed as it grows."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.kafka.consumer import EventConsumer
from rupture_watch.operations.tail.published import UnreadableAlert, read_alert

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from rupture_watch.operations.tail.published import PublishedAlert
    from rupture_watch.settings import Settings


async def alerts(
    settings: Settings, *, from_beginning: bool, unreadable: Callable[[str], None]
) -> AsyncGenerator[PublishedAlert, None]:
    """Yield alert events as they come, without end; ``unreadable`` is told of anything else.

    Raises:
        Unreachable: the cluster does not answer.
        MissingTopic: there is no alerts topic.
    """
    topic = topic_name(settings.topic_prefix, Channel.ALERTS)
    async with (
        EventConsumer(settings.kafka, [topic], from_beginning=from_beginning) as consumer,
        aclosing(consumer.follow()) as records,
    ):
        async for record in records:
            try:
                yield read_alert(record)
            except UnreadableAlert as error:
                unreadable(str(error))
