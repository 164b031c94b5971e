"""A pipeline that only counts: small enough to know what it must have written.

``cost`` is the time, in seconds, for which each record holds the loop.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import Channel
from rupture_watch.effects import DeadLetter, Effects, Message

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping, Sequence

    from rupture_watch.effects import Record
    from rupture_watch.stream.ports import Change

ALERT_EVERY = 20
RATED = "org.rupturewatch.session.rated.v1"


class Count:
    """One case: how many events, up to which offset per topic, and which alerts are to go out."""

    __slots__ = ("events", "offsets", "outbox")

    def __init__(self, state: bytes | None) -> None:
        stored: dict[str, Any] = json.loads(state) if state else {"n": 0, "o": {}, "out": []}
        self.events: int = stored["n"]
        self.offsets: dict[str, int] = stored["o"]
        self.outbox: list[int] = stored["out"]

    def encode(self) -> bytes:
        return json.dumps({"n": self.events, "o": self.offsets, "out": self.outbox}).encode()


class CountingShard:
    """Counts events per key; every 20th is an alert; ``bad`` is refused, ``risk`` a safety item."""

    def __init__(
        self, durable: MutableMapping[bytes, bytes], alert_every: int, cost: float
    ) -> None:
        self.durable = durable
        self.taken: list[str] = []
        self.sizes: list[int] = []
        self._alert_every = alert_every
        self._cost = cost
        self._cases: dict[bytes, Count] = {}
        self._dirty: dict[bytes, None] = {}
        self._changed: dict[bytes, None] = {}

    def process(self, records: Sequence[Record]) -> Effects:
        effects = Effects()
        self.taken += [record.topic for record in records]
        self.sizes.append(len(records))
        if self._cost:
            time.sleep(self._cost * len(records))
        for record in records:
            effects.outcomes[RATED, self._take(record, effects)] += 1
        return effects

    def _take(self, record: Record, effects: Effects) -> str:
        key = record.key
        if key is None:
            return "accepted"  # a tick
        if record.value == b"bad":
            effects.dead_letters.append(
                DeadLetter(record, Reason.BAD_JSON, "decode", "ValueError", "$")
            )
            return "rejected"
        case = self._case(key)
        self._changed[key] = None
        if record.offset <= case.offsets.get(record.topic, -1):
            return "repeated"
        case.events += 1
        case.offsets[record.topic] = record.offset
        self._dirty[key] = None
        if record.value == b"risk":
            place = json.dumps([record.topic, record.partition, record.offset]).encode()
            effects.safety.append(Message(Channel.SAFETY, key, place, []))
        if case.events % self._alert_every == 0:
            case.outbox.append(case.events)
            effects.urgent.append(key)
        return "accepted"

    def _case(self, key: bytes) -> Count:
        if key not in self._cases:
            self._cases[key] = Count(self.durable.get(key))
        return self._cases[key]

    def encode(self, keys: Iterable[bytes]) -> list[Change]:
        return [(key, self._case(key).encode()) for key in keys]

    def outbox(self, key: bytes) -> list[Message]:
        headers = [("ce_type", b"org.rupturewatch.alert.raised.v1")]
        return [
            Message(Channel.ALERTS, key, b'{"severity":3,"n":%d}' % n, headers)
            for n in self._case(key).outbox
        ]

    def outbox_published(self, key: bytes) -> None:
        self._case(key).outbox.clear()
        self._dirty[key] = None
        self._changed[key] = None

    def take_dirty(self, limit: int) -> list[Change]:
        keys = [key for key, _ in zip(self._dirty, range(limit), strict=False)]
        for key in keys:
            del self._dirty[key]
        return self.encode(keys)

    def standings(self, limit: int) -> list[Message]:
        keys = [key for key, _ in zip(self._changed, range(limit), strict=False)]
        for key in keys:
            del self._changed[key]
        return [Message(Channel.CASES, key, b"%d" % self._case(key).events, []) for key in keys]

    @property
    def dirty(self) -> int:
        return len(self._dirty)

    def restored(self) -> list[bytes]:
        return [key for key, state in self.durable.items() if Count(state).outbox]


class CountingPipeline:
    """Makes counting shards, and remembers them for the tests."""

    def __init__(self, alert_every: int = ALERT_EVERY, *, cost: float = 0.0) -> None:
        self._alert_every = alert_every
        self._cost = cost
        self.shards: dict[int, CountingShard] = {}

    def shard(self, partition: int, durable: MutableMapping[bytes, bytes]) -> CountingShard:
        self.shards[partition] = CountingShard(durable, self._alert_every, self._cost)
        return self.shards[partition]
