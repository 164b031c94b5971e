"""One slice of records in, effects out: no broker, no clock and no I/O of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.contracts.reading import Reader
from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.shard import Shard

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from rupture_watch.alliance.rules.catalogue import Catalogue


class Pipeline:
    """The service's core behind its contract; makes one shard for each partition."""

    def __init__(self, catalogue: Catalogue, *, prefix: str) -> None:
        """Judge by ``catalogue``; ``prefix`` is that of the topics."""
        self.catalogue = catalogue
        self.registry = catalogue.ruleset.registry
        self.reader = Reader(self.registry)
        self.channels = {topic_name(prefix, channel): channel for channel in Channel}

    def shard(self, partition: int, durable: MutableMapping[bytes, bytes]) -> Shard:
        """Return the shard of ``partition`` over its durable states."""
        return Shard(self, partition, durable)
