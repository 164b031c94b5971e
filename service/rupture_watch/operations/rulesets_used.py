"""Which rule sets workers have judged by, and since when, as the stream itself tells it."""

from __future__ import annotations

import datetime as dt
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from rupture_watch.alliance.ruleset import HASH_DIGITS, RuleSet
from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.failures import Faulty
from rupture_watch.kafka.consumer import EventConsumer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.kafka.consumer import Seen
    from rupture_watch.settings import Settings

SECOND: Final = 1_000


class UnknownRuleSet(Faulty):
    """No rule set of the stream can be told by this hash; the command line says so and exits 1."""


class _Data(msgspec.Struct, frozen=True):
    """The contract's data, the content as the bytes that were hashed."""

    ruleset: str
    name: str
    version: str
    content: msgspec.Raw


class Used(NamedTuple):
    """One change: from ``since`` on, by the broker's clock, workers judged by this rule set."""

    ruleset: RuleSet
    since: dt.datetime

    def line(self) -> dict[str, Any]:
        """Return it for machines, the whole rule set included."""
        ruleset = self.ruleset
        return {
            "ruleset": ruleset.hash,
            "name": ruleset.name,
            "version": ruleset.version,
            "since": self.since.isoformat().replace("+00:00", "Z"),
            "content": ruleset.content,
        }


async def changes(settings: Settings) -> list[Used]:
    """Return every change of the rule set, the first one first.

    Raises:
        UnknownRuleSet: a record is not what its hash says.
        MissingTopic, Unreachable: the stream cannot be read.

    """
    topic = topic_name(settings.topic_prefix, Channel.RULESETS)
    async with EventConsumer(settings.kafka, [topic], from_beginning=True) as consumer:
        found = [_used(record) async for record in consumer.up_to_now()]
    return sorted(found, key=lambda one: one.since)


def find(prefix: str, used: Sequence[Used]) -> list[Used]:
    """Return all changes to the one rule set whose hash begins like this.

    Raises:
        UnknownRuleSet: none does, or several do.

    """
    found = [one for one in used if prefix and one.ruleset.hash.startswith(prefix.lower())]
    names = {one.ruleset.hash for one in found}
    if not names:
        raise UnknownRuleSet("no rule set on the stream has a hash that begins like this")
    if len(names) > 1:
        raise UnknownRuleSet(f"{len(names)} rule sets on the stream have such a hash: give more")
    return found


def _used(record: Seen) -> Used:
    where = f"{record.topic}, partition {record.partition}, offset {record.offset}"
    try:
        data = _decode(record.value or b"")
    except msgspec.MsgspecError as error:
        raise UnknownRuleSet(f"no rule set: {where}: {type(error).__name__}") from error
    content = bytes(data.content)
    if sha256(content).hexdigest()[:HASH_DIGITS] != data.ruleset:
        raise UnknownRuleSet(f"a rule set is not what its hash says: {where}")
    since = dt.datetime.fromtimestamp(record.timestamp / SECOND, dt.UTC)
    return Used(RuleSet.of(json.loads(content)), since)


_decode = msgspec.json.Decoder(_Data).decode
