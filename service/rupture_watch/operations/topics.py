"""``rupture-watch topics``: make the topics of an installation, or say how they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.kafka.admin import Admin
from rupture_watch.kafka.topics import declared, differences, missing, too_many_copies
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from rupture_watch.settings import Settings


async def create(settings: Settings) -> list[str]:
    """Create the topics that are missing; return their names. What is there stays as it is.

    Raises:
        Unreachable: the cluster does not answer.
        InvalidSettings: more copies are asked for than it has brokers.
        Refused: it does not let us; the message says which topic and why.
    """
    async with Admin(settings.kafka) as admin:
        brokers = len(await admin.brokers())
        for line in too_many_copies(settings, brokers=brokers):
            raise InvalidSettings(line)
        plans = declared(settings, brokers=brokers)
        return await admin.create(missing(plans, await admin.topics()))


async def check(settings: Settings) -> list[str]:
    """Return one line per difference between the cluster and what the service needs."""
    async with Admin(settings.kafka) as admin:
        return await differences(admin, settings)
