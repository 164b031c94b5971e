"""``rupture-watch dead-letters``: how many were refused for what, without any value."""

from __future__ import annotations

import datetime as dt
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from rupture_watch.operations.dead_letters.letters import OTHER, Letter, Origin, Receipt
from rupture_watch.operations.dead_letters.reading import letters

if TYPE_CHECKING:
    from collections.abc import Callable

    from rupture_watch.settings import Settings


class Kind(NamedTuple):
    """What letters are counted by; none of it is a value of an event."""

    reason: str
    topic: str
    stage: str
    error: str
    fault: str


@dataclass(slots=True)
class Count:
    """Letters of one kind; times are the broker's, in milliseconds since the epoch."""

    letters: int = 0
    redriven: int = 0
    first: int = 2**63 - 1
    last: int = 0
    attempts: int = 0

    def add(self, letter: Letter, *, redriven: bool) -> None:
        """Count a letter."""
        self.letters += 1
        self.redriven += redriven
        self.first = min(self.first, letter.record.timestamp)
        self.last = max(self.last, letter.record.timestamp)
        self.attempts = max(self.attempts, letter.attempt)


@dataclass(slots=True)
class Summary:
    """All that lies in the dead letters; a letter that a crash has repeated counts once.

    ``foreign`` are records that this service did not write.
    """

    kinds: dict[Kind, Count] = field(default_factory=dict)
    repeated: int = 0
    foreign: int = 0

    @property
    def letters(self) -> int:
        """Return how many letters there are."""
        return sum(count.letters for count in self.kinds.values())

    @property
    def redriven(self) -> int:
        """Return how many of them were put back onto their topics."""
        return sum(count.redriven for count in self.kinds.values())

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per kind, the most frequent first, for machines and tables."""
        ordered = sorted(self.kinds.items(), key=lambda item: (-item[1].letters, item[0]))
        return [
            {
                **kind._asdict(),
                "letters": count.letters,
                "redriven": count.redriven,
                "attempts": count.attempts,
                "first": moment(count.first),
                "last": moment(count.last),
            }
            for kind, count in ordered
        ]


async def summarize(settings: Settings, progress: Callable[[int], object]) -> Summary:
    """Read all dead letters; ``progress`` is told how many records have gone by.

    Raises:
        Unreachable: the cluster does not answer.
        MissingTopic: there is no topic of dead letters.
    """
    summary = Summary()
    seen: dict[Origin, tuple[Kind, Letter]] = {}
    receipts: set[Origin] = set()
    number = 0
    async with aclosing(letters(settings)) as found:
        async for one in found:
            number += 1
            progress(number)
            if isinstance(one, Receipt):
                receipts.add(one.origin)
            elif one is None:
                summary.foreign += 1
            elif one.origin in seen:
                summary.repeated += 1
            else:
                seen[one.origin] = _kind(one), _without_content(one)
    for origin, (kind, letter) in seen.items():
        count = summary.kinds.setdefault(kind, Count())
        count.add(letter, redriven=origin in receipts)
    return summary


def moment(milliseconds: int) -> str:
    """Return a broker's time as RFC 3339 in UTC, to the second."""
    return dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _kind(letter: Letter) -> Kind:
    return Kind(
        reason=letter.reason or OTHER,
        topic=letter.channel or OTHER,
        stage=letter.stage,
        error=letter.kind,
        fault=letter.fault,
    )


def _without_content(letter: Letter) -> Letter:
    """Keep no key and no value: a topic may hold more of them than fit into memory."""
    return letter._replace(record=letter.record._replace(key=None, value=None, headers=()))
