"""The events of every benchmark: a simulated clinic, the same for the service and its peers."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from rupture_watch.contracts.topics import channel_of_type, topic_name
from rupture_watch.operations.publish import publish
from rupture_watch.operations.simulate import Clinic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rupture_watch.settings import Settings

SEED: Final = 20260104
EVENTS_PER_CASE: Final = 60
"""Rather few, so that the clinic never ends before the benchmark has its events."""
WEEKS: Final = 52


def clinic_lines(events: int) -> Iterator[bytes]:
    """Yield so many events of a year, in order of arrival, each one valid.

    Corrected, late and repeated ones are among them; broken ones are not, since a peer that
    stops at broken JSON could not be measured at all.
    """
    clinic = Clinic(cases=max(20, events // EVENTS_PER_CASE), weeks=WEEKS, seed=SEED, bad_share=0.0)
    for arrival in islice(clinic.arrivals(), events):
        yield msgspec.json.encode(arrival.event)


async def fill(settings: Settings, events: int) -> dict[str, int]:
    """Publish the clinic's events, acknowledged; return how many lie in each topic."""
    filled: Counter[str] = Counter()

    def counted() -> Iterator[bytes]:
        for line in clinic_lines(events):
            channel = channel_of_type(_type(line).type)
            if channel is not None:
                filled[topic_name(settings.topic_prefix, channel)] += 1
            yield line

    def unheard(*, read: int, acknowledged: int) -> None:
        del read, acknowledged

    await publish(settings, counted(), unheard)
    return dict(filled)


class _Typed(msgspec.Struct):
    type: str


_type = msgspec.json.Decoder(_Typed).decode
