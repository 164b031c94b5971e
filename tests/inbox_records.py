"""What Kafka would hold after a simulated clinic: inputs, alerts and standings as records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from rupture_watch.contracts import writing
from rupture_watch.contracts.reading import Rejected, read_line
from rupture_watch.contracts.topics import Channel, channel_of_type, topic_name
from rupture_watch.kafka.binary_mode import STRUCTURED, NotAnEvent, to_binary
from rupture_watch.kafka.consumer import Seen
from rupture_watch.operations.replay import Replay
from rupture_watch.operations.simulate import simulate
from rupture_watch.operations.simulate.stories import STORIES, tell
from rupture_watch.rulesets import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PREFIX = "test."
DAY = 24 * 3600 * 1_000_000
JANUARY = 1_736_157_600_000_000
"""6 January 2025, 10:00 UTC."""


@dataclass(slots=True)
class Tape:
    """Records in the order in which they would be written; offsets count per topic."""

    prefix: str = PREFIX
    records: list[Seen] = field(default_factory=list)
    offsets: dict[str, int] = field(default_factory=dict)

    def write(
        self,
        channel: Channel,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]],
        at: int,
    ) -> Seen:
        """Write one record; ``at`` in milliseconds."""
        topic = topic_name(self.prefix, channel)
        offset = self.offsets.get(topic, 0)
        self.offsets[topic] = offset + 1
        record = Seen(topic, 0, offset, at, key, value, tuple(headers))
        self.records.append(record)
        return record


def simulated(cases: int, weeks: int, seed: int) -> Iterator[bytes]:
    """Yield a clinic's events as lines."""
    for event in simulate(cases, weeks, seed):
        yield msgspec.json.encode(event)


def told(*stories: str, start: int = JANUARY) -> list[bytes]:
    """Return the events of scripted stories; each case is named after its story."""
    arrivals = [one for name in stories or STORIES for one in tell(name, f"case-{name}", start)]
    return [msgspec.json.encode(one.event) for one in sorted(arrivals)]


def record(lines: Iterable[bytes], tape: Tape | None = None, run: Replay | None = None) -> Tape:
    """Return what a worker would have written for these events, inputs included."""
    tape = tape or Tape()
    run = run or Replay(load_catalogue())
    at = 0
    for line in lines:
        at = max(at, _received(line))
        _write_input(tape, line, at)
        for message in run.feed(line):
            tape.write(message.channel, message.key, message.value, message.headers, at)
    for message in run.finish():
        tape.write(message.channel, message.key, message.value, message.headers, at)
    for key in run.shard.cases():
        value, headers = writing.standing(run.shard.case(key))
        tape.write(Channel.CASES, key, value, headers, at)
    return tape


def _received(line: bytes) -> int:
    try:
        return read_line(line).fact.recorded // 1_000
    except Rejected:
        return 0


def _write_input(tape: Tape, line: bytes, at: int) -> None:
    try:
        event = to_binary(line)
    except NotAnEvent:
        plain: dict[str, Any] = msgspec.json.decode(line)
        key = str(plain.get("subject", "")).encode()
        tape.write(Channel.RATINGS, key, line, STRUCTURED, at)
        return
    channel = channel_of_type(event.type) or Channel.RATINGS
    tape.write(channel, event.key, event.value, event.headers, at)
