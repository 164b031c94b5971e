"""By which rule set this worker judges, said on the stream before the first alert names it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from rupture_watch.contracts import writing
from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.kafka.consumer import EventConsumer
from rupture_watch.kafka.producer import EventProducer, acknowledged
from rupture_watch.kafka.session import Unreachable

if TYPE_CHECKING:
    from rupture_watch.alliance.ruleset import RuleSet
    from rupture_watch.settings import Settings

PARTITION: Final = 0
"""All changes in one partition, so that they have one order."""


async def announce(settings: Settings, ruleset: RuleSet) -> bool:
    """Write the rule set to the stream where the last one there is another; tell whether.

    Workers that start at the same moment may both write it: the same bytes twice say the same.

    Raises:
        Unreachable: the broker does not answer within the retry limit.
        Unwritten: the record was refused.

    """
    topic = topic_name(settings.topic_prefix, Channel.RULESETS)
    key = ruleset.hash.encode()
    try:
        async with asyncio.timeout(settings.retry_limit):
            if await _last(settings, topic) == key:
                return False
            value, headers = writing.ruleset_used(ruleset)
            async with EventProducer(settings.kafka) as producer:
                written = await producer.send(
                    topic, key=key, value=value, headers=headers, partition=PARTITION
                )
                await acknowledged([written])
    except TimeoutError as error:
        raise Unreachable(f"no answer from Kafka at {settings.kafka.bootstrap}") from error
    return True


async def _last(settings: Settings, topic: str) -> bytes | None:
    last = None
    async with EventConsumer(settings.kafka, [topic], from_beginning=True) as consumer:
        async for record in consumer.up_to_now():
            if record.partition == PARTITION:
                last = record.key
    return last
