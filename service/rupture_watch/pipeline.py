"""One slice of records in, effects out: no broker, no clock and no I/O of its own.

A shard holds the cases of one partition: decoded in an overlay while they are in use, as durable
bytes below it. The shell around it (``stream``) makes things durable and publishes them, in the
order that the shell guards.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.facts import Closure, Form
from rupture_watch.alliance.history import Taken
from rupture_watch.alliance.scoring import score
from rupture_watch.codec.case_state import (
    NewerState,
    OutboxEntry,
    PackedFacts,
    check_version,
    decode,
    due_of,
    encode,
    has_outbox,
)
from rupture_watch.contracts import writing
from rupture_watch.contracts.reading import MAX_BYTES, Reader, refuse_future_recording
from rupture_watch.contracts.reasons import Reason, Rejected, Stage
from rupture_watch.contracts.ticks import read_tick
from rupture_watch.contracts.topics import INPUT_TYPES, Channel, topic_name

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping, Sequence

    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.alliance.telling import AlertEvent
    from rupture_watch.contracts.reading import Incoming

LIVE_CASES = 10_000
"""Decoded cases kept per partition; a clean one beyond that is decoded again when needed."""

LARGEST_STATE = 512 * 1024
"""Half of the broker's default message limit: above it a partition could never be restored."""

MILLISECOND: Microseconds = 1_000


