"""``rupture-watch publish``: a file of events onto the topics, every one acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from rupture_watch.contracts.topics import channel_of_type, topic_name
from rupture_watch.kafka.binary_mode import BinaryEvent, NotAnEvent, to_binary
from rupture_watch.kafka.producer import EventProducer, acknowledged

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from rupture_watch.settings import Settings

IN_FLIGHT: Final = 5_000
"""Events read ahead of their acknowledgements; twice as many are held at most."""


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
    read = done = 0
    faults: list[Fault] = []
    flying: list[asyncio.Future[object]] = []
    landing: list[asyncio.Future[object]] = []
    async with EventProducer(settings.kafka) as producer:
        for number, line in enumerate(lines, start=1):
            read += len(line)
            if not line.strip():
                continue
            try:
                event = to_binary(line)
                topic = _topic(settings, event)
            except NotAnEvent as error:
                faults.append(Fault(number, str(error)))
                continue
            flying.append(await producer.send_event(topic, event))
            if len(flying) == IN_FLIGHT:
                await acknowledged(landing)
                done += len(landing)
                landing, flying = flying, []
                progress(read=read, acknowledged=done)
        await acknowledged([*landing, *flying])
        done += len(landing) + len(flying)
        progress(read=read, acknowledged=done)
    return Published(done, faults)


def _topic(settings: Settings, event: BinaryEvent) -> str:
    channel = channel_of_type(event.type)
    if channel is None:
        raise NotAnEvent("type: no topic carries it")
    return topic_name(settings.topic_prefix, channel)
