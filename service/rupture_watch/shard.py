"""All cases of one partition: decoded in an overlay while in use, as durable bytes below it.

The shell around it (``stream``) makes states durable and publishes outboxes, in the order that the
shell guards.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rupture_watch.alliance.facts import Closure, Form
from rupture_watch.alliance.history import Taken
from rupture_watch.codec.case_state import (
    NewerState,
    OutboxEntry,
    check_version,
    due_of,
    has_outbox,
    outbox_of,
)
from rupture_watch.contracts import writing
from rupture_watch.contracts.reading import MAX_BYTES, refuse_future_recording
from rupture_watch.contracts.reasons import Reason, Rejected, Stage
from rupture_watch.contracts.ticks import read_tick
from rupture_watch.contracts.topics import INPUT_TYPES, Channel
from rupture_watch.dues import Dues
from rupture_watch.effects import DeadLetter, Effects, Message
from rupture_watch.overlay import Live, Overlay
from rupture_watch.safety import safety_items

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping, Sequence

    from rupture_watch.alliance.assessment import Case
    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.alliance.telling import AlertEvent
    from rupture_watch.contracts.reading import Incoming
    from rupture_watch.effects import Record
    from rupture_watch.pipeline import Pipeline

LARGEST_STATE = 512 * 1024
"""Half of the broker's default message limit: above it a partition could never be restored."""

MILLISECOND: Microseconds = 1_000


class Shard:
    """All cases of one partition."""

    def __init__(
        self, pipeline: Pipeline, partition: int, durable: MutableMapping[bytes, bytes]
    ) -> None:
        """Start with an empty overlay; call ``restored`` once ``durable`` is complete."""
        self.partition = partition
        self._pipeline = pipeline
        self._durable = durable
        self._overlay = Overlay(pipeline.catalogue, durable)
        self._dirty: dict[bytes, None] = {}
        self._changed: dict[bytes, None] = {}
        self._dues = Dues()

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
        self._overlay.evict(self._dirty, self._changed)
        return effects

    def encode(self, keys: Iterable[bytes]) -> list[tuple[bytes, bytes | None]]:
        """Return the present state of these cases; None deletes one."""
        return [(key, self._overlay.state(key)) for key in keys]

    def outbox(self, key: bytes) -> list[Message]:
        """Return what is to be published for this case, in order.

        A case on whose stored facts a rule of this release fails has an outbox all the same.
        """
        try:
            entries = _open_to_judge(self._overlay, key).outbox
        except Rejected:
            entries = outbox_of(self._durable[key])
        return [Message(Channel.ALERTS, key, entry.value, entry.headers) for entry in entries]

    def outbox_published(self, key: bytes) -> None:
        """Empty the outbox after its acknowledgement; the case has to become durable again.

        One that cannot be opened keeps it: told again after each restore, byte for byte.
        """
        try:
            live = _open_to_judge(self._overlay, key)
        except Rejected:
            return
        if live.outbox:
            live.outbox = []
            self._dirty[key] = None
            self._changed[key] = None  # its standing may have been lost with an earlier process

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
            try:
                case = _open_to_judge(self._overlay, key).case
            except Rejected:
                continue  # its last standing stays told
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
        self._overlay.clear()
        self._dirty.clear()
        self._changed.clear()
        due_at = {}
        waiting = []
        for key, state in self._durable.items():
            check_version(state)
            due = due_of(state)
            if due is not None:
                due_at[key] = due
            if has_outbox(state):
                waiting.append(key)
                self._changed[key] = None  # its standing may not have been told either
        self._dues = Dues(due_at)
        return waiting

    def next_due(self) -> Microseconds | None:
        """Return when time alone would change a case next."""
        return self._dues.next()

    def cases(self) -> list[bytes]:
        """Return the keys of all cases, durable or not."""
        return sorted({*self._durable, *self._overlay.keys()})

    def case(self, key: bytes) -> Case:
        """Return the assessment of one case."""
        return self._overlay.open(key).case

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
            effects.safety.extend(safety_items(self._pipeline.registry, incoming.case, fact))

    def take(self, key: bytes, incoming: Incoming, urgent: dict[bytes, None]) -> Taken:
        """Take in one accepted event.

        Raises:
            Rejected: a rule failed on it, or the case's state would become too large.

        """
        live = _open_to_judge(self._overlay, key)
        if live.case.is_gone:
            live = self._overlay.renew(key)
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
        for key in self._dues.take(time):
            try:
                live = _open_to_judge(self._overlay, key)
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
        live: Live,
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
        self._dues.put(key, live.case.next_due)


def _open_to_judge(overlay: Overlay, key: bytes) -> Live:
    """Open a case on whose stored facts a rule of this release may fail."""
    try:
        return overlay.open(key)
    except NewerState:
        raise
    except Exception as error:
        raise _rule_error(error) from error


def _restart(live: Live) -> None:
    """Take the case up again without what a rule failed on; its facts are safe in any case."""
    with suppress(Exception):
        live.case = live.case.again()


def _rule_error(error: Exception) -> Rejected:
    return Rejected(Reason.RULE_ERROR, Stage.RULES, type(error).__name__, "rules: failed")


def _is_more(fact: Fact, case: Case) -> bool:
    """Tell whether a fact makes its case larger: not a repetition, nor the case's end."""
    return not isinstance(fact, Closure) and not case.history.knows(fact)
