"""The dead letters of an installation, read from first to last."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.kafka.consumer import EventConsumer
from rupture_watch.operations.dead_letters.letters import read_letter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from rupture_watch.operations.dead_letters.letters import Letter, Receipt
    from rupture_watch.settings import Settings


def dead_letter_topic(settings: Settings) -> str:
    """Return the topic's name."""
    return topic_name(settings.topic_prefix, Channel.DEAD_LETTERS)


async def letters(settings: Settings) -> AsyncGenerator[Letter | Receipt | None, None]:
    """Yield what lies there now, partition by partition in order; None for a foreign record.

    Raises:
        Unreachable: the cluster does not answer.
        MissingTopic: there is no topic of dead letters.
    """
    async with (
        EventConsumer(
            settings.kafka, [dead_letter_topic(settings)], from_beginning=True, committed=True
        ) as consumer,
        aclosing(consumer.up_to_now()) as records,
    ):
        async for record in records:
            yield read_letter(record, settings.topic_prefix)
