"""Whether every case has arrived: the same bytes, in the partition that its key names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rupture_watch.failures import Unavailable
from rupture_watch.kafka.topics import changelog_name
from rupture_watch.kafka.transactions import partition_of

if TYPE_CHECKING:
    from rupture_watch.kafka.spans import SpanReader
    from rupture_watch.settings import Settings


class Incomplete(Unavailable):
    """The states of the two installations differ; a command ends with exit code 70."""


async def compare_states(reader: SpanReader, old: Settings, new: Settings) -> int:
    """Compare both changelogs, each folded to the last state of a case; return how many cases.

    Only digests are kept, so that it fits into memory for any number of cases.

    Raises:
        Incomplete: a case is missing, differs, or lies in the wrong partition.
    """
    before = await _digests(reader, old)
    after = await _digests(reader, new)
    if wrong := [key for key, (n, _) in after.items() if n != partition_of(key, new.partitions)]:
        raise Incomplete(f"{len(wrong)} cases lie in the wrong partition: are topics shared?")
    differing = {
        key for key, (_, digest) in before.items() if after.get(key, (0, b""))[1] != digest
    }
    if differing or len(before) != len(after):
        raise Incomplete(f"{len(differing)} of {len(before)} cases differ: run it again")
    return len(after)


async def _digests(reader: SpanReader, settings: Settings) -> dict[bytes, tuple[int, bytes]]:
    """Return partition and digest of the last state of every case."""
    name = changelog_name(settings.app_id)
    found: dict[bytes, tuple[int, bytes]] = {}
    places = [(name, number) for number in range(settings.partitions)]
    for place, span in (await reader.spans(places)).items():
        async for records, _ in reader.read(place, span):
            for record in records:
                if record.key is None:
                    continue
                if record.value is None:
                    found.pop(record.key, None)
                else:
                    digest = hashlib.blake2b(record.value, digest_size=16).digest()
                    found[record.key] = place[1], digest
    return found
