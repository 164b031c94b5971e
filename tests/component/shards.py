"""A partition's cases for tests, and what happens to them at a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.pipeline import Pipeline
from tests.builders import (
    CASE,
    a_frame_fact,
    the_rules,
)
from tests.records import (
    PREFIX,
)

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import FrameFact
    from rupture_watch.contracts.reasons import Reason
    from rupture_watch.effects import Effects
    from rupture_watch.shard import Shard

KEY = CASE.encode()


def a_shard(durable: dict[bytes, bytes] | None = None) -> Shard:
    shard = Pipeline(the_rules(), prefix=PREFIX).shard(0, {} if durable is None else durable)
    assert shard.restored() == [] or durable
    return shard


def incident(day: float = 1) -> FrameFact:
    return a_frame_fact("privacy_incident", day)


def letters(effects: Effects) -> list[Reason]:
    return [letter.reason for letter in effects.dead_letters]


def settle(shard: Shard, durable: dict[bytes, bytes]) -> None:
    """Publish everything and make everything durable, as a checkpoint does."""
    for key in shard.cases():
        shard.outbox_published(key)
    shard.standings(1000)
    for key, state in shard.take_dirty(1000):
        if state is None:
            durable.pop(key, None)
        else:
            durable[key] = state
