"""From a body to events on topics: mapped, judged, written, and only then answered."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from rupture_watch.contracts.reading import refuse_future_recording
from rupture_watch.contracts.reasons import Rejected
from rupture_watch.contracts.topics import channel_of_type, topic_name
from rupture_watch.gateway.mapping.cloudevents import UNKNOWN, clean
from rupture_watch.gateway.mapping.mapper import EVENT, rejected
from rupture_watch.gateway.mapping.verdict import Mapped, Verdict
from rupture_watch.gateway.writer import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.gateway.mapping.mapper import Mapper
    from rupture_watch.gateway.writer import Writer
    from rupture_watch.kafka.binary_mode import BinaryEvent
    from rupture_watch.metrics import Metrics

_MAPPED = Verdict(EVENT, "mapped")


class Taken(NamedTuple):
    """What became of a body: its verdicts, and how many events are written."""

    verdicts: list[Verdict]
    written: int


def now() -> Microseconds:
    """Return the present moment by this machine's clock."""
    return time.time_ns() // 1000


class Intake:
    """Judges and writes; keeps nothing.

    Args:
        mapper: the mapping, with its reader of the contract.
        writer: where events go.
        metrics: of this process.
        prefix: of the topics.
        clock: the present moment.
        remember: told of every case that is written to.
    """

    def __init__(
        self,
        mapper: Mapper,
        writer: Writer,
        metrics: Metrics,
        *,
        prefix: str,
        clock: Callable[[], Microseconds] = now,
        remember: Callable[[str], None] = lambda _case: None,
    ) -> None:
        self.mapper = mapper
        self.clock = clock
        self._writer = writer
        self._metrics = metrics
        self._prefix = prefix
        self._remember = remember

    async def take_events(self, door: str, events: Sequence[Any]) -> Taken:
        """Take structured events of the contract, out of JSON.

        Raises:
            Unavailable: Kafka did not acknowledge.
        """
        verdicts: list[Verdict] = []
        records: list[tuple[str, BinaryEvent]] = []
        left_out = 0
        moment = self.clock()
        for event in events:
            try:
                record, more = clean(event)
                self._judge(record, moment)
            except Rejected as refused:
                verdicts.append(rejected(EVENT, refused))
            else:
                left_out += more
                records.append((self._topic(record.type), record))
                verdicts.append(_MAPPED)
        if left_out:
            self._metrics.count("gateway_left_out_total", left_out, kind=UNKNOWN)
        await self._write(records)
        self._count(door, verdicts)
        return Taken(verdicts, len(records))

    async def take_mapped(self, door: str, mapped: Mapped) -> Taken:
        """Take what a mapping made of a body.

        Raises:
            Unavailable: Kafka did not acknowledge.
        """
        records: list[tuple[str, BinaryEvent]] = []
        moment = self.clock()
        events = iter(mapped.events)
        verdicts = list(mapped.verdicts)
        for place, verdict in enumerate(verdicts):
            if verdict.outcome != "mapped":
                continue
            record, _ = clean(next(events))
            try:
                self._judge(record, moment)
            except Rejected as refused:
                verdicts[place] = rejected(verdict.what, refused)
            else:
                records.append((self._topic(record.type), record))
        await self._write(records)
        for kind, count in mapped.tally.dropped.items():
            self._metrics.count("gateway_left_out_total", count, kind=kind)
        if unmapped := mapped.tally.unmapped.total():
            self._metrics.count("gateway_unmapped_total", unmapped)
        self._count(door, verdicts)
        return Taken(verdicts, len(records))

    def _judge(self, record: BinaryEvent, moment: Microseconds) -> None:
        incoming = self.mapper.reader.read(record.key, record.value, record.headers)
        refuse_future_recording(incoming.fact, moment)

    def _topic(self, kind: str) -> str:
        channel = channel_of_type(kind)
        assert channel is not None  # noqa: S101 - the reader has taken the type
        return topic_name(self._prefix, channel)

    async def _write(self, records: Sequence[tuple[str, BinaryEvent]]) -> None:
        if not records:
            return
        begun = time.monotonic()
        for _, record in records:
            self._remember(record.key.decode())
        try:
            await self._writer.write(records)
        except Unavailable:
            self._metrics.count("gateway_unwritten_total")
            raise
        self._metrics.observe("gateway_write_seconds", time.monotonic() - begun)

    def _count(self, door: str, verdicts: Sequence[Verdict]) -> None:
        for outcome, count in Counter(one.outcome for one in verdicts).items():
            self._metrics.count("gateway_events_total", count, door=door, outcome=outcome)
        for reason, count in Counter(one.reason for one in verdicts if one.reason).items():
            self._metrics.count("gateway_refused_total", count, reason=reason)