class Record(Protocol):
    """A record as the consumer hands it over; ``timestamp`` in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Message(NamedTuple):
    """Something to publish."""

    channel: Channel
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]


class DeadLetter(NamedTuple):
    """A record that was refused, and why; never a value of it in the message."""

    record: Record
    reason: Reason
    stage: str
    kind: str
    message: str


@dataclass(slots=True)
class Effects:
    """What a slice of records calls for; ``urgent`` cases have something in their outbox."""

    urgent: list[bytes] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    safety: list[Message] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(slots=True)
class _Live:
    """A decoded case in the overlay."""

    case: Case
    outbox: list[OutboxEntry]
    packed: PackedFacts


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


class Shard:
    """All cases of one partition."""

    def __init__(
        self, pipeline: Pipeline, partition: int, durable: MutableMapping[bytes, bytes]
    ) -> None:
        """Start with an empty overlay; call ``restored`` once ``durable`` is complete."""
        self.partition = partition
        self._pipeline = pipeline
        self._durable = durable
        self._live: dict[bytes, _Live] = {}
        self._dirty: dict[bytes, None] = {}
        self._changed: dict[bytes, None] = {}
        self._due_at: dict[bytes, Microseconds] = {}
        self._dues: list[tuple[Microseconds, bytes]] = []

    def process(self, records: Sequence[Record]) -> Effects:
        """Judge records in order; alerts go into the outbox of their case, in the overlay only."""
        effects = Effects()
        urgent: dict[bytes, None] = {}
        channels = self._pipeline.channels
        for record in records:
            channel = channels.get(record.topic)
            try:
                if channel is Channel.TICKS:
                    self._tick(record, urgent)
                    effects.outcomes["tick", "accepted"] += 1
                else:
                    self._event(record, channel, urgent, effects)
            except Rejected as refused:
                effects.outcomes[channel or "unknown", "rejected"] += 1
                effects.dead_letters.append(
                    DeadLetter(record, refused.reason, refused.stage, refused.kind, refused.message)
                )
        effects.urgent = list(urgent)
        self._evict()
        return effects

    def encode(self, keys: Iterable[bytes]) -> list[tuple[bytes, bytes | None]]:
        """Return the present state of these cases; None deletes one."""
        return [(key, self._state(key)) for key in keys]

    def outbox(self, key: bytes) -> list[Message]:
        """Return what is to be published for this case, in order."""
        return [
            Message(Channel.ALERTS, key, entry.value, entry.headers)
            for entry in self._open(key).outbox
        ]

    def outbox_published(self, key: bytes) -> None:
        """Empty the outbox after its acknowledgement; the case has to become durable again."""
        live = self._open(key)
        if live.outbox:
            live.outbox = []
            self._dirty[key] = None

    def take_dirty(self, limit: int) -> list[tuple[bytes, bytes | None]]:
        """Return up to ``limit`` cases that changed, oldest first; they count as clean now."""
        keys = [key for key, _ in zip(self._dirty, range(limit), strict=False)]
        taken = self.encode(keys)
        for key in keys:
            del self._dirty[key]
        return taken

    def standings(self, limit: int) -> list[Message]:
        """Return up to ``limit`` changed standings for the compacted topic of cases."""
        keys = [key for key, _ in zip(self._changed, range(limit), strict=False)]
        messages = []
        for key in keys:
            del self._changed[key]
            case = self._open(key).case
            value: bytes | None = None
            headers: list[tuple[str, bytes]] = []
            if case.erased is None:
                value, headers = writing.standing(case)
            messages.append(Message(Channel.CASES, key, value, headers))
        return messages

    @property
    def dirty(self) -> int:
        """Return how many cases are not durable as they stand."""
        return len(self._dirty)

    def restored(self) -> list[bytes]:
        """Rebuild what is due from the durable states; return the keys with a full outbox.

        Raises:
            NewerState: a newer service wrote one of the states.

        """
        self._live.clear()
        self._dirty.clear()
        self._changed.clear()
        self._due_at = {}
        waiting = []
        for key, state in self._durable.items():
            check_version(state)
            due = due_of(state)
            if due is not None:
                self._due_at[key] = due
            if has_outbox(state):
                waiting.append(key)
                self._changed[key] = None  # its standing may not have been told either
        self._dues = [(due, key) for key, due in self._due_at.items()]
        heapify(self._dues)
        return waiting

    def next_due(self) -> Microseconds | None:
        """Return when time alone would change a case next."""
        while self._dues and self._due_at.get(self._dues[0][1]) != self._dues[0][0]:
            heappop(self._dues)
        return self._dues[0][0] if self._dues else None

    def cases(self) -> list[bytes]:
        """Return the keys of all cases, durable or not."""
        return sorted({*self._durable, *self._live})

    def case(self, key: bytes) -> Case:
        """Return the assessment of one case."""
        return self._open(key).case

    # one record

    def _event(
        self, record: Record, channel: Channel | None, urgent: dict[bytes, None], effects: Effects
    ) -> None:
        expected = INPUT_TYPES.get(channel) if channel else None
        incoming = self._pipeline.reader.read(
            record.key, record.value, record.headers, expected=expected
        )
        fact = incoming.fact
        if record.timestamp >= 0:
            refuse_future_recording(fact, record.timestamp * MILLISECOND)
        key = incoming.case.encode()
        taken = self.take(key, incoming, urgent)
        effects.outcomes[incoming.type, taken.value] += 1
        if taken is Taken.ACCEPTED and isinstance(fact, Form) and not fact.void:
            effects.safety.extend(self._safety(key, incoming.case, fact))

    def take(self, key: bytes, incoming: Incoming, urgent: dict[bytes, None]) -> Taken:
        """Take in one accepted event.

        Raises:
            Rejected: a rule failed on it, or the case's state would become too large.

        """
        live = self._open_to_judge(key)
        if live.case.is_gone:
            live = self._live[key] = self._new(key)
        fact = incoming.fact
        case = live.case
        if live.packed.size + MAX_BYTES > LARGEST_STATE and _is_more(fact, case):
            raise Rejected(Reason.STATE_TOO_LARGE, Stage.RULES, "StateTooLarge", "case: too_large")
        cut = case.history.cut
        try:
            taken, events = case.take(fact)
        except Exception as error:
            _restart(live)
            raise _rule_error(error) from error
        if taken is not Taken.ACCEPTED:
            return taken
        if case.history.cut == cut and case.erased is None:
            live.packed.put(fact)
        else:
            live.packed.repack(case.history.facts.values())
        self._note_changes(key, live, events, urgent, incoming.traceparent)
        return taken

    def _tick(self, record: Record, urgent: dict[bytes, None]) -> None:
        self.pass_time(read_tick(record.value), urgent)

    def pass_time(self, time: Microseconds, urgent: dict[bytes, None]) -> None:
        """Let everything happen that is due up to ``time``.

        Raises:
            Rejected: a rule failed on a case; time passed for all others.

        """
        failed: Rejected | None = None
        while self._dues and self._dues[0][0] <= time:
            due, key = heappop(self._dues)
            if self._due_at.get(key) != due:
                continue
            del self._due_at[key]
            try:
                live = self._open_to_judge(key)
            except Rejected as refused:
                failed = failed or refused
                continue
            try:
                events = live.case.pass_time(time)
            except Exception as error:  # noqa: BLE001 - one case must not stop the others' time
                _restart(live)
                failed = failed or _rule_error(error)
                continue
            self._note_changes(key, live, events, urgent, None)
        if failed is not None:
            raise failed

    def _note_changes(
        self,
        key: bytes,
        live: _Live,
        events: Iterable[AlertEvent],
        urgent: dict[bytes, None],
        traceparent: str | None,
    ) -> None:
        for event in events:
            value, headers = writing.alert(event, traceparent)
            live.outbox.append(OutboxEntry(value, headers))
        if live.outbox:
            urgent[key] = None
        self._dirty[key] = None
        self._changed[key] = None
        due = live.case.next_due
        known = self._due_at.get(key)
        if due is None:
            self._due_at.pop(key, None)
        elif due != known:
            self._due_at[key] = due
            heappush(self._dues, (due, key))

    def _safety(self, key: bytes, case: str, form: Form) -> Iterable[Message]:
        instrument = self._pipeline.registry.find(form.instrument)
        if instrument is None or not instrument.risk_items:
            return
        for item in score(form, self._pipeline.registry).risk:
            value, headers = writing.safety_item(case, form, item)
            yield Message(Channel.SAFETY, key, value, headers)

    # the overlay

    def _open(self, key: bytes) -> _Live:
        live = self._live.get(key)
        if live is None:
            live = self._live[key] = self._decode(key)
        return live

    def _open_to_judge(self, key: bytes) -> _Live:
        """Open a case on whose stored facts a rule of this release may fail."""
        try:
            return self._open(key)
        except NewerState:
            raise
        except Exception as error:
            raise _rule_error(error) from error

    def _decode(self, key: bytes) -> _Live:
        state = self._durable.get(key)
        if state is None:
            return self._new(key)
        case, outbox = decode(key.decode(), state, self._pipeline.catalogue)
        return _Live(case, outbox, PackedFacts(case.history.facts.values()))

    def _new(self, key: bytes) -> _Live:
        return _Live(Case(key.decode(), self._pipeline.catalogue), [], PackedFacts())

    def _state(self, key: bytes) -> bytes | None:
        live = self._open(key)
        if live.case.is_gone and not live.outbox:
            return None
        return encode(live.case, live.outbox, live.packed)

    def _evict(self) -> None:
        """Drop clean decoded cases, those longest in use first, until the overlay fits."""
        excess = len(self._live) - LIVE_CASES
        if excess <= 0:
            return
        clean = (key for key in self._live if key not in self._dirty and key not in self._changed)
        for key in [key for key, _ in zip(clean, range(excess), strict=False)]:
            del self._live[key]


def _restart(live: _Live) -> None:
    """Take the case up again without what a rule failed on; its facts are safe in any case."""
    with suppress(Exception):
        live.case = live.case.again()


def _rule_error(error: Exception) -> Rejected:
    return Rejected(Reason.RULE_ERROR, Stage.RULES, type(error).__name__, "rules: failed")


def _is_more(fact: Fact, case: Case) -> bool:
    """Tell whether a fact makes its case larger: not a repetition, nor the case's end."""
    return not isinstance(fact, Closure) and not case.history.knows(fact)
