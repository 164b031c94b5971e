"""A pipeline light enough for a million schedules, whose alerts tell in which order events came.

Like the alliance's, a case's standing is a function of its events, while what is told on the way
depends on how the topics were interleaved: an alert that is told from a state which is then lost
would be told differently by the replay. Silence is judged at ticks.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Final
from zlib import crc32

import msgspec

from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import Channel
from rupture_watch.dues import Dues
from rupture_watch.effects import DeadLetter, Effects, Message

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping, Sequence

    from rupture_watch.effects import Record
    from rupture_watch.stream.ports import Change

ALERT_EVERY: Final = 4
SILENCE: Final = 1_000
"""Milliseconds after a case's last event at which it counts as silent."""
BAD: Final = b"bad"
RISK: Final = b"risk"
ONCE: Final = b"once"
"""The only event of its case: once its alert is told, the case is forgotten."""
HEADERS: Final = [("ce_type", b"org.rupturewatch.alert.raised.v1")]
TICK: Final = msgspec.json.Decoder(dict[str, str])


class State(msgspec.Struct, array_like=True):
    """One case. ``way`` is a check sum of its events in the order in which they were taken."""

    events: int = 0
    offsets: dict[str, int] = {}
    way: int = 0
    revision: int = 0
    due: int | None = None
    silent: bool = False
    gone: bool = False
    told: bytes = b""
    outbox: list[bytes] = []


ENCODER: Final = msgspec.msgpack.Encoder()
DECODER: Final = msgspec.msgpack.Decoder(State)


class OrderedShard:
    """The cases of one partition."""

    def __init__(self, durable: MutableMapping[bytes, bytes]) -> None:
        self._durable = durable
        self._cases: dict[bytes, State] = {}
        self._dirty: dict[bytes, None] = {}
        self._changed: dict[bytes, None] = {}
        self._dues = Dues()

    def process(self, records: Sequence[Record]) -> Effects:
        effects = Effects()
        for record in records:
            if record.topic.endswith(Channel.TICKS):
                self._pass_time(record, effects)
            elif record.value == BAD:
                effects.dead_letters.append(
                    DeadLetter(record, Reason.BAD_JSON, "decode", "ValueError", "$")
                )
            elif record.key is not None:
                self._take(record.key, record, effects)
        return effects

    def _take(self, key: bytes, record: Record, effects: Effects) -> None:
        case = self._case(key)
        if record.offset <= case.offsets.get(record.topic, -1):
            return
        case.events += 1
        case.offsets[record.topic] = record.offset
        case.way = crc32(b"%s/%d" % (record.topic.encode(), record.offset), case.way)
        case.gone = record.value == ONCE
        if record.value == RISK:
            place = json.dumps([record.topic, record.partition, record.offset]).encode()
            effects.safety.append(Message(Channel.SAFETY, key, place, []))
        if case.silent or case.gone or case.events % ALERT_EVERY == 0:
            case.silent = False
            self._tell(key, case, effects)
        case.due = None if case.gone else record.timestamp + SILENCE
        self._note(key, case)

    def _pass_time(self, record: Record, effects: Effects) -> None:
        moment = dt.datetime.fromisoformat(TICK.decode(record.value or b"")["time"])
        for key in self._dues.take(int(moment.timestamp() * 1000)):
            case = self._case(key)
            case.silent, case.due = True, None
            self._tell(key, case, effects)
            self._note(key, case)

    def _tell(self, key: bytes, case: State, effects: Effects) -> None:
        case.revision += 1
        case.told = b'{"severity":1,"case":"%s","revision":%d,"n":%d,"way":%d,"silent":%d}' % (
            key,
            case.revision,
            case.events,
            case.way,
            case.silent,
        )
        case.outbox.append(case.told)
        if key not in effects.urgent:
            effects.urgent.append(key)

    def _note(self, key: bytes, case: State) -> None:
        self._dirty[key] = self._changed[key] = None
        self._dues.put(key, case.due)

    def _case(self, key: bytes) -> State:
        case = self._cases.get(key)
        if case is None:
            state = self._durable.get(key)
            case = DECODER.decode(state) if state else State()
            self._cases[key] = case
        return case

    def encode(self, keys: Iterable[bytes]) -> list[Change]:
        return [(key, self._state(self._case(key))) for key in keys]

    def _state(self, case: State) -> bytes | None:
        return None if case.gone and not case.outbox else ENCODER.encode(case)

    def outbox(self, key: bytes) -> list[Message]:
        return [Message(Channel.ALERTS, key, told, HEADERS) for told in self._case(key).outbox]

    def outbox_published(self, key: bytes) -> None:
        case = self._case(key)
        case.outbox = []
        self._dirty[key] = self._changed[key] = None

    def take_dirty(self, limit: int) -> list[Change]:
        keys = [key for key, _ in zip(self._dirty, range(limit), strict=False)]
        for key in keys:
            del self._dirty[key]
        return self.encode(keys)

    def standings(self, limit: int) -> list[Message]:
        keys = [key for key, _ in zip(self._changed, range(limit), strict=False)]
        for key in keys:
            del self._changed[key]
        return [Message(Channel.CASES, key, standing(self._case(key)), []) for key in keys]

    @property
    def dirty(self) -> int:
        return len(self._dirty)

    def restored(self) -> list[bytes]:
        waiting, due = [], {}
        for key, state in self._durable.items():
            case = DECODER.decode(state)
            if case.due is not None:
                due[key] = case.due
            if case.outbox:
                waiting.append(key)
                self._changed[key] = None
        self._dues = Dues(due)
        return waiting


def standing(case: State) -> bytes | None:
    """Return what the topic of standings says about a case."""
    return None if case.gone else b"%d/%d" % (case.events, case.silent)


class OrderedPipeline:
    """Makes such shards."""

    def shard(self, partition: int, durable: MutableMapping[bytes, bytes]) -> OrderedShard:  # noqa: ARG002 - the port's signature
        return OrderedShard(durable)
