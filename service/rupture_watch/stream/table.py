"""Faust's table and store, reduced to what its recovery needs to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from faust.stores import memory
from faust.tables.table import Table

from rupture_watch.stream.driver import FAUST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from faust.types import TP, EventT

    from rupture_watch.stream.store import Partitions


class Owner(Protocol):
    """Who keeps the partitions: told what was lost, and what has been restored."""

    @property
    def partitions(self) -> Partitions:
        """The state in memory."""
        ...

    def retain(self, partitions: Collection[int]) -> None:
        """Drop all but these partitions."""
        ...

    async def restored(self, ends: Mapping[int, int | None]) -> None:
        """Take over these partitions, restored up to the given changelog offsets."""
        ...


class PartitionedStore(memory.Store[bytes, bytes]):
    """A memory store that hands everything to the owner of the partitions.

    Faust's memory store forgets which keys it wrote itself, so that it keeps them when their
    partition leaves, and it knows no applied offset, so that it reads its own writes back at every
    rebalance. This one answers both from :class:`Partitions`.
    """

    logger = FAUST

    def bind(self, owner: Owner) -> None:
        """Name the owner; before the app starts."""
        self.owner = owner

    def persisted_offset(self, tp: TP) -> int:
        """Return where Faust's recovery, which begins with this, may start."""
        return self.owner.partitions.restore_from(tp.partition)

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Do nothing: only an acknowledged write or a replayed record moves the offset."""

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[bytes]],
        to_key: Callable[[Any], Any],  # noqa: ARG002 - Faust's signature; the bytes stay as they are
        to_value: Callable[[Any], Any],  # noqa: ARG002
    ) -> None:
        """Apply what comes one by one: the last record of each restored partition."""
        for event in batch:
            message: Any = event.message
            self.owner.partitions.replay(message.partition, [message])

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],  # noqa: ARG002
        newly_assigned: set[TP],  # noqa: ARG002
        generation_id: int = 0,  # noqa: ARG002
    ) -> None:
        """Drop the partitions that went to another worker."""
        table: Any = self.table
        changelog = table.changelog_topic_name
        self.owner.retain({tp.partition for tp in assigned if tp.topic == changelog})

    async def on_recovery_completed(
        self,
        active_tps: set[TP],
        standby_tps: set[TP],  # noqa: ARG002
    ) -> None:
        """Hand over the restored partitions; flow resumes only after this returns."""
        tables: Any = self.app.tables
        offsets = tables.recovery.active_offsets
        await self.owner.restored({tp.partition: offsets[tp] for tp in active_tps})


class PartitionedTable(Table[bytes, bytes]):
    """The one table: it has a changelog, and nobody reads or writes it through Faust."""

    logger = FAUST

    def _new_store(self) -> PartitionedStore:
        return PartitionedStore(
            "memory://",
            self.app,
            self,
            table_name=self.name,
            key_type=self.key_type,
            value_type=self.value_type,
            key_serializer=self.key_serializer,
            value_serializer=self.value_serializer,
            loop=self.loop,
            options=self.options,
        )
