"""What the page knows of its own freshness, and who is to be told when something is new."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

from contextlib import contextmanager


@dataclass(slots=True)
class Freshness:
    """How far the read model is: ``answered`` is when Kafka last answered (seconds, our clock).

    ``lag`` counts records that wait, None where nobody could ask yet.
    """

    answered: float | None = None
    lag: int | None = None
    problem: str | None = None

    def is_stale(self, after: float) -> bool:
        """Tell whether Kafka has been silent for longer than ``after`` seconds."""
        return self.answered is None or time.time() - self.answered > after


@dataclass(slots=True, eq=False)
class Listener:
    """One browser that looks on; ``pending`` says that something changed since it was told."""

    pending: asyncio.Event = field(default_factory=asyncio.Event)


class Hub:
    """Tells all who look on; a slow one is told less often, never queued for."""

    def __init__(self) -> None:
        self.freshness = Freshness()
        self._listeners: set[Listener] = set()
        self.closing = asyncio.Event()

    def tell(self) -> None:
        """Say that alerts changed."""
        for listener in self._listeners:
            listener.pending.set()

    def close(self) -> None:
        """Let every listener end."""
        self.closing.set()
        for listener in self._listeners:
            listener.pending.set()

    def listening(self) -> AbstractContextManager[Listener]:
        """Listen for as long as the context lasts."""
        return self._listening()

    @contextmanager
    def _listening(self) -> Iterator[Listener]:
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
