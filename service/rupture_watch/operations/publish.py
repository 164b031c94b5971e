"""``rupture-watch publish``: a file of events onto the topics, every one acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from rupture_watch.contracts.topics import channel_of_type, topic_name
from rupture_watch.kafka.binary_mode import BinaryEvent, NotAnEvent, to_binary
from rupture_watch.kafka.bulk import BulkProducer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.settings import Settings

SHOWN_EVERY: Final = 2_000
"""Lines between two reports of progress."""


class Fault(NamedTuple):
    """A line that is no event and was not sent; numbers start at 1."""

    line: int
    reason: str


class Published(NamedTuple):
    """What became of the file."""

    acknowledged: int
    faults: list[Fault]


class Progress(Protocol):
    """Told as the file goes by."""

    def __call__(self, *, read: int, acknowledged: int) -> None:
        """Take the bytes read and the events acknowledged so far."""


async def publish(settings: Settings, lines: Iterable[bytes], progress: Progress) -> Published:
    """Send one event per line to the topic of its type, in order; empty lines are passed over.

    Only what has no envelope or no topic is held back. Whether the rest is acceptable is judged
    by the service, which answers with dead letters.

    Raises:
        Unreachable: the cluster does not answer.
        Unwritten: it stopped acknowledging; what was sent until then stays sent.
    """
    read = 0
    faults: list[Fault] = []
    async with BulkProducer(settings.kafka) as producer:
        for number, line in enumerate(lines, start=1):
            read += len(line)
            if number % SHOWN_EVERY == 0:
                progress(read=read, acknowledged=await producer.acknowledged())
            if not line.strip():
                continue
            try:
                event = to_binary(line)
                topic = _topic(settings, event)
            except NotAnEvent as error:
                faults.append(Fault(number, str(error)))
                continue
            await producer.add(topic, event)
        done = await producer.settle()
        progress(read=read, acknowledged=done)
    return Published(done, faults)


def _topic(settings: Settings, event: BinaryEvent) -> str:
    channel = channel_of_type(event.type)
    if channel is None:
        raise NotAnEvent("type: no topic carries it")
    return topic_name(settings.topic_prefix, channel)
