"""``rupture-watch redrive``: refused records back onto their topics, each once.

A redriven record and its receipt are written in one transaction. So a crash leaves both or
neither, a second run finds the receipt and passes the letter over, and of two runs at a time the
younger shuts the older out before it reads the receipts. A record that is refused again is a new
letter with a place of its own, up to three attempts.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.kafka.transactions import AtomicProducer, Write
from rupture_watch.operations.dead_letters.letters import OTHER, REDRIVEN, Letter, Receipt
from rupture_watch.operations.dead_letters.reading import dead_letter_topic, letters
from rupture_watch.operations.dead_letters.selection import Fate, Judge, Selection
from rupture_watch.stream.dead_letters import ATTEMPT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from rupture_watch.alliance.instruments import Registry
    from rupture_watch.operations.dead_letters.letters import Origin
    from rupture_watch.settings import Settings

PER_TRANSACTION: Final = 100
"""Letters at most in one transaction: what a crash undoes, and what is held in memory."""
PIECES_PER_SECOND: Final = 4
"""A rate is kept in quarters of a second."""


class Lies(NamedTuple):
    """Where a letter lies in the topic of dead letters."""

    partition: int
    offset: int


class Order(NamedTuple):
    """What to redrive; ``rate`` in letters a second, ``limit`` how many at most."""

    selection: Selection = Selection()
    rate: float = 100.0
    limit: int | None = None
    trust: bool = False


@dataclass(slots=True)
class Redrive:
    """What became of the selected letters; ``sent`` stays 0 in a dry run."""

    sent: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)
    ready: Counter[str] = field(default_factory=Counter)

    @property
    def selected(self) -> int:
        """Return how many letters the filters let through."""
        return sum(self.fates.values())


async def redrive(
    settings: Settings,
    registry: Registry,
    order: Order,
    *,
    go: bool,
    progress: Callable[[int, int], object],
) -> Redrive:
    """Look what may be redriven, and if ``go``, do it; ``progress`` is told (sent, of how many).

    Raises:
        Unreachable: the cluster does not answer.
        MissingTopic: there is no topic of dead letters, or an input topic is missing.
        Unwritten: it stopped acknowledging; run it again, what went stays gone.
        Overtaken: another redrive of this installation has begun.
    """
    if not go:
        done, _ = await _look(settings, registry, order)
        return done
    async with AtomicProducer(settings.kafka, f"{settings.app_id}-redrive") as producer:
        done, chosen = await _look(settings, registry, order)
        started = asyncio.get_running_loop().time()
        async with aclosing(_pieces(settings, chosen, _piece(order.rate))) as pieces:
            async for piece in pieces:
                due = started + done.sent / order.rate
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                await producer.write(_back(settings, piece))
                done.sent += len(piece)
                progress(done.sent, len(chosen))
    return done


async def _look(settings: Settings, registry: Registry, order: Order) -> tuple[Redrive, set[Lies]]:
    """Return what would become of the letters, and where those lie that are ready.

    Receipts come after their letters, so they are read first; the contents are read once more
    when they are sent, for they may be more than fits into memory.
    """
    redriven: set[Origin] = set()
    async with aclosing(letters(settings)) as found:
        async for one in found:
            if isinstance(one, Receipt):
                redriven.add(one.origin)
    judge = Judge(redriven, registry, trust=order.trust)
    done = Redrive()
    chosen: set[Lies] = set()
    async with aclosing(letters(settings)) as found:
        async for one in found:
            if not isinstance(one, Letter) or not order.selection.means(one):
                continue
            if order.limit is not None and len(chosen) >= order.limit:
                break
            fate = judge.fate(one)
            done.fates[fate] += 1
            if fate is Fate.READY:
                done.ready[one.reason or OTHER] += 1
                chosen.add(_lies(one))
    return done, chosen


async def _pieces(
    settings: Settings, chosen: set[Lies], size: int
) -> AsyncGenerator[list[Letter], None]:
    """Yield the chosen letters, so many at a time."""
    piece: list[Letter] = []
    async with aclosing(letters(settings)) as found:
        async for one in found:
            if isinstance(one, Letter) and _lies(one) in chosen:
                piece.append(one)
                if len(piece) == size:
                    yield piece
                    piece = []
    if piece:
        yield piece


def _back(settings: Settings, piece: list[Letter]) -> list[Write]:
    """Return the records themselves, as they were sent, and a receipt for each."""
    records = []
    for letter in piece:
        added = [
            (REDRIVEN, letter.origin.written()),
            (ATTEMPT, b"%d" % (letter.attempt + 1)),
        ]
        record = letter.record
        partition = letter.origin.partition if record.key is None else None
        own = letter.headers
        records += [
            Write(letter.origin.topic, record.key, record.value, [*own, *added], partition),
            Write(dead_letter_topic(settings), None, None, added, record.partition),
        ]
    return records


def _piece(rate: float) -> int:
    return max(1, min(PER_TRANSACTION, int(rate / PIECES_PER_SECOND)))


def _lies(letter: Letter) -> Lies:
    return Lies(letter.record.partition, letter.record.offset)
