"""What must have come out, foretold by the pure core from what is in the input topics."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from rupture_watch.contracts import writing
from rupture_watch.contracts.topics import INPUT_TYPES, topic_name
from rupture_watch.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.settings import Settings
    from rupture_watch.shard import Shard

OF_THE_WAY = ("revision", "reason", "supersedes")
"""What the way to a standing decides, not the facts."""


class Foretold(NamedTuple):
    """Standings as canonical JSON per case; dead letters as place -> reason; safety items."""

    standings: dict[bytes, bytes]
    dead_letters: dict[tuple[str, int, int], str]
    safety: set[tuple[bytes, bytes]]


def inputs(settings: Settings) -> list[str]:
    """Return the topics that senders write to."""
    return [topic_name(settings.topic_prefix, channel) for channel in INPUT_TYPES]


def foretell(
    catalogue: Catalogue, settings: Settings, records: Iterable[Any], *, until: Microseconds
) -> Foretold:
    """Judge these records, topics interleaved otherwise than any worker saw them."""
    shard = Pipeline(catalogue, prefix=settings.topic_prefix).shard(0, {})
    dead_letters, safety = {}, set()
    for record in _interleaved(records):
        effects = shard.process([record])
        for letter in effects.dead_letters:
            dead_letters[record.topic, record.partition, record.offset] = str(letter.reason)
        safety |= {(message.key, message.value or b"") for message in effects.safety}
    return Foretold(standings(shard, until=until), dead_letters, safety)


def remembered(
    catalogue: Catalogue, states: Mapping[bytes, bytes], *, until: Microseconds
) -> dict[bytes, bytes]:
    """Return the standings that these states of the changelog amount to."""
    shard = Pipeline(catalogue, prefix="").shard(0, dict(states))
    assert shard.restored() == [], "an outbox was left"
    return standings(shard, until=until)


def summaries(
    catalogue: Catalogue, states: Mapping[bytes, bytes], *, until: Microseconds
) -> dict[bytes, bytes]:
    """Return what the compacted topic of cases must say for these states."""
    shard = Pipeline(catalogue, prefix="").shard(0, dict(states))
    shard.restored()
    shard.pass_time(until, {})
    cases = {key: shard.case(key) for key in shard.cases()}
    return {k: writing.standing(c)[0] for k, c in cases.items() if c.erased is None}


def standings(shard: Shard, *, until: Microseconds) -> dict[bytes, bytes]:
    """Return the standing of every case at this time, as canonical JSON."""
    shard.pass_time(until, {})
    cases = {key: shard.case(key) for key in shard.cases()}
    return {
        key: writing.canonical(case.standing())
        for key, case in cases.items()
        if case.erased is None
    }


def told(records: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Return the last content of every published alert.

    Checks on the way that a repeated revision is the same to the byte, and that none is missing.
    """
    revisions: dict[str, dict[int, tuple[Any, ...]]] = defaultdict(dict)
    for record in records:
        content = json.loads(record.value)
        known = revisions[content["alert_id"]]
        same = (record.key, record.value, record.headers)
        assert known.setdefault(content["revision"], same) == same
    for known in revisions.values():
        assert sorted(known) == list(range(1, len(known) + 1))
    return {name: json.loads(known[max(known)][1]) for name, known in revisions.items()}


def phantoms_and_gaps(
    alerts: Mapping[str, dict[str, Any]], foretold: Mapping[bytes, bytes]
) -> tuple[list[str], list[str]]:
    """Return alerts that stand although the facts do not say so, and those told wrong or not."""
    standing = {
        alert["alert_id"]: alert
        for line in foretold.values()
        for alert in json.loads(line)["alerts"]
    }
    phantoms = [n for n, a in alerts.items() if n not in standing and a["state"] != "retracted"]
    gaps = [
        name
        for name, alert in standing.items()
        if name not in alerts or _content(alerts[name]) != _content(alert)
    ]
    return phantoms, gaps


def _content(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the way: also a withdrawn finding, which only the amendment itself shows."""
    kept = {name: value for name, value in alert.items() if name not in OF_THE_WAY}
    return kept | {"findings": [f for f in alert["findings"] if f["status"] != "withdrawn"]}


def _interleaved(records: Iterable[Any]) -> list[Any]:
    """Mix the partitions at random, each in its own order; the same records mix the same."""
    queues: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for record in records:
        queues[record.topic, record.partition].append(record)
    turns = [place for place, queue in queues.items() for _ in queue]
    random.Random(0).shuffle(turns)
    readers = {place: iter(queue) for place, queue in queues.items()}
    return [next(readers[place]) for place in turns]
