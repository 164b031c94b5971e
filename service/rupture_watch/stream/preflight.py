"""Checks before the first record is read: better no worker than one that forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rupture_watch.contracts.topics import INPUT_TYPES, Channel, topic_name
from rupture_watch.failures import Misconfigured
from rupture_watch.kafka.admin import Admin
from rupture_watch.kafka.topics import changelog_name, differences
from rupture_watch.stream.engine import Topics
from rupture_watch.stream.outputs import DeadLetterTopic

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

LARGEST: Final = "max.message.bytes"
KAFKAS_OWN_LIMIT: Final = 1_048_588
"""Bytes: the default of ``max.message.bytes``, assumed where its value may not be read."""


class Unfit(Misconfigured):
    """The cluster is not set up for this worker; ends it with exit code 78 and this one line."""


def topics(settings: Settings) -> Topics:
    """Name the topics that a worker with these settings reads."""
    prefix = settings.topic_prefix
    ticks = topic_name(prefix, Channel.TICKS)
    return Topics(
        prefix=prefix,
        inputs=frozenset({ticks, *(topic_name(prefix, channel) for channel in INPUT_TYPES)}),
        ticks=ticks,
        changelog=changelog_name(settings.app_id),
    )


async def preflight(settings: Settings) -> DeadLetterTopic:
    """Compare the cluster with what is needed; return what is known only there.

    Raises:
        Unfit: a topic is missing, or its partitions, copies or settings are wrong.
        NotAdmitted: the user lacks a right that shows here.
        Unreachable, Refused: the cluster does not answer, or not to us.
    """
    name = topic_name(settings.topic_prefix, Channel.DEAD_LETTERS)
    async with Admin(settings.kafka, timeout=settings.retry_limit) as admin:
        if faults := await differences(admin, settings):
            raise Unfit("; ".join(faults))
        configs = await admin.configs([name])
        found = await admin.topics()
        await admin.members(settings.app_id)  # a group that may not be joined is waited for in vain
    limit = configs.get(name, {}).get(LARGEST, KAFKAS_OWN_LIMIT)
    return DeadLetterTopic(name, found[name].partitions, int(limit))
